/* unecho doctor: from options to a diagnosis, and to where it goes. */
#include "doctor/doctor.h"
#include "command.h"
#include "files/picture.h"
#include "interrupt.h"
#include "model_choice.h"
#include "report.h"

#include "unecho_model.h"

#include <stdlib.h>

typedef struct doctor_options {
    ends_choice ends;
    model_choice model;
    const char *picture; /* NULL: none */
    bool json, quiet;
} doctor_options;

struct job {
    const doctor_options *options;
    struct doctor_input input;
    struct analysis analysis;
    struct diagnosis diagnosis;
    output_file picture;
};

static bool check_picture(struct job *job)
{
    const char *path = job->options->picture;
    return !path || picture_inspect(&job->picture, path, "the diagnosis");
}

static bool draw(void *user, FILE *stream)
{
    const struct job *job = user;
    doctor_plot(&job->analysis, &job->diagnosis, stream);
    return true;
}

static bool show(struct job *job)
{
    if (job->options->json)
        doctor_print_json(&job->analysis, &job->diagnosis, stdout);
    else
        doctor_print(&job->analysis, &job->diagnosis, stdout);
    return report_output_written() &&
           (!job->options->picture || picture_write(&job->picture, draw, job));
}

static bool diagnose(struct job *job)
{
    const doctor_options *options = job->options;
    unecho_model *model = model_choice_load(&options->model, UNECHO_MODEL_POSTFILTER);
    bool done;
    if (!model)
        return false;
    done = doctor_input_open(&job->input, &options->ends) &&
           doctor_analyse(&job->analysis, &job->input, model, options->picture != NULL);
    unecho_model_unref(&model);
    if (done)
        doctor_judge(&job->diagnosis, &job->analysis);
    return done;
}

static int run_doctor(const void *options)
{
    struct job *job = calloc(1, sizeof(*job));
    int code = EXIT_FAILED;
    if (!job) {
        report_no_memory();
        return EXIT_FAILED;
    }
    interrupt_install();
    interrupt_ends_at_once();
    job->options = options;
    job->picture.fd = -1;
    if (check_picture(job) && diagnose(job) && show(job))
        code = job->diagnosis.problems ? EXIT_PROBLEMS : EXIT_DONE;
    analysis_free(&job->analysis);
    doctor_input_close(&job->input);
    output_release(&job->picture);
    free(job);
    return code;
}

/* ---- Options ---------------------------------------------------------------------------- */

static const struct option rows[] = {
    {.name = "picture",
     .argument = "FILE",
     .help = "also draw it, as an SVG or PNG",
     .set = option_text,
     .at = offsetof(doctor_options, picture)},
    {.name = "json",
     .help = "print one JSON object instead of the text",
     .set = option_on,
     .at = offsetof(doctor_options, json)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print no notes",
     .set = option_quiet,
     .at = offsetof(doctor_options, quiet)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {ends_options, offsetof(doctor_options, ends)},
    {model_options, offsetof(doctor_options, model)},
    {rows, 0},
    {option_help, 0},
    {option_help_all, 0},
    {NULL, 0},
};

static const doctor_options defaults;

static bool check(void *opaque, const struct arguments *arguments)
{
    doctor_options *options = opaque;
    return ends_choice_check(&options->ends, arguments) &&
           model_choice_check(&options->model, arguments->command);
}

const struct command doctor_command = {
    .name = "doctor",
    .summary = "find out what is wrong with a pair of recordings, and what to do",
    .usage = "usage: unecho doctor [options] MIC FAR\n"
             "       unecho doctor [options] BOTH\n",
    .description = "Say what is wrong with a pair of recordings, and what to do about it: delay, "
                   "clock drift, clipping, gaps, a silent, swapped or wrong far end, a wrong "
                   "sample rate; how much echo could be cancelled, and how much is. The files are "
                   "as for 'unecho process', and are searched and shifted as there: an offset that "
                   "it corrects is no problem. Of long recordings doctor examines the ten minutes "
                   "in which most is heard.",
    .notes = "\n"
             "Exit status: 0 no problems, 1 failed or interrupted, 2 invalid command line,\n"
             "3 there are problems.\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_doctor,
};
