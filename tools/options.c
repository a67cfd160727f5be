/*
 * getopt_long with messages that name what is wrong. It checks what can be checked without touching
 * files.
 */
#include "options.h"

#include "format.h"
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CHUNK 2048
/* A minute: buffers stay small, and Ctrl-C is heard between chunks. */
#define LARGEST_CHUNK 1048576

enum {
    OPTION_MODEL = 256,
    OPTION_MODEL_FILES,
    OPTION_BACKEND,
    OPTION_PRECISION,
    OPTION_PROFILE,
    OPTION_LIBRARY,
    OPTION_RAW,
    OPTION_CHUNK,
    OPTION_KEEP_LATENCY,
    OPTION_NORMALIZE_PEAK,
    OPTION_JSON
};

static const struct option process_table[] = {
    {"output", required_argument, NULL, 'o'},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"precision", required_argument, NULL, OPTION_PRECISION},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"onnxruntime", required_argument, NULL, OPTION_LIBRARY},
    {"raw", required_argument, NULL, OPTION_RAW},
    {"chunk", required_argument, NULL, OPTION_CHUNK},
    {"keep-latency", no_argument, NULL, OPTION_KEEP_LATENCY},
    {"normalize-peak", no_argument, NULL, OPTION_NORMALIZE_PEAK},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option info_table[] = {
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
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

static bool take_raw(process_options *options, const char *command)
{
    if (raw_parse(optarg, &options->raw))
        return true;
    report_usage(command, "--raw %s: unknown format; known are s16le and f32le", optarg);
    return false;
}

static options_result take_process_option(process_options *options, int option, int argc,
                                          char **argv)
{
    bool right;
    if (take_common_option(&options->model, &options->engine, option, argc, argv, &right))
        return right ? OPTIONS_GO : OPTIONS_WRONG;
    switch (option) {
    case 'o':
        options->output = optarg;
        break;
    case OPTION_RAW:
        right = take_raw(options, argv[0]);
        break;
    case OPTION_CHUNK:
        right = options_take_count("chunk", 1, LARGEST_CHUNK, argv[0], &options->chunk);
        options->live = true;
        break;
    case OPTION_KEEP_LATENCY:
        options->keep_latency = true;
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

static bool take_arguments(process_options *options, int argc, char **argv)
{
    int count = argc - optind;
    if (count > 2) {
        report_usage(argv[0], "'%s' is one argument too many: only MIC and FAR are expected",
                     argv[optind + 2]);
        return false;
    }
    if (count < 2) {
        report_usage(argv[0], count == 0 ? "MIC and FAR are missing"
                                         : "FAR, the far end's recording, is missing");
        return false;
    }
    options->mic = argv[optind];
    options->far = argv[optind + 1];
    if (!options->output) {
        report_usage(argv[0], "the output is missing: -o OUT");
        return false;
    }
    return true;
}

static bool is_dash(const char *name)
{
    return strcmp(name, "-") == 0;
}

static bool check_process(const process_options *options, const char *command)
{
    if (options->raw == RAW_NONE &&
        (is_dash(options->mic) || is_dash(options->far) || is_dash(options->output))) {
        report_usage(command, "'-' needs --raw s16le or --raw f32le: standard input and output "
                              "carry headerless samples");
        return false;
    }
    if (is_dash(options->mic) && is_dash(options->far)) {
        report_usage(command, "only one of MIC and FAR can be '-'");
        return false;
    }
    return options_check_model(&options->model, command) &&
           engine_choice_check(&options->engine, command);
}

options_result options_parse_process(process_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    options->chunk = DEFAULT_CHUNK;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:qh", process_table, NULL)) != -1) {
        options_result result = take_process_option(options, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    if (!take_arguments(options, argc, argv) || !check_process(options, argv[0]))
        return OPTIONS_WRONG;
    return OPTIONS_GO;
}

options_result options_parse_info(info_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
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
    return options_check_model(&options->model, argv[0]) &&
                   engine_choice_check(&options->engine, argv[0])
               ? OPTIONS_GO
               : OPTIONS_WRONG;
}
