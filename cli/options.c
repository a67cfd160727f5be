/*
 * getopt_long with messages that name what is wrong. It checks what can be checked without touching
 * files.
 */
#include "options.h"

#include "files/format.h"
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A minute at 16 kHz: buffers stay small, and Ctrl-C is heard between chunks. */
#define LARGEST_CHUNK 1048576
/* How late a far end is looked for in recordings, and how late it can be, in milliseconds. */
#define USUAL_LATE 200
#define HOP_MS     (1000 * UNECHO_HOP / UNECHO_SAMPLE_RATE)

enum {
    OPTION_MODEL = 256,
    OPTION_MODEL_FILES,
    OPTION_ENGINE,
    OPTION_TAIL,
    OPTION_BACKEND,
    OPTION_PRECISION,
    OPTION_PROFILE,
    OPTION_LIBRARY,
    OPTION_ALIGN,
    OPTION_REFERENCE_LATE,
    OPTION_REFERENCE,
    OPTION_NO_HIGH_BAND,
    OPTION_CHUNK,
    OPTION_KEEP_LATENCY,
    OPTION_NORMALIZE_PEAK,
    OPTION_RECORD,
    OPTION_JSON
};

static const struct option process_table[] = {
    {"output", required_argument, NULL, 'o'},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"engine", required_argument, NULL, OPTION_ENGINE},
    {"tail", required_argument, NULL, OPTION_TAIL},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"precision", required_argument, NULL, OPTION_PRECISION},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"onnxruntime", required_argument, NULL, OPTION_LIBRARY},
    OPTIONS_OF_ENDS,
    {"align", required_argument, NULL, OPTION_ALIGN},
    {"reference-late", required_argument, NULL, OPTION_REFERENCE_LATE},
    {"reference", no_argument, NULL, OPTION_REFERENCE},
    {"no-high-band", no_argument, NULL, OPTION_NO_HIGH_BAND},
    {"chunk", required_argument, NULL, OPTION_CHUNK},
    {"keep-latency", no_argument, NULL, OPTION_KEEP_LATENCY},
    {"normalize-peak", no_argument, NULL, OPTION_NORMALIZE_PEAK},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option info_table[] = {
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"engine", required_argument, NULL, OPTION_ENGINE},
    {"tail", required_argument, NULL, OPTION_TAIL},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"precision", required_argument, NULL, OPTION_PRECISION},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"onnxruntime", required_argument, NULL, OPTION_LIBRARY},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option *find_option(const struct option *table, int value)
{
    while (table->name && table->val != value)
        table++;
    return table->name ? table : NULL;
}

/* In what getopt_long leaves behind long and short options differ. */
void options_report(int result, const struct option *table, char **argv)
{
    const char *text = argv[optind - 1];
    const struct option *known = find_option(table, optopt);
    if (result == ':' && known && strncmp(text, "--", 2) == 0)
        report_usage(argv[0], "option --%s needs a value", known->name);
    else if (result == ':')
        report_usage(argv[0], "option -%c needs a value", optopt);
    else if (known)
        report_usage(argv[0], "option --%s takes no value", known->name);
    else if (optopt)
        report_usage(argv[0], "unknown option -%c", optopt);
    else
        report_usage(argv[0], "unknown or ambiguous option %s", text);
}

bool options_take_model_files(model_choice *model, int argc, char **argv)
{
    model->stages[0] = optarg;
    if (optind >= argc || argv[optind][0] == '-') {
        report_usage(argv[0], "option --model-files needs two files, stage 1 and stage 2");
        return false;
    }
    model->stages[1] = argv[optind++];
    return true;
}

bool options_check_model(const model_choice *model, const char *command)
{
    if (!model->prefix || !model->stages[0])
        return true;
    report_usage(command, "--model and --model-files exclude each other");
    return false;
}

/* false: there is no network that a model could be for, reported. */
static bool check_model(const model_choice *model, const engine_choice *engine, const char *command)
{
    if (engine->engine == UNECHO_ENGINE_LINEAR && (model->prefix || model->stages[0])) {
        report_usage(command, "--engine linear has no network: no --%s for it",
                     model->prefix ? "model" : "model-files");
        return false;
    }
    return options_check_model(model, command);
}

bool options_take_count(const char *name, size_t lowest, size_t highest, const char *command,
                        size_t *value)
{
    char *end;
    unsigned long count;
    errno = 0;
    count = strtoul(optarg, &end, 10);
    /* strtoul would take "-1" and " 1" too. */
    if (optarg[0] < '0' || optarg[0] > '9' || *end || errno || count < lowest || count > highest) {
        report_usage(command, "--%s %s: not a number from %zu to %zu", name, optarg, lowest,
                     highest);
        return false;
    }
    *value = count;
    return true;
}

static bool take_tail(engine_choice *engine, const char *command)
{
    size_t tail = 0;
    if (!options_take_count("tail", UNECHO_LINEAR_TAIL_MIN_MS, UNECHO_LINEAR_TAIL_MAX_MS, command,
                            &tail))
        return false;
    engine->linear_tail_ms = (unsigned)tail;
    if (tail % HOP_MS == 0)
        return true;
    report_usage(command, "--tail %zu: not a multiple of %d", tail, HOP_MS);
    return false;
}

/* Whether it was an option of model or engine; *right: whether it was a right one. */
static bool take_common_option(model_choice *model, engine_choice *engine, int option, int argc,
                               char **argv, bool *right)
{
    *right = true;
    switch (option) {
    case OPTION_MODEL:
        model->prefix = optarg;
        return true;
    case OPTION_MODEL_FILES:
        *right = options_take_model_files(model, argc, argv);
        return true;
    case OPTION_ENGINE:
        *right = engine_choice_engine(engine, optarg, argv[0]);
        return true;
    case OPTION_TAIL:
        *right = take_tail(engine, argv[0]);
        return true;
    case OPTION_BACKEND:
        *right = engine_choice_backend(engine, optarg, argv[0]);
        return true;
    case OPTION_PRECISION:
        *right = engine_choice_precision(engine, optarg, argv[0]);
        return true;
    case OPTION_PROFILE:
        engine->profile = optarg;
        return true;
    case OPTION_LIBRARY:
        engine->library = optarg;
        return true;
    default:
        return false;
    }
}

/* ---- Where the two ends are ------------------------------------------------------------- */

static bool take_raw(end_choice *mic, end_choice *far, const char *command)
{
    if (!raw_parse(optarg, &mic->layout.raw)) {
        report_usage(command, "--raw %s: unknown format; known are s16le and f32le", optarg);
        return false;
    }
    far->layout.raw = mic->layout.raw;
    return true;
}

static bool take_rate(const char *name, audio_layout *layout, const char *command)
{
    size_t rate = 0;
    const bool right = options_take_count(name, UNECHO_RATE_MIN, UNECHO_RATE_MAX, command, &rate);
    layout->rate = (int)rate;
    return right;
}

static bool take_channels(const char *name, audio_layout *layout, const char *command)
{
    size_t channels = 0;
    const bool right = options_take_count(name, 1, UNECHO_CHANNELS_MAX, command, &channels);
    layout->channels = (unsigned)channels;
    return right;
}

static bool take_channel(const char *name, end_choice *end, const char *command)
{
    size_t channel;
    if (strcmp(optarg, "mean") == 0) {
        end->channel = END_MEAN;
        return true;
    }
    if (optarg[0] < '1' || optarg[0] > '0' + UNECHO_CHANNELS_MAX || optarg[1]) {
        report_usage(command, "--%s %s: neither a channel, from 1 to %d, nor 'mean'", name, optarg,
                     UNECHO_CHANNELS_MAX);
        return false;
    }
    channel = (size_t)(optarg[0] - '0');
    end->channel = (int)channel;
    return true;
}

bool options_take_end(end_choice *mic, end_choice *far, int option, const char *command,
                      bool *right)
{
    switch (option) {
    case OPTION_RAW:
        *right = take_raw(mic, far, command);
        return true;
    case OPTION_RATE:
        *right = take_rate("rate", &mic->layout, command);
        return true;
    case OPTION_FAR_RATE:
        *right = take_rate("far-rate", &far->layout, command);
        return true;
    case OPTION_CHANNELS:
        *right = take_channels("channels", &mic->layout, command);
        return true;
    case OPTION_FAR_CHANNELS:
        *right = take_channels("far-channels", &far->layout, command);
        return true;
    case OPTION_MIC_CHANNEL:
        *right = take_channel("mic-channel", mic, command);
        return true;
    case OPTION_FAR_CHANNEL:
        *right = take_channel("far-channel", far, command);
        return true;
    default:
        return false;
    }
}

static bool is_dash(const char *name)
{
    return name && strcmp(name, "-") == 0;
}

static bool check_ends(const end_choice *mic, end_choice *far, const char *command)
{
    if (mic->layout.raw == RAW_NONE && (is_dash(mic->path) || is_dash(far->path))) {
        report_usage(command, "'-' needs --raw s16le or --raw f32le: standard input and output "
                              "carry headerless samples");
        return false;
    }
    if (is_dash(mic->path) && is_dash(far->path)) {
        report_usage(command, "only one of MIC and FAR can be '-'");
        return false;
    }
    if (!far->path && (far->layout.rate || far->layout.channels)) {
        report_usage(command, "--%s goes with a file of its own for the far end only",
                     far->layout.rate ? "far-rate" : "far-channels");
        return false;
    }
    /* Two devices of one machine mostly have one rate. */
    if (far->path && format_is_raw(far->path, far->layout.raw) && !far->layout.rate)
        far->layout.rate = mic->layout.rate;
    return true;
}

bool options_take_ends(end_choice *mic, end_choice *far, int argc, char **argv)
{
    const int count = argc - optind;
    if (count > 2) {
        report_usage(argv[0], "'%s' is one argument too many: only MIC and FAR are expected",
                     argv[optind + 2]);
        return false;
    }
    if (count < 1) {
        report_usage(argv[0], "MIC and FAR are missing");
        return false;
    }
    mic->path = argv[optind];
    far->path = count == 2 ? argv[optind + 1] : NULL;
    return check_ends(mic, far, argv[0]);
}

/* ---- process ---------------------------------------------------------------------------- */

/* What can only be judged when all options have been read. */
struct said {
    bool engine, align, late, reference;
};

static bool take_align(session_settings *session, const char *command)
{
    char *end;
    if (strcmp(optarg, "auto") == 0) {
        session->align = UNECHO_ALIGN_AUTO;
        return true;
    }
    if (strcmp(optarg, "off") == 0) {
        session->align = UNECHO_ALIGN_OFF;
        return true;
    }
    session->align = UNECHO_ALIGN_FIXED;
    session->delay_ms = strtod(optarg, &end);
    if (end != optarg && !*end && session->delay_ms >= -UNECHO_REFERENCE_LATE_MAX_MS &&
        session->delay_ms <= UNECHO_DELAY_MAX_MS)
        return true;
    report_usage(command,
                 "--align %s: neither auto, off, nor milliseconds from -%d to %d by which the echo "
                 "lags the far end",
                 optarg, UNECHO_REFERENCE_LATE_MAX_MS, UNECHO_DELAY_MAX_MS);
    return false;
}

static options_result take_process_option(process_options *options, struct said *said, int option,
                                          int argc, char **argv)
{
    session_settings *session = &options->session;
    size_t late;
    bool right = true;
    if (take_common_option(&options->model, &session->engine, option, argc, argv, &right) ||
        options_take_end(&options->mic, &options->far, option, argv[0], &right)) {
        said->engine |= option == OPTION_ENGINE || option == OPTION_TAIL;
        return right ? OPTIONS_GO : OPTIONS_WRONG;
    }
    switch (option) {
    case 'o':
        options->output = optarg;
        break;
    case OPTION_ALIGN:
        right = take_align(session, argv[0]);
        said->align = true;
        break;
    case OPTION_REFERENCE_LATE:
        right =
            options_take_count("reference-late", 0, UNECHO_REFERENCE_LATE_MAX_MS, argv[0], &late);
        if (right)
            session->reference_late_ms = (unsigned)late;
        said->late = true;
        break;
    case OPTION_REFERENCE:
        said->reference = true;
        break;
    case OPTION_NO_HIGH_BAND:
        session->high_band = false;
        break;
    case OPTION_CHUNK:
        right = options_take_count("chunk", 1, LARGEST_CHUNK, argv[0], &session->chunk);
        session->live = true;
        break;
    case OPTION_KEEP_LATENCY:
        session->keep_latency = true;
        break;
    case OPTION_RECORD:
        options->record = optarg;
        break;
    case OPTION_NORMALIZE_PEAK:
        options->normalize_peak = true;
        break;
    case OPTION_JSON:
        options->json = true;
        break;
    case 'q':
        options->quiet = true;
        break;
    case 'h':
        return OPTIONS_HELP;
    default:
        options_report(option, process_table, argv);
        return OPTIONS_WRONG;
    }
    return right ? OPTIONS_GO : OPTIONS_WRONG;
}

/* Alignment costs latency only where it can be of use. */
static bool settle_alignment(session_settings *session, const struct said *said,
                             const char *command)
{
    const double early = session->align == UNECHO_ALIGN_FIXED ? fmax(0.0, -session->delay_ms) : 0.0;
    if (said->reference && (said->align || said->late)) {
        report_usage(command,
                     "--reference excludes --%s: the reference implementation takes the "
                     "two ends as they come",
                     said->align ? "align" : "reference-late");
        return false;
    }
    if (said->reference && said->engine && session->engine.engine != UNECHO_ENGINE_NEURAL) {
        report_usage(command,
                     "--reference excludes --engine %s: the reference implementation is "
                     "the network by itself",
                     engine_choice_name(session->engine.engine));
        return false;
    }
    if (said->reference) {
        session->align = UNECHO_ALIGN_OFF;
        session->fail_open = false;
        session->engine.engine = UNECHO_ENGINE_NEURAL;
    }
    if (said->late && early > session->reference_late_ms) {
        report_usage(command, "--align %g needs a --reference-late of at least %.0f",
                     session->delay_ms, ceil(early));
        return false;
    }
    if (!said->late && session->align == UNECHO_ALIGN_AUTO && !session->live)
        session->reference_late_ms = USUAL_LATE;
    if (!said->late && session->align == UNECHO_ALIGN_FIXED)
        session->reference_late_ms = (unsigned)ceil(early);
    return true;
}

static bool check_process(process_options *options, const struct said *said, const char *command)
{
    if (!options->output) {
        report_usage(command, "the output is missing: -o OUT");
        return false;
    }
    if (options->mic.layout.raw == RAW_NONE && is_dash(options->output)) {
        report_usage(command, "'-' needs --raw s16le or --raw f32le: standard input and output "
                              "carry headerless samples");
        return false;
    }
    return settle_alignment(&options->session, said, command) &&
           check_model(&options->model, &options->session.engine, command) &&
           engine_choice_check(&options->session.engine, command);
}

options_result options_parse_process(process_options *options, int argc, char **argv)
{
    struct said said = {0};
    int option;
    memset(options, 0, sizeof(*options));
    options->session.fail_open = options->session.high_band = true;
    options->session.engine.engine = UNECHO_ENGINE_LINEAR_NEURAL;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:qh", process_table, NULL)) != -1) {
        options_result result = take_process_option(options, &said, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    if (!options_take_ends(&options->mic, &options->far, argc, argv) ||
        !check_process(options, &said, argv[0]))
        return OPTIONS_WRONG;
    return OPTIONS_GO;
}

/* ---- info ------------------------------------------------------------------------------- */

options_result options_parse_info(info_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    options->engine.engine = UNECHO_ENGINE_LINEAR_NEURAL;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", info_table, NULL)) != -1) {
        bool right;
        if (take_common_option(&options->model, &options->engine, option, argc, argv, &right)) {
            if (!right)
                return OPTIONS_WRONG;
            continue;
        }
        switch (option) {
        case OPTION_JSON:
            options->json = true;
            break;
        case 'h':
            return OPTIONS_HELP;
        default:
            options_report(option, info_table, argv);
            return OPTIONS_WRONG;
        }
    }
    if (optind < argc) {
        report_usage(argv[0], "'%s' is one argument too many", argv[optind]);
        return OPTIONS_WRONG;
    }
    return check_model(&options->model, &options->engine, argv[0]) &&
                   engine_choice_check(&options->engine, argv[0])
               ? OPTIONS_GO
               : OPTIONS_WRONG;
}
