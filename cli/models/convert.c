/*
 * unecho convert: writes a model as ONNX files in another precision, and reports what that costs.
 * Both files are complete before either takes its place.
 */
#include "bench/recording.h"
#include "command.h"
#include "files/json.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "models/convert_quality.h"
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MOST = 2 };

typedef struct convert_options {
    model_choice model;
    unecho_storage storage;
    const char *prefix; /* of the new files */
    recording_files recording;
    bool report, json, quiet;
} convert_options;

struct job {
    const convert_options *options;
    unecho_model *source, *copy;
    int files; /* of the model */
    char names[FILES_MOST][4096];
    output_file outputs[FILES_MOST];
    unsigned char *bytes[FILES_MOST];
    size_t sizes[FILES_MOST];
    struct recording_choice recording;
    struct bench_audio audio;
    struct quality exact, integer; /* on the native backend in fp32, in int8 */
};

/* ---- Before anything is written ---------------------------------------------------------- */

static bool load_source(struct job *job)
{
    unecho_model_info info = {.size = sizeof(info)};
    job->source = model_choice_load(&job->options->model, UNECHO_MODEL_DTLN_AEC);
    if (!job->source || unecho_model_get_info(job->source, &info) != UNECHO_OK)
        return false;
    job->files = (int)info.files;
    return true;
}

static bool name_outputs(struct job *job)
{
    static const char *const endings[FILES_MOST][FILES_MOST] = {{".onnx", ""},
                                                                {"_1.onnx", "_2.onnx"}};
    for (int i = 0; i < job->files; i++) {
        const int length = snprintf(job->names[i], sizeof(job->names[i]), "%s%s",
                                    job->options->prefix, endings[job->files - 1][i]);
        if (length < 0 || (size_t)length >= sizeof(job->names[i])) {
            report_error("OUTPREFIX is too long");
            return false;
        }
    }
    return true;
}

static int check_outputs(struct job *job)
{
    for (int i = 0; i < job->files; i++) {
        output_file *output = &job->outputs[i];
        if (!output_inspect(output, job->names[i]))
            return EXIT_FAILED;
        if (model_choice_uses(&job->options->model, output)) {
            report_usage("convert", "%s is a file of the model itself", output->name);
            return EXIT_WRONG_USAGE;
        }
        if (output->kind != OUTPUT_REPLACED) {
            report_error("%s: is not a regular file", output->name);
            return EXIT_FAILED;
        }
    }
    return EXIT_DONE;
}

static bool tell_failure(int status, const char *message)
{
    report_error("model: %s", *message ? message : unecho_strerror(status));
    return false;
}

static bool make_file(struct job *job, int file)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    size_t *size = &job->sizes[file - 1];
    int status = unecho_model_write(job->source, file, job->options->storage, NULL, 0, size,
                                    message, sizeof(message));
    if (status != UNECHO_OK)
        return tell_failure(status, message);
    job->bytes[file - 1] = malloc(*size);
    if (!job->bytes[file - 1])
        return tell_failure(UNECHO_ERROR_MEMORY, "");
    status = unecho_model_write(job->source, file, job->options->storage, job->bytes[file - 1],
                                *size, size, message, sizeof(message));
    return status == UNECHO_OK ? true : tell_failure(status, message);
}

/* Load the files before writing them: files that do not load would be useless. */
static bool make_copy(struct job *job)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    int status;
    for (int file = 1; file <= job->files; file++)
        if (!make_file(job, file))
            return false;
    status = unecho_model_load_memory(&job->copy, job->bytes[0], job->sizes[0], job->bytes[1],
                                      job->sizes[1], message, sizeof(message));
    return status == UNECHO_OK ? true : tell_failure(status, message);
}

static bool measure_loss(struct job *job)
{
    const convert_options *options = job->options;
    if (!options->report)
        return true;
    if (!recording_choose_sample(&job->recording, &options->recording) ||
        !recording_read(&job->audio, &job->recording, 0))
        return false;
    return quality_measure(&job->exact, job->source, job->copy, UNECHO_PRECISION_FP32,
                           &job->audio) &&
           (options->storage != UNECHO_STORAGE_INT8 ||
            quality_measure(&job->integer, job->source, job->copy, UNECHO_PRECISION_INT8,
                            &job->audio));
}

/* ---- Writing ---------------------------------------------------------------------------- */

static bool write_all(const output_file *output, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(output->fd, bytes, size);
        if (interrupted()) {
            report_error("interrupted: nothing was written");
            return false;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            report_error("%s: %s", output->name, strerror(errno));
            return false;
        }
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_files(struct job *job)
{
    for (int i = 0; i < job->files; i++)
        if (!output_open(&job->outputs[i]) ||
            !write_all(&job->outputs[i], job->bytes[i], job->sizes[i]))
            return false;
    if (!output_commit(&job->outputs[0]))
        return false;
    if (job->files == 1 || output_commit(&job->outputs[1]))
        return true;
    report_error("%s is new and %s is old: they do not belong together", job->outputs[0].name,
                 job->outputs[1].name);
    return false;
}

/* ---- Telling ---------------------------------------------------------------------------- */

static void print_quality(const char *precision, const struct quality *q)
{
    printf("  %s arithmetic: ", precision);
    if (q->equal)
        printf("the same samples as the source, bit for bit\n");
    else
        printf("SNR %.1f dB, largest difference %.2g of full scale\n", q->snr_db,
               q->max_difference);
    if (!q->equal && isfinite(q->erle_db))
        printf("                   ERLE %.2f dB, source %.2f dB\n", q->erle_db, q->source_erle_db);
}

static void print(const struct job *job)
{
    for (int i = 0; i < job->files; i++)
        printf("%s: %.2f MB\n", job->names[i], (double)job->sizes[i] / 1e6);
    if (!job->options->report)
        return;
    printf("  over %.1f s of %s, compared with the source:\n",
           (double)job->audio.n / UNECHO_SAMPLE_RATE, job->recording.mic);
    print_quality("fp32", &job->exact);
    if (job->options->storage == UNECHO_STORAGE_INT8)
        print_quality("int8", &job->integer);
}

static void print_json_number(const char *key, double value)
{
    if (isfinite(value))
        printf(", \"%s\": %.6g", key, value);
    else
        printf(", \"%s\": null", key);
}

static void print_json_quality(const char *key, const struct quality *q)
{
    printf(", \"%s\": {\"equal\": %s", key, q->equal ? "true" : "false");
    print_json_number("max_difference", q->max_difference);
    print_json_number("snr_db", q->snr_db);
    print_json_number("erle_db", q->erle_db);
    print_json_number("source_erle_db", q->source_erle_db);
    putchar('}');
}

static void print_json(const struct job *job)
{
    fputs("{\"files\": [", stdout);
    for (int i = 0; i < job->files; i++) {
        fputs(i > 0 ? ", {\"path\": " : "{\"path\": ", stdout);
        json_print_string(job->names[i], stdout);
        printf(", \"bytes\": %zu}", job->sizes[i]);
    }
    putchar(']');
    if (job->options->report) {
        printf(", \"seconds\": %.3f", (double)job->audio.n / UNECHO_SAMPLE_RATE);
        print_json_quality("fp32", &job->exact);
        if (job->options->storage == UNECHO_STORAGE_INT8)
            print_json_quality("int8", &job->integer);
    }
    fputs("}\n", stdout);
}

/* ---- The command ------------------------------------------------------------------------ */

static int run(struct job *job)
{
    int code;
    if (!load_source(job) || !name_outputs(job))
        return EXIT_FAILED;
    code = check_outputs(job);
    if (code != EXIT_DONE)
        return code;
    if (!make_copy(job) || !measure_loss(job) || !write_files(job))
        return EXIT_FAILED;
    if (job->options->json)
        print_json(job);
    else if (!job->options->quiet)
        print(job);
    return report_output_written() ? EXIT_DONE : EXIT_FAILED;
}

static int run_convert(const void *options)
{
    struct job job = {.options = options};
    int code;
    interrupt_install();
    for (int i = 0; i < FILES_MOST; i++)
        job.outputs[i].fd = -1;
    code = run(&job);
    recording_free(&job.audio);
    unecho_model_unref(&job.copy);
    unecho_model_unref(&job.source);
    for (int i = 0; i < FILES_MOST; i++) {
        output_release(&job.outputs[i]);
        free(job.bytes[i]);
    }
    return code;
}

/* ---- Options ---------------------------------------------------------------------------- */

static const char *const storage_names[] = {
    [UNECHO_STORAGE_FP32] = "fp32",
    [UNECHO_STORAGE_FP16] = "fp16",
    [UNECHO_STORAGE_INT8] = "int8",
    NULL,
};

static const struct option rows[] = {
    {.name = "precision",
     .argument = "NAME",
     .help = "how to store the matrices: fp32 (default, exact); fp16, half the size; int8, a "
             "third, which --precision int8 runs like the original",
     .set = option_choice,
     .at = offsetof(convert_options, storage),
     .names = storage_names},
    {.name = "no-report",
     .help = "do not compare the two models",
     .set = option_off,
     .at = offsetof(convert_options, report)},
    {.name = "json",
     .help = "print the report as one JSON object",
     .set = option_on,
     .at = offsetof(convert_options, json)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print no report (except with --json) and no notes",
     .set = option_quiet,
     .at = offsetof(convert_options, quiet)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {model_options, offsetof(convert_options, model)},
    {recording_options, offsetof(convert_options, recording)},
    {rows, 0},
    {option_help, 0},
    {NULL, 0},
};

static const convert_options defaults = {.report = true};

static bool check(void *opaque, const struct arguments *arguments)
{
    convert_options *options = opaque;
    const char *command = arguments->command;
    if (!arguments_at_most(arguments, 1, "only OUTPREFIX"))
        return false;
    if (arguments->count == 0) {
        report_usage(command, "OUTPREFIX is missing: what the names of the new files begin with");
        return false;
    }
    options->prefix = arguments->words[0];
    if (options->recording.mic && !options->report) {
        report_usage(command, "--no-report uses no recording: it excludes --mic and --far");
        return false;
    }
    return recording_files_check(&options->recording, command) &&
           model_choice_check(&options->model, command);
}

const struct command convert_command = {
    .name = "convert",
    .summary = "write a model as ONNX files in fp32, fp16 or int8",
    .usage = "usage: unecho convert [options] OUTPREFIX\n",
    .description = "Write a model (default: unecho-128) as OUTPREFIX_1.onnx and OUTPREFIX_2.onnx "
                   "(a post-filter as "
                   "OUTPREFIX.onnx), which unecho and ONNX "
                   "Runtime read, and report what the conversion costs: run the old and the new "
                   "model over a recording (by default the first minute of the bundled sample) and "
                   "compare their outputs. Files of the model itself are never overwritten.",
    .notes = "\n"
             "Exit status: 0 success, 1 failed or interrupted, 2 invalid command line.\n"
             "\n"
             "  unecho convert --model dtln_aec_256 --precision int8 small\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_convert,
};
