/*
 * unecho replay: makes the calls of a recorded stream again, says whether the output is the same,
 * and writes what went in and out as sound files. How calls are read and made is the business of
 * recording.c and recording_replay.c.
 */
#include "command.h"
#include "files/audio_writer.h"
#include "files/format.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "options.h"
#include "replay/events.h"
#include "replay/rerun.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

/* The sound files that can be asked for; those of the signals in the order of a record. */
enum { SOUND_MIC, SOUND_FAR, SOUND_RECORDED, SOUND_REPLAYED, SOUNDS };

typedef struct replay_options {
    const char *path, *sounds[SOUNDS];
    model_choice model;
    engine_choice engine;
    bool events, quiet;
} replay_options;

struct job {
    replay_options options;
    FILE *file;
    recording from;
    recorded_call call;
    replay replay;
    output_file outputs[SOUNDS];
    audio_writer *writers[SOUNDS];
};

/* ---- Options ---------------------------------------------------------------------------- */

enum {
    OPTION_EVENTS = 256,
    OPTION_RECORDED,
    OPTION_MIC,
    OPTION_FAR,
    OPTION_MODEL,
    OPTION_MODEL_FILES,
    OPTION_BACKEND,
    OPTION_LIBRARY
};

static const struct option table[] = {
    {"events", no_argument, NULL, OPTION_EVENTS},
    {"output", required_argument, NULL, 'o'},
    {"recorded", required_argument, NULL, OPTION_RECORDED},
    {"mic", required_argument, NULL, OPTION_MIC},
    {"far", required_argument, NULL, OPTION_FAR},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"onnxruntime", required_argument, NULL, OPTION_LIBRARY},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static options_result take_option(replay_options *options, int option, int argc, char **argv)
{
    bool right = true;
    switch (option) {
    case OPTION_EVENTS:
        options->events = true;
        break;
    case 'o':
        options->sounds[SOUND_REPLAYED] = optarg;
        break;
    case OPTION_RECORDED:
        options->sounds[SOUND_RECORDED] = optarg;
        break;
    case OPTION_MIC:
        options->sounds[SOUND_MIC] = optarg;
        break;
    case OPTION_FAR:
        options->sounds[SOUND_FAR] = optarg;
        break;
    case OPTION_MODEL:
        options->model.prefix = optarg;
        break;
    case OPTION_MODEL_FILES:
        right = options_take_model_files(&options->model, argc, argv);
        break;
    case OPTION_BACKEND:
        right = engine_choice_backend(&options->engine, optarg, argv[0]);
        break;
    case OPTION_LIBRARY:
        options->engine.library = optarg;
        break;
    case 'q':
        options->quiet = true;
        break;
    case 'h':
        return OPTIONS_HELP;
    default:
        options_report(option, table, argv);
        return OPTIONS_WRONG;
    }
    return right ? OPTIONS_GO : OPTIONS_WRONG;
}

static options_result parse(replay_options *options, int argc, char **argv)
{
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:qh", table, NULL)) != -1) {
        const options_result result = take_option(options, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    if (argc - optind != 1) {
        report_usage(argv[0], "expected one recording, found %d", argc - optind);
        return OPTIONS_WRONG;
    }
    options->path = argv[optind];
    for (int i = 0; i < SOUNDS; i++) {
        if (!options->sounds[i])
            continue;
        if (options->events) {
            report_usage(argv[0], "--events replays nothing and writes no sound files");
            return OPTIONS_WRONG;
        }
        if (!format_ending_is_known(options->sounds[i])) {
            report_usage(argv[0], "%s: the ending of its name says no format; known are %s",
                         options->sounds[i], format_known_endings());
            return OPTIONS_WRONG;
        }
    }
    return options_check_model(&options->model, argv[0]) &&
                   engine_choice_check(&options->engine, argv[0])
               ? OPTIONS_GO
               : OPTIONS_WRONG;
}

/* ---- Opening ---------------------------------------------------------------------------- */

static bool tell_bad(const struct job *job)
{
    report_error("%s: %s", job->options.path, job->from.message);
    return false;
}

static bool open_recording(struct job *job)
{
    job->file = fopen(job->options.path, "rb");
    if (!job->file) {
        report_error("%s: %s", job->options.path, strerror(errno));
        return false;
    }
    if (recording_open(&job->from, job->file) != RECORDING_GOOD)
        return tell_bad(job);
    if (strcmp(job->from.version, unecho_version()) != 0)
        report_note("%s: was recorded by unecho %s, this is %s", job->options.path,
                    job->from.version, unecho_version());
    return true;
}

static bool check_model(const struct job *job, const unecho_model *model)
{
    unecho_model_info here = {.size = sizeof(here)};
    const unecho_model_info *was = &job->from.model;
    if (job->from.config.engine == UNECHO_ENGINE_LINEAR ||
        (unecho_model_get_info(model, &here) == UNECHO_OK && here.hash == was->hash))
        return true;
    report_error("%s: was recorded with the model %s (%u units, hash %016" PRIx64 "), and %s (%u "
                 "units, hash %016" PRIx64 ") is another; --model says which one to take",
                 job->options.path, was->name, was->units, was->hash, here.name, here.units,
                 here.hash);
    return false;
}

static bool open_stream(struct job *job)
{
    engine_choice engine = job->options.engine;
    unecho_config config = job->from.config;
    unecho_model *model = model_choice_load(&job->options.model);
    if (!model)
        return false;
    if (config.backend != engine.backend && config.engine != UNECHO_ENGINE_LINEAR)
        report_note("recorded on %s, replayed on %s: other bits are no surprise; see --backend",
                    config.backend == UNECHO_BACKEND_NATIVE ? "the native engine" : "ONNX Runtime",
                    engine.backend == UNECHO_BACKEND_NATIVE ? "the native engine" : "ONNX Runtime");
    engine.engine = config.engine;
    engine.precision = config.precision;
    config.model = model;
    if (check_model(job, model))
        job->replay.stream = engine_choice_open(&engine, &config);
    unecho_model_unref(&model);
    return job->replay.stream != NULL;
}

static bool check_output(struct job *job, int which)
{
    output_file *output = &job->outputs[which];
    struct stat input;
    if (!output_inspect(output, job->options.sounds[which]))
        return false;
    if (output->kind != OUTPUT_REPLACED) {
        report_error("%s: is not a regular file", output->name);
        return false;
    }
    if ((fstat(fileno(job->file), &input) == 0 && output_is(output, &input)) ||
        model_choice_uses(&job->options.model, output)) {
        report_error("%s: is an input; inputs are never overwritten", output->name);
        return false;
    }
    for (int i = 0; i < which; i++)
        if (job->options.sounds[i] && output_same(&job->outputs[i], output)) {
            report_error("%s: is to be written twice", output->name);
            return false;
        }
    return true;
}

static bool open_outputs(struct job *job)
{
    const unecho_config *config = &job->from.config;
    for (int i = 0; i < SOUNDS; i++) {
        const int rate =
            i == SOUND_FAR && config->far_rate ? config->far_rate : config->sample_rate;
        const unsigned channels = i == SOUND_MIC   ? config->mic_channels
                                  : i == SOUND_FAR ? config->far_channels
                                                   : 1;
        const char *name = job->options.sounds[i];
        if (!name)
            continue;
        const int format = format_for_output(name, SF_FORMAT_WAV | SF_FORMAT_FLOAT, rate);
        if (!format) {
            report_error("%s: this libsndfile cannot write such files at %d Hz", name, rate);
            return false;
        }
        if (!check_output(job, i))
            return false;
        job->writers[i] = audio_writer_start(&job->outputs[i], format, rate, channels);
        if (!job->writers[i])
            return false;
    }
    return true;
}

/* ---- Replaying -------------------------------------------------------------------------- */

static bool write_sounds(struct job *job)
{
    const record_head *h = &job->call.head;
    const recorded_signal *s = job->call.signals;
    const size_t counts[SOUNDS] = {(size_t)h->n * job->from.config.mic_channels,
                                   (size_t)h->far_n * job->from.config.far_channels, (size_t)h->n,
                                   (size_t)h->n};
    float *const samples[SOUNDS] = {
        s[RECORD_MIC].there ? s[RECORD_MIC].samples : NULL,
        s[RECORD_FAR].there ? s[RECORD_FAR].samples : NULL,
        s[RECORD_OUT].there ? s[RECORD_OUT].samples : NULL,
        job->replay.out,
    };
    for (int i = 0; i < SOUNDS; i++)
        if (job->writers[i] && samples[i] &&
            !audio_writer_write(job->writers[i], samples[i], counts[i]))
            return false;
    return true;
}

/* *whole: whether the recording was good to its end. false: failed, reported. */
static bool replay_all(struct job *job, bool *whole)
{
    recording_result result;
    while ((result = recording_next(&job->from, &job->call)) == RECORDING_GOOD) {
        if (interrupted()) {
            report_error("interrupted after %.3f s", replay_seconds(&job->replay, &job->from));
            return false;
        }
        if (!replay_call(&job->replay, &job->from, &job->call)) {
            report_error("out of memory");
            return false;
        }
        if (!write_sounds(job))
            return false;
    }
    *whole = result == RECORDING_END;
    for (int i = 0; i < SOUNDS; i++)
        if (job->writers[i] && !audio_writer_finish(job->writers[i]))
            return false;
    return true;
}

/* ---- Telling ---------------------------------------------------------------------------- */

static void tell_difference(const struct job *job)
{
    const replay_difference *d = &job->replay.first;
    const double db = 20.0 * log10((double)job->replay.largest);
    printf("call %" PRIu64 " at %.6f s is the first that differs", d->call, d->seconds);
    if (d->recorded_status != d->replayed_status)
        printf(": recorded '%s', replayed '%s'", unecho_strerror(d->recorded_status),
               unecho_strerror(d->replayed_status));
    else
        printf(": its sample %" PRIu64 " was %.9g and is %.9g", d->sample, (double)d->recorded,
               (double)d->replayed);
    printf("\n%" PRIu64 " samples differ in all, by at most %.1f dB of full scale\n",
           job->replay.different_samples, db);
}

static bool tell(const struct job *job, bool whole)
{
    const replay *r = &job->replay;
    const bool same = r->first.call == 0;
    if (!job->options.quiet) {
        printf("%s: recorded by unecho %s on %s, replayed on %s\n", job->options.path,
               job->from.version, job->from.kernels, unecho_kernels(r->stream));
        printf("%" PRIu64 " call%s, %.3f s", r->calls, r->calls == 1 ? "" : "s",
               replay_seconds(r, &job->from));
        if (r->resets || r->gaps)
            printf(", %" PRIu64 " resets, %" PRIu64 " gaps", r->resets, r->gaps);
        if (r->refused)
            printf(", %" PRIu64 " calls had been refused", r->refused);
        printf("%s\n", same ? ", every sample the same bits" : "");
    }
    if (!same)
        tell_difference(job);
    if (r->lost.kind == RECORD_LOST) {
        char text[160];
        events_describe_loss(&job->from, &r->lost, text, sizeof(text));
        report_warning("%s: the recording ended there: it had no room for %s", job->options.path,
                       text);
    }
    return whole ? same : tell_bad(job);
}

static int list_events(struct job *job)
{
    recording_result result;
    uint64_t frames = 0;
    events_print_header(&job->from);
    while ((result = recording_next(&job->from, &job->call)) == RECORDING_GOOD) {
        const record_head *h = &job->call.head;
        events_print_call(&job->from, &job->call, (double)frames / job->from.config.sample_rate);
        frames += job->call.signals[RECORD_OUT].there ? h->n : 0;
    }
    if (result == RECORDING_BAD)
        tell_bad(job);
    return result == RECORDING_END ? command_show("") : EXIT_FAILED;
}

/* ---- The command ------------------------------------------------------------------------ */

static int run(struct job *job)
{
    bool whole = false;
    if (!open_recording(job))
        return EXIT_FAILED;
    if (job->options.events)
        return list_events(job);
    if (!open_stream(job) || !open_outputs(job) || !replay_all(job, &whole))
        return EXIT_FAILED;
    const bool good = tell(job, whole);
    return command_show("") == EXIT_DONE && good ? EXIT_DONE : EXIT_FAILED;
}

int command_replay(int argc, char **argv)
{
    struct job job = {0};
    int code;
    switch (parse(&job.options, argc, argv)) {
    case OPTIONS_HELP:
        return command_show(replay_help);
    case OPTIONS_WRONG:
        return EXIT_WRONG_USAGE;
    case OPTIONS_GO:
        break;
    }
    if (job.options.quiet)
        report_be_quiet();
    interrupt_install();
    for (int i = 0; i < SOUNDS; i++)
        job.outputs[i].fd = -1;
    code = run(&job);

    for (int i = 0; i < SOUNDS; i++) {
        audio_writer_close(&job.writers[i]);
        output_release(&job.outputs[i]);
    }
    recorded_call_free(&job.call);
    recording_close(&job.from);
    replay_free(&job.replay);
    unecho_close(&job.replay.stream);
    if (job.file)
        fclose(job.file);
    return code;
}
