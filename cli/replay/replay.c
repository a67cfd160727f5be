/*
 * unecho replay: repeats the calls of a recorded stream, says whether the output is the same, and
 * writes the signals as sound files. record_reader.c reads the calls, rerun.c makes them.
 */
#include "command.h"
#include "engine_choice.h"
#include "files/audio_writer.h"
#include "files/format.h"
#include "files/output_file.h"
#include "interrupt.h"
#include "replay/events.h"
#include "replay/rerun.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

/* The sound files; the first three in the order of signals in a record. */
enum { SOUND_MIC, SOUND_FAR, SOUND_RECORDED, SOUND_REPLAYED, SOUNDS };

typedef struct replay_options {
    const char *path, *sounds[SOUNDS];
    model_choice model;
    engine_choice engine;
    bool events, any_length, quiet;
} replay_options;

struct job {
    const replay_options *options;
    FILE *file;
    record_reader from;
    recorded_call call;
    rerun rerun;
    output_file outputs[SOUNDS];
    audio_writer *writers[SOUNDS];
};

/* ---- Opening ---------------------------------------------------------------------------- */

static bool tell_bad(const struct job *job)
{
    report_error("%s: %s", job->options->path, job->from.message);
    return false;
}

static bool open_record(struct job *job)
{
    job->file = fopen(job->options->path, "rb");
    if (!job->file) {
        report_error("%s: %s", job->options->path, strerror(errno));
        return false;
    }
    if (record_reader_open(&job->from, job->file) != READER_GOOD)
        return tell_bad(job);
    if (strcmp(job->from.version, unecho_version()) != 0)
        report_note("%s: recorded by unecho %s, this is %s", job->options->path, job->from.version,
                    unecho_version());
    return true;
}

static bool check_model(const struct job *job, const unecho_model *model)
{
    unecho_model_info here = {.size = sizeof(here)};
    const unecho_model_info *was = &job->from.model;
    if (job->from.config.engine == UNECHO_ENGINE_LINEAR ||
        (unecho_model_get_info(model, &here) == UNECHO_OK && here.hash == was->hash))
        return true;
    report_error("%s: recorded with the model %s (%u units, hash %016" PRIx64 "), and %s (%u "
                 "units, hash %016" PRIx64 ") is another; choose the right one with --model",
                 job->options->path, was->name, was->units, was->hash, here.name, here.units,
                 here.hash);
    return false;
}

static bool open_stream(struct job *job)
{
    engine_choice engine = job->options->engine;
    unecho_config config = job->from.config;
    if (config.backend != engine.backend && config.engine != UNECHO_ENGINE_LINEAR)
        report_note("recorded on %s, replayed on %s: the output will differ; see --backend",
                    config.backend == UNECHO_BACKEND_NATIVE ? "the native backend" : "ONNX Runtime",
                    engine.backend == UNECHO_BACKEND_NATIVE ? "the native backend"
                                                            : "ONNX Runtime");
    engine.engine = config.engine;
    engine.precision = config.precision;
    unecho_model *model = model_choice_load(&job->options->model, engine_choice_builtin(&engine));
    if (!model)
        return false;
    config.model = model;
    if (check_model(job, model))
        job->rerun.stream = engine_choice_open(&engine, &config);
    unecho_model_unref(&model);
    return job->rerun.stream != NULL;
}

static bool check_output(struct job *job, int which)
{
    output_file *output = &job->outputs[which];
    struct stat input;
    if (!output_inspect(output, job->options->sounds[which]))
        return false;
    if (output->kind != OUTPUT_REPLACED) {
        report_error("%s: is not a regular file", output->name);
        return false;
    }
    if ((fstat(fileno(job->file), &input) == 0 && output_is(output, &input)) ||
        model_choice_uses(&job->options->model, output)) {
        report_error("%s: is an input; inputs are never overwritten", output->name);
        return false;
    }
    for (int i = 0; i < which; i++)
        if (job->options->sounds[i] && output_same(&job->outputs[i], output)) {
            report_error("%s: cannot be two outputs at once", output->name);
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
        const char *name = job->options->sounds[i];
        if (!name)
            continue;
        const int format =
            format_for_output(name, SF_FORMAT_WAV | SF_FORMAT_FLOAT, rate, (int)channels);
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
        job->rerun.out,
    };
    for (int i = 0; i < SOUNDS; i++)
        if (job->writers[i] && samples[i] &&
            !audio_writer_write(job->writers[i], samples[i], counts[i]))
            return false;
    return true;
}

/* 44 bytes can stand for 65536 silent samples, so a small file for days of sound. */
static bool stands_for_too_much(const struct job *job)
{
    static const double seconds_free = 600.0, bytes_a_second = 1000.0;
    const double justified = seconds_free + (double)job->from.offset / bytes_a_second;
    if (job->options->any_length || job->rerun.heard <= justified)
        return false;
    report_error("%s: its first %" PRIu64 " bytes stand for %.0f minutes of sound, almost all of "
                 "it silence; replay it with --any-length if that is right",
                 job->options->path, job->from.offset, job->rerun.heard / 60.0);
    return true;
}

/* *whole: the record is good to its end. false: failed, reported. */
static bool replay_all(struct job *job, bool *whole)
{
    reader_result result;
    while ((result = record_reader_next(&job->from, &job->call)) == READER_GOOD) {
        if (interrupted()) {
            report_error("interrupted after %.3f s", rerun_seconds(&job->rerun, &job->from));
            return false;
        }
        if (!rerun_call(&job->rerun, &job->from, &job->call))
            return report_no_memory();
        if (stands_for_too_much(job) || !write_sounds(job))
            return false;
    }
    *whole = result == READER_END;
    for (int i = 0; i < SOUNDS; i++)
        if (job->writers[i] && !audio_writer_finish(job->writers[i]))
            return false;
    return true;
}

/* ---- Telling ---------------------------------------------------------------------------- */

static void tell_difference(const struct job *job)
{
    const rerun_difference *d = &job->rerun.first;
    const double db = 20.0 * log10((double)job->rerun.largest);
    printf("call %" PRIu64 " at %.6f s is the first that differs", d->call, d->seconds);
    if (d->recorded_status != d->replayed_status)
        printf(": recorded '%s', replayed '%s'", unecho_strerror(d->recorded_status),
               unecho_strerror(d->replayed_status));
    else
        printf(": its sample %" PRIu64 " was %.9g and is %.9g", d->sample, (double)d->recorded,
               (double)d->replayed);
    printf("\n%" PRIu64 " samples differ in total, by at most %.1f dB of full scale\n",
           job->rerun.different_samples, db);
}

static bool tell_result(const struct job *job, bool whole)
{
    const rerun *r = &job->rerun;
    const bool same = r->first.call == 0;
    if (!job->options->quiet) {
        printf("%s: recorded by unecho %s on %s, replayed on %s\n", job->options->path,
               job->from.version, job->from.kernels, unecho_kernels(r->stream));
        printf("%" PRIu64 " call%s, %.3f s", r->calls, r->calls == 1 ? "" : "s",
               rerun_seconds(r, &job->from));
        if (r->resets || r->gaps)
            printf(", %" PRIu64 " resets, %" PRIu64 " gaps", r->resets, r->gaps);
        if (r->refused)
            printf(", %" PRIu64 " calls were refused", r->refused);
        printf("%s\n", same ? ", every sample has the same bits" : "");
    }
    if (!same)
        tell_difference(job);
    if (r->lost.kind == RECORD_LOST) {
        char text[160];
        events_describe_loss(&job->from, &r->lost, text, sizeof(text));
        report_warning("%s: the record ends there: it had no room for %s", job->options->path,
                       text);
    }
    return whole ? same : tell_bad(job);
}

static int list_events(struct job *job)
{
    reader_result result;
    uint64_t frames = 0;
    events_print_header(&job->from);
    while ((result = record_reader_next(&job->from, &job->call)) == READER_GOOD) {
        const record_head *h = &job->call.head;
        if (interrupted()) {
            report_error("interrupted");
            return EXIT_FAILED;
        }
        events_print_call(&job->from, &job->call, (double)frames / job->from.config.sample_rate);
        frames += job->call.signals[RECORD_OUT].there ? h->n : 0;
    }
    if (result == READER_BAD)
        tell_bad(job);
    return report_output_written() && result == READER_END ? EXIT_DONE : EXIT_FAILED;
}

/* ---- The command ------------------------------------------------------------------------ */

static int run(struct job *job)
{
    bool whole = false;
    if (!open_record(job))
        return EXIT_FAILED;
    if (job->options->events)
        return list_events(job);
    if (!open_stream(job) || !open_outputs(job) || !replay_all(job, &whole))
        return EXIT_FAILED;
    const bool good = tell_result(job, whole);
    return report_output_written() && good ? EXIT_DONE : EXIT_FAILED;
}

static int run_replay(const void *options)
{
    struct job job = {.options = options};
    int code;
    interrupt_install();
    for (int i = 0; i < SOUNDS; i++)
        job.outputs[i].fd = -1;
    code = run(&job);

    for (int i = 0; i < SOUNDS; i++) {
        audio_writer_close(&job.writers[i]);
        output_release(&job.outputs[i]);
    }
    recorded_call_free(&job.call);
    record_reader_close(&job.from);
    rerun_free(&job.rerun);
    unecho_close(&job.rerun.stream);
    if (job.file)
        fclose(job.file);
    return code;
}

/* ---- Options ---------------------------------------------------------------------------- */

static const struct option rows[] = {
    {.name = "events",
     .help = "list the calls instead of replaying them",
     .set = option_on,
     .at = offsetof(replay_options, events)},
    {.name = "output",
     .letter = 'o',
     .argument = "OUT",
     .help = "write the replayed output, as a sound file",
     .set = option_text,
     .at = offsetof(replay_options, sounds[SOUND_REPLAYED])},
    {.name = "recorded",
     .argument = "OUT",
     .help = "write the output in the record",
     .set = option_text,
     .at = offsetof(replay_options, sounds[SOUND_RECORDED])},
    {.name = "mic",
     .argument = "OUT",
     .help = "write the microphone in the record, all channels",
     .set = option_text,
     .at = offsetof(replay_options, sounds[SOUND_MIC])},
    {.name = "far",
     .argument = "OUT",
     .help = "write the far end in the record, all channels",
     .set = option_text,
     .at = offsetof(replay_options, sounds[SOUND_FAR])},
    {.name = "any-length",
     .help = "replay a record that stands for far more silence than its size suggests",
     .set = option_on,
     .at = offsetof(replay_options, any_length)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print only what is wrong",
     .set = option_quiet,
     .at = offsetof(replay_options, quiet)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {rows, 0},
    {model_options, offsetof(replay_options, model)},
    {backend_options, offsetof(replay_options, engine)},
    {library_options, offsetof(replay_options, engine.library)},
    {option_help, 0},
    {NULL, 0},
};

static const replay_options defaults = {.engine = ENGINE_CHOICE_DEFAULT};

static bool check(void *opaque, const struct arguments *arguments)
{
    replay_options *options = opaque;
    const char *command = arguments->command;
    if (!arguments_at_most(arguments, 1, "one RECORD"))
        return false;
    if (arguments->count == 0) {
        report_usage(command, "RECORD is missing");
        return false;
    }
    options->path = arguments->words[0];
    for (int i = 0; i < SOUNDS; i++) {
        if (!options->sounds[i])
            continue;
        if (options->events) {
            report_usage(command, "--events replays nothing and writes no sound files");
            return false;
        }
        if (!format_ending_is_known(options->sounds[i])) {
            report_usage(command, "%s: the name's ending is no known format; expected one of %s",
                         options->sounds[i], format_known_endings());
            return false;
        }
    }
    return engine_choice_check(&options->engine, &options->model, command);
}

const struct command replay_command = {
    .name = "replay",
    .summary = "repeat the calls of a record, and compare the output bit by bit",
    .usage = "usage: unecho replay [options] RECORD\n",
    .description = "Repeat the calls of a recorded stream, and say whether every sample of the "
                   "output is the same, or where the first difference is. RECORD comes from "
                   "'unecho process --record', or from a program that uses the library "
                   "(unecho_record_read). It contains the voices of the call. The model must be "
                   "the one that was used then. A record made on ONNX Runtime is replayed on the "
                   "native backend unless --backend says otherwise.",
    .notes = "\n"
             "Exit status: 0 the output is the same, 1 it differs, or the record is damaged or\n"
             "something failed, 2 invalid command line.\n"
             "\n"
             "  unecho process mic.wav far.wav -o near.wav --record call.unecho\n"
             "  unecho replay call.unecho --mic heard.wav --far played.wav\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_replay,
};
