#include "process/process_options.h"

#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A minute at 16 kHz: buffers stay small, and Ctrl-C has an effect between chunks. */
#define LARGEST_CHUNK 1048576
/* How late the far end of a recording may be by default, and at most, in milliseconds. */
#define DEFAULT_LATE 200

const char process_usage[] = "usage: unecho process [options] MIC FAR -o OUT\n"
                             "       unecho process [options] BOTH -o OUT\n";

const char process_description[] =
    "Cancel the echo of FAR, what the loudspeaker played, in MIC, the microphone's "
    "recording, and write the near-end voice to OUT, on MIC's timeline and in its format. BOTH is "
    "one file with the microphone in channel 1 and the far end in channel 2.";

const char process_details[] =
    "\n"
    "Inputs have 8 to 192 kHz and 1 to 8 channels. '-' is standard input or output and\n"
    "carries WAV. If OUT is a folder, the file in it takes MIC's name.\n"
    "Endings for OUT: .wav .flac .w64 .rf64 .aiff .caf .au .sph .ogg .opus .mp3\n"
    "The summary goes to standard output, or to standard error with -o -.\n"
    "Exit status: 0 success, 1 failed or interrupted, 2 invalid command line.\n"
    "\n"
    "  capture | unecho process --raw s16le --chunk 128 - far.fifo -o - | play\n";

const char process_notes[] =
    "\n"
    "  unecho process mic.wav far.wav -o near.wav\n"
    "  unecho process call.wav -o near.wav --mic-channel 2 --far-channel 1\n";

static bool set_align(void *field, const struct option_value *value)
{
    process_options *options = field;
    session_settings *session = &options->session;
    char *end;
    options->align_given = true;
    if (strcmp(value->text, "auto") == 0) {
        session->align = UNECHO_ALIGN_AUTO;
        return true;
    }
    if (strcmp(value->text, "off") == 0) {
        session->align = UNECHO_ALIGN_OFF;
        return true;
    }
    session->align = UNECHO_ALIGN_FIXED;
    session->delay_ms = strtod(value->text, &end);
    if (end != value->text && !*end && session->delay_ms >= -UNECHO_REFERENCE_LATE_MAX_MS &&
        session->delay_ms <= UNECHO_DELAY_MAX_MS)
        return true;
    report_usage(value->command,
                 "--align %s: expected auto, off, or by how many milliseconds the echo lags the "
                 "far end, from -%d to %d",
                 value->text, UNECHO_REFERENCE_LATE_MAX_MS, UNECHO_DELAY_MAX_MS);
    return false;
}

static const struct option output_rows[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "OUT",
     .help = "the file to write, or a folder, where nothing is replaced; never replaces an "
             "input",
     .set = option_text,
     .at = offsetof(process_options, output)},
    {.name = NULL},
};

const struct option process_usual_options[] = {
    {.name = "channels-out",
     .argument = "N",
     .help = "how many channels OUT has (default: as many as MIC)",
     .set = option_number,
     .at = offsetof(process_options, channels_out),
     .lowest = 1,
     .highest = UNECHO_CHANNELS_MAX},
    {.name = "suppression",
     .argument = "S",
     .help = "of residual echo, 0 (none) to 3 (default 1)",
     .set = option_decimal,
     .at = offsetof(process_options, session.suppression),
     .highest = UNECHO_SUPPRESSION_MAX},
    {.name = "noise-reduction",
     .argument = "DB",
     .help = "background noise to remove, 0 to 60 (default 20)",
     .set = option_number,
     .at = offsetof(process_options, session.noise_reduction_db),
     .highest = UNECHO_NOISE_REDUCTION_MAX_DB},
    {.name = NULL},
};

static const struct option usual_rows[] = {
    {.name = "json",
     .help = "print the summary as one JSON object",
     .set = option_on,
     .at = offsetof(process_options, json)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print no notes, no progress and no text summary",
     .set = option_quiet,
     .at = offsetof(process_options, quiet)},
    {.name = NULL},
};

const struct option process_signal_options[] = {
    {.name = "align",
     .rare = true,
     .argument = "HOW",
     .help = "auto (default): find the delay and follow it, in files whatever it is; off: use the "
             "two ends as they are; a "
             "number: the echo lags the far end by that many milliseconds, -1000 to 1000",
     .set = set_align},
    {.name = "reference-late",
     .rare = true,
     .argument = "MS",
     .help = "how late FAR may be after its echo, 0 to 1000 (default 200; with --chunk 0, as it "
             "costs as much latency)",
     .set = option_number,
     .at = offsetof(process_options, session.reference_late_ms),
     .highest = UNECHO_REFERENCE_LATE_MAX_MS},
    {.name = "comfort-noise",
     .rare = true,
     .help = "put synthetic noise in place of noise that is removed with the echo, also with a "
             "noise reduction of 20 dB and more",
     .set = option_on,
     .at = offsetof(process_options, session.comfort_noise)},
    {.name = "no-high-band",
     .rare = true,
     .help = "write nothing above 8 kHz; by default the band above gets gains of its own",
     .set = option_off,
     .at = offsetof(process_options, session.high_band)},
    {.name = "reference",
     .rare = true,
     .help = "do what the reference implementation does: --align off, --engine neural",
     .set = option_on,
     .at = offsetof(process_options, reference)},
    {.name = NULL},
};

const struct option process_output_options[] = {
    {.name = "chunk",
     .rare = true,
     .argument = "N",
     .help = "run as a live caller would, N frames of MIC at a time, 1 to 1048576, and never shift "
             "FAR; the output is the same for every N. By default as much silence as the "
             "network lags precedes the signal, as in the reference implementation's batch mode",
     .set = option_number,
     .at = offsetof(process_options, session.chunk),
     .lowest = 1,
     .highest = LARGEST_CHUNK},
    {.name = "keep-latency",
     .rare = true,
     .help =
         "keep the network's latency in the output: 24 ms for a DTLN-aec, 8 ms for a post-filter",
     .set = option_on,
     .at = offsetof(process_options, session.keep_latency)},
    {.name = "normalize-peak",
     .rare = true,
     .help = "if the output's peak exceeds 1, scale the output to a peak of 0.99",
     .set = option_on,
     .at = offsetof(process_options, normalize_peak)},
    {.name = NULL},
};

static const struct option other_rows[] = {
    {.name = "record",
     .rare = true,
     .argument = "FILE",
     .help = "also write a record of all calls of the library and their samples, to report a "
             "problem with; 'unecho replay' reads it",
     .set = option_text,
     .at = offsetof(process_options, record)},
    {.name = NULL},
};

const struct option_group process_groups[] = {
    {output_rows, 0},
    {ends_options, offsetof(process_options, ends)},
    {process_usual_options, 0},
    {usual_rows, 0},
    {process_signal_options, 0},
    {engine_options, offsetof(process_options, session.engine)},
    {model_options, offsetof(process_options, model)},
    {backend_options, offsetof(process_options, session.engine)},
    {library_options, offsetof(process_options, session.engine.library)},
    {network_options, offsetof(process_options, session.engine)},
    {process_output_options, 0},
    {other_rows, 0},
    {option_help, 0},
    {option_help_all, 0},
    {NULL, 0},
};

const process_options process_defaults = PROCESS_DEFAULTS;

/* The reference implementation has neither alignment nor a linear filter. */
static bool settle_reference(process_options *options, const char *command)
{
    session_settings *session = &options->session;
    engine_choice *engine = &session->engine;
    if (!options->reference)
        return true;
    if (options->align_given || session->reference_late_ms != PROCESS_LATE_NOT_GIVEN) {
        report_usage(command,
                     "--reference excludes --%s: the reference implementation does not align the "
                     "two ends",
                     options->align_given ? "align" : "reference-late");
        return false;
    }
    if ((engine->engine_given || engine->linear_tail_ms) &&
        engine->engine != UNECHO_ENGINE_NEURAL) {
        report_usage(command,
                     "--reference excludes --engine %s: the reference implementation is the "
                     "network alone",
                     engine_choice_name(engine->engine));
        return false;
    }
    session->align = UNECHO_ALIGN_OFF;
    engine->engine = UNECHO_ENGINE_NEURAL;
    return true;
}

/* A far end that may be late costs latency: allow it only where it can be of use. */
static bool settle_lateness(process_options *options, const char *command)
{
    session_settings *session = &options->session;
    const double early = session->align == UNECHO_ALIGN_FIXED ? fmax(0.0, -session->delay_ms) : 0.0;
    options->late_given = session->reference_late_ms != PROCESS_LATE_NOT_GIVEN;
    if (options->late_given) {
        if (early <= session->reference_late_ms)
            return true;
        report_usage(command, "--align %g needs a --reference-late of at least %.0f",
                     session->delay_ms, ceil(early));
        return false;
    }
    session->reference_late_ms = (unsigned)ceil(early);
    if (session->align == UNECHO_ALIGN_AUTO && session->chunk == 0)
        session->reference_late_ms = DEFAULT_LATE;
    return true;
}

bool process_options_check(void *opaque, const struct arguments *arguments)
{
    process_options *options = opaque;
    const char *command = arguments->command;
    if (!arguments_at_most(arguments, 2, "MIC and FAR; 'unecho batch' takes many pairs") ||
        !ends_choice_check(&options->ends, arguments))
        return false;
    if (!options->output) {
        report_usage(command, "the output is missing: -o OUT");
        return false;
    }
    return settle_reference(options, command) && settle_lateness(options, command) &&
           engine_choice_check(&options->session.engine, &options->model, command);
}
