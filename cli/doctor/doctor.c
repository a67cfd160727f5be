/*
 * unecho doctor: from options to a diagnosis, and from that to where it is wanted.
 */
#include "doctor/doctor.h"

#include "command.h"
#include "doctor/doctor_options.h"
#include "files/text_output.h"
#include "interrupt.h"
#include "model_choice.h"
#include "report.h"

#include "unecho_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
    if (!path)
        return true;
    if (!output_inspect(&job->picture, path))
        return false;
    if (!output_is_stdout(&job->picture))
        return true;
    report_error("%s: standard output is taken by the diagnosis", path);
    return false;
}

static bool draw(void *user, FILE *stream)
{
    const struct job *job = user;
    return doctor_plot(&job->analysis, &job->diagnosis, stream);
}

static bool show(struct job *job)
{
    if (job->options->json)
        doctor_print_json(&job->analysis, &job->diagnosis, stdout);
    else
        doctor_print(&job->analysis, &job->diagnosis, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        report_error("standard output: %s", strerror(errno));
        return false;
    }
    return !job->options->picture || text_output_write(&job->picture, draw, job);
}

static bool diagnose(struct job *job)
{
    const doctor_options *options = job->options;
    unecho_model *model = model_choice_load(&options->model);
    bool done;
    if (!model)
        return false;
    done = doctor_input_read(&job->input, &options->mic, &options->far) &&
           doctor_analyse(&job->analysis, &job->input, model, &options->engine);
    unecho_model_unref(&model);
    if (done)
        doctor_judge(&job->diagnosis, &job->analysis);
    return done;
}

int command_doctor(int argc, char **argv)
{
    doctor_options options;
    struct job *job;
    int code = EXIT_FAILED;
    switch (options_parse_doctor(&options, argc, argv)) {
    case OPTIONS_HELP:
        return command_show(doctor_help);
    case OPTIONS_WRONG:
        return EXIT_WRONG_USAGE;
    case OPTIONS_GO:
        break;
    }
    job = calloc(1, sizeof(*job));
    if (!job) {
        report_error("out of memory");
        return EXIT_FAILED;
    }
    if (options.quiet)
        report_be_quiet();
    interrupt_install();
    job->options = &options;
    job->picture.fd = -1;
    if (check_picture(job) && diagnose(job) && show(job))
        code = job->diagnosis.problems ? EXIT_PROBLEMS : EXIT_DONE;
    analysis_free(&job->analysis);
    doctor_input_free(&job->input);
    output_release(&job->picture);
    free(job);
    return code;
}
