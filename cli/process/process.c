/*
 * unecho process: opens what the options name, runs a session over it, prints a summary. session.c
 * takes the signal through the library.
 */
#include "process/process.h"
#include "files/audio_writer.h"
#include "files/ends.h"
#include "files/format.h"
#include "files/output_file.h"
#include "files/scratch.h"
#include "interrupt.h"
#include "process/pair_check.h"
#include "process/target.h"
#include "progress.h"
#include "report.h"

#include "unecho_model.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct process_job {
    const process_options *options;
    const struct process_watch *watch; /* NULL: progress and summary go to the user */
    struct target target;
    output_file record;
    unsigned channels; /* of the output */
    ends *pair;
    audio_writer *writer;
    FILE *scratch; /* the output before peak normalisation; NULL: none is wanted */
    struct pair_check check;
    struct session *session;
    struct progress progress;
    double wall, cpu; /* when it began */
    double scale;
    int code; /* to exit with: what failed so far */
};

/* ---- Opening ---------------------------------------------------------------------------- */

static bool check_not_an_input(const struct process_job *job, const output_file *output)
{
    const audio_reader *readers[] = {ends_mic_file(job->pair), ends_far_file(job->pair)};
    for (size_t i = 0; i < 2; i++) {
        if (output_is(output, audio_reader_identity(readers[i]))) {
            report_error("%s: is the same file as the input %s; inputs are never overwritten",
                         output->name, audio_reader_name(readers[i]));
            return false;
        }
    }
    if (model_choice_uses(&job->options->model, output)) {
        report_error("%s: is a file of the model; inputs are never overwritten", output->name);
        return false;
    }
    return true;
}

static bool open_inputs(struct process_job *job)
{
    job->pair = ends_open(&job->options->ends);
    return job->pair && check_not_an_input(job, &job->target.file) && target_is_free(&job->target);
}

/* Of recordings; a live stream cannot be examined first. */
static bool check_pair(struct process_job *job)
{
    const session_settings *session = &job->options->session;
    const bool shift = session->align == UNECHO_ALIGN_AUTO && session->chunk == 0;
    return !ends_can_rewind(job->pair) || pair_check_run(&job->check, job->pair, shift);
}

static bool open_record(struct process_job *job)
{
    const char *name = job->options->record;
    if (!name)
        return true;
    if (!output_inspect(&job->record, name) || !check_not_an_input(job, &job->record))
        return false;
    if (job->record.kind != OUTPUT_REPLACED) {
        report_error("%s: is not a regular file; --record needs one", name);
        return false;
    }
    if (output_same(&job->record, &job->target.file)) {
        report_error("%s: cannot be both the output and the record", name);
        return false;
    }
    return output_open(&job->record);
}

static bool open_session(struct process_job *job)
{
    const process_options *options = job->options;
    session_settings settings = options->session;
    const bool has_network = options->session.engine.engine != UNECHO_ENGINE_LINEAR;
    unecho_model *model = NULL;
    if (has_network && job->watch && job->watch->model)
        model = unecho_model_ref(job->watch->model);
    else if (has_network)
        model = model_choice_load(&options->model, engine_choice_builtin(&settings.engine));
    if (has_network && !model)
        return false;
    settings.plan = &job->check.plan;
    settings.stretches = &job->check.stretches;
    settings.record = options->record ? &job->record : NULL;
    /* That voice could be learned as an echo. */
    settings.once = job->check.own_voice;
    if (job->check.own_voice && settings.align == UNECHO_ALIGN_AUTO && !options->late_given)
        settings.reference_late_ms = 0;
    job->session = session_open(model, &settings, job->pair);
    unecho_model_unref(&model);
    return job->session != NULL;
}

/* libsndfile's; 0: there is none, reported. */
static int choose_format(const struct process_job *job)
{
    const audio_reader *mic = ends_mic_file(job->pair);
    const int rate = audio_reader_rate(mic);
    if (job->target.file.kind == OUTPUT_DIRECT)
        return format_for_pipe(audio_reader_format(mic));
    const int format = format_for_output(target_path(&job->target, job->options),
                                         audio_reader_format(mic), rate, (int)job->channels);
    if (!format)
        report_error("%s: this libsndfile cannot write such files at %d Hz with %u channel%s",
                     job->target.file.name, rate, job->channels,
                     job->channels == 1 ? "" : "s; --channels-out 1 makes it mono");
    return format;
}

static bool open_output(struct process_job *job)
{
    const process_options *options = job->options;
    const audio_reader *mic = ends_mic_file(job->pair);
    raw_format raw = options->ends.mic.layout.raw;
    int format = 0;
    job->channels = options->channels_out          ? options->channels_out
                    : ends_share_a_file(job->pair) ? 1
                                                   : audio_reader_channels(mic);
    if (!format_is_raw(target_path(&job->target, job->options), raw)) {
        raw = RAW_NONE;
        format = choose_format(job);
        if (!format)
            return false;
    }
    job->writer = audio_writer_open(&job->target.file, raw, format, job->channels, mic,
                                    audio_reader_length(mic));
    if (!job->writer)
        return false;
    if (options->normalize_peak) {
        job->scratch = scratch_open(job->target.file.directory);
        return job->scratch != NULL;
    }
    return true;
}

/* ---- Running ---------------------------------------------------------------------------- */

static void show_progress(struct process_job *job)
{
    char details[80] = "";
    unecho_stats stats;
    if (!progress_is_due(&job->progress))
        return;
    stats = session_stats(job->session);
    if (stats.far_active_seconds > 0.0f)
        snprintf(details, sizeof(details), ", ERLE %.1f dB", (double)stats.erle_db);
    if (job->options->session.align == UNECHO_ALIGN_AUTO && stats.aligned)
        snprintf(details + strlen(details), sizeof(details) - strlen(details),
                 ", delay %.1f ms, drift %+.0f ppm", (double)stats.delay_ms,
                 (double)stats.drift_ppm);
    progress_show(&job->progress, (int64_t)session_heard(job->session), details);
}

/* The same in each channel. */
static bool write_out(struct process_job *job, float *samples, size_t n)
{
    float frames[4096];
    const size_t channels = job->channels, most = sizeof(frames) / sizeof(frames[0]) / channels;
    if (channels == 1)
        return audio_writer_write(job->writer, samples, n);
    for (size_t at = 0; at < n;) {
        const size_t part = n - at < most ? n - at : most;
        for (size_t i = 0; i < part * channels; i++)
            frames[i] = samples[at + i / channels];
        if (!audio_writer_write(job->writer, frames, part * channels))
            return false;
        at += part;
    }
    return true;
}

/* Takes the output of the session. */
static bool take_output(void *user, float *samples, size_t n)
{
    struct process_job *job = user;
    if (!job->watch)
        show_progress(job);
    else
        job->watch->output(job->watch->user, samples, n,
                           audio_reader_length(ends_mic_file(job->pair)));
    return job->scratch ? scratch_write(job->scratch, samples, n) : write_out(job, samples, n);
}

/* The reference implementation's rule, in its own arithmetic (float). */
static bool write_normalized(struct process_job *job)
{
    float samples[4096];
    size_t got = sizeof(samples) / sizeof(samples[0]);
    float peak = session_peak(job->session);
    float scale = peak > 1.0f ? 0.99f / peak : 1.0f;
    job->scale = scale;
    if (!scratch_rewind(job->scratch))
        return false;
    while (got == sizeof(samples) / sizeof(samples[0])) {
        if (!scratch_read(job->scratch, samples, sizeof(samples) / sizeof(samples[0]), &got))
            return false;
        for (size_t i = 0; peak > 1.0f && i < got; i++)
            samples[i] *= scale;
        if (!write_out(job, samples, got))
            return false;
    }
    return true;
}

/* A part of the output is better than none, but not than what was there before. */
static bool must_keep(const struct process_job *job, const output_file *file)
{
    if (!session_stopped(job->session) || file->kind != OUTPUT_REPLACED || !file->exists)
        return false;
    report_error("interrupted: %s is as it was", file->name);
    return true;
}

static bool complete_output(struct process_job *job)
{
    const bool has_record = job->options->record != NULL;
    if (must_keep(job, &job->target.file) || (has_record && must_keep(job, &job->record)))
        return false;
    return (!job->scratch || write_normalized(job)) && audio_writer_finish(job->writer) &&
           (!has_record || output_commit(&job->record));
}

/* ---- Summing up ------------------------------------------------------------------------- */

/* frames: of the far end, at its own rate. */
static void tell_far_length(const struct process_job *job, const char *what, uint64_t frames,
                            const char *then)
{
    const int rate = ends_far_rate(job->pair);
    report_note("%s: %.2f s (%" PRIu64 " samples%s) %s than the microphone; %s",
                audio_reader_name(ends_far_file(job->pair)), (double)frames / rate, frames,
                rate == ends_mic_rate(job->pair) ? "" : " at its own rate", what, then);
}

static void tell_lengths(const struct process_job *job)
{
    audio_reader *far = ends_far_file(job->pair);
    const uint64_t due = session_far_due(job->session);
    const uint64_t far_heard = session_far_heard(job->session);
    const int64_t shift = session_far_shift(job->session);
    const int64_t length = audio_reader_length(far);
    /* At two rates, the ends of the two recordings may differ by less than a frame. */
    uint64_t slack = ends_far_rate(job->pair) == ends_mic_rate(job->pair) ? 0 : 1;

    /* A far end that was shifted ends a moment before its echo. */
    if (shift != 0)
        slack = (uint64_t)ends_far_rate(job->pair) / 10;
    if (ends_share_a_file(job->pair))
        return;
    if (far_heard + slack < due)
        tell_far_length(job, "shorter", due - far_heard, "silence follows");
    else if (shift == 0 && length > (int64_t)(due + slack))
        tell_far_length(job, "longer", (uint64_t)length - due, "ignoring the rest");
    else if (length < 0 && audio_reader_has_more(far))
        report_note("%s: longer than the microphone; ignoring the rest", audio_reader_name(far));
}

/* false: it cannot be written, reported. */
static bool pass_summary_on(const struct process_job *job, const struct summary *summary)
{
    const process_options *options = job->options;
    FILE *stream = output_is_stdout(&job->target.file) ? stderr : stdout;
    if (job->watch) {
        job->watch->done(job->watch->user, summary);
        return true;
    }
    if (options->json)
        summary_print_json(summary, stream);
    else if (!options->quiet)
        summary_print(summary, stream);
    if (options->json || options->quiet) {
        if (summary->clipped_samples)
            report_note("%s: %" PRIu64 " samples clipped", summary->output,
                        summary->clipped_samples);
        if (summary->stream.guarded_samples)
            report_note("%" PRIu64 " input samples are not finite or far out of range",
                        summary->stream.guarded_samples);
        if (summary->stream.failed_hops)
            report_note("the network gave no usable numbers in %" PRIu64
                        " hops: the model is unsuitable",
                        summary->stream.failed_hops);
    }
    if (fflush(stream) == 0 && !ferror(stream))
        return true;
    report_error("%s is complete, but its summary cannot be written: %s", summary->output,
                 strerror(errno));
    return false;
}

static bool sum_up(const struct process_job *job, double wall, double cpu)
{
    const process_options *options = job->options;
    char format[80];
    struct summary summary = {0};

    session_sum_up(job->session, &summary);
    summary.align = options->session.align;
    summary.engine = options->session.engine.engine;
    format_describe(audio_writer_format(job->writer), format, sizeof(format));
    summary.output = job->target.file.name;
    summary.mic = audio_reader_name(ends_mic_file(job->pair));
    summary.far = audio_reader_name(ends_far_file(job->pair));
    summary.channels = job->channels;
    summary.unfit = job->check.unfit;
    summary.format = format;
    summary.wall_seconds = wall;
    summary.cpu_seconds = cpu;
    summary.scale = job->scale;
    summary.out_db += 20.0 * log10(job->scale);
    summary.clipped_samples = audio_writer_clipped(job->writer) / job->channels;
    return pass_summary_on(job, &summary);
}

/* ---- From begin to end ------------------------------------------------------------------ */

static double cpu_seconds(const struct process_job *job)
{
    return job->watch ? job->watch->cpu_seconds(job->watch->user) : progress_cpu_now();
}

/* Returns an exit code. */
static int begin(struct process_job *job)
{
    const int code = target_choose(&job->target, job->options);
    if (code != EXIT_DONE)
        return code;
    if (!open_inputs(job) || !open_record(job))
        return EXIT_FAILED;

    job->wall = progress_now();
    job->cpu = cpu_seconds(job);
    /* The search takes a while: what cannot be written is refused before it. */
    if (!open_output(job) || !check_pair(job) || !open_session(job))
        return EXIT_FAILED;
    progress_start(&job->progress, audio_reader_length(ends_mic_file(job->pair)),
                   ends_mic_rate(job->pair));
    return EXIT_DONE;
}

/* Of a job of which nothing has failed. Returns an exit code. */
static int complete(struct process_job *job)
{
    double wall, cpu;
    /* Of a pipe that is known at its end. */
    if (session_heard(job->session) == 0 && !session_stopped(job->session)) {
        report_error("%s: holds no samples", audio_reader_name(ends_mic_file(job->pair)));
        return EXIT_FAILED;
    }
    if (!complete_output(job))
        return EXIT_FAILED;
    wall = progress_now() - job->wall;
    cpu = cpu_seconds(job) - job->cpu;

    if (session_stopped(job->session))
        report_warning("interrupted: %s contains the first %.2f s", job->target.file.name,
                       (double)session_heard(job->session) / ends_mic_rate(job->pair));
    else
        tell_lengths(job);
    if (!sum_up(job, wall, cpu) || session_stopped(job->session))
        return EXIT_FAILED;
    return EXIT_DONE;
}

struct process_job *process_begin(const process_options *options, const struct process_watch *watch)
{
    struct process_job *job = calloc(1, sizeof(*job));
    if (!job) {
        report_no_memory();
        return NULL;
    }
    job->options = options;
    job->watch = watch;
    job->scale = 1.0;
    job->target.file.fd = job->record.fd = -1;
    job->code = begin(job);
    return job;
}

bool process_next(struct process_job *job, struct session_call *call)
{
    call->n = 0;
    if (job->code == EXIT_DONE && !session_next(job->session, call))
        job->code = EXIT_FAILED;
    return job->code == EXIT_DONE && call->n > 0;
}

void process_take(struct process_job *job, int status)
{
    if (!session_take(job->session, status, take_output, job))
        job->code = EXIT_FAILED;
}

int process_end(struct process_job *job)
{
    int code = job->code;
    progress_end(&job->progress);
    if (code == EXIT_DONE)
        code = complete(job);

    audio_writer_close(&job->writer);
    target_release(&job->target);
    output_release(&job->record);
    session_close(&job->session);
    pair_check_free(&job->check);
    ends_close(&job->pair);
    if (job->scratch)
        fclose(job->scratch);
    free(job);
    return code;
}

/* ---- The command ------------------------------------------------------------------------ */

static int run_process(const void *options)
{
    struct process_job *job;
    struct session_call call;
    interrupt_install();
    job = process_begin(options, NULL);
    if (!job)
        return EXIT_FAILED;
    while (process_next(job, &call))
        process_take(job, session_make_call(&call));
    return process_end(job);
}

const struct command process_command = {
    .name = "process",
    .summary = "cancel the echo in a recording or a live stream",
    .usage = process_usage,
    .description = process_description,
    .notes = process_notes,
    .details = process_details,
    .groups = process_groups,
    .defaults = &process_defaults,
    .size = sizeof(process_defaults),
    .check = process_options_check,
    .run = run_process,
};
