/*
 * The options of the commands that measure. It checks what can be checked without touching files.
 */
#include "bench/bench_options.h"

#include "bench/stats.h"
#include "report.h"

#include <string.h>

#define LARGEST_CHUNK   1048576
#define DEFAULT_CHUNK   2048
#define DEFAULT_SECONDS 60
#define MOST_SECONDS    3600
#define DEFAULT_ROUNDS  5
#define DEFAULT_BUDGET  20
#define MOST_BUDGET     3600

enum {
    OPTION_MODEL = 256,
    OPTION_MODEL_FILES,
    OPTION_MIC,
    OPTION_FAR,
    OPTION_ENGINES,
    OPTION_CHUNK,
    OPTION_SECONDS,
    OPTION_ROUNDS,
    OPTION_PLOT,
    OPTION_PROFILE,
    OPTION_LIBRARY,
    OPTION_JSON,
    OPTION_FOR,
    OPTION_BUDGET
};

static const struct option bench_table[] = {
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"mic", required_argument, NULL, OPTION_MIC},
    {"far", required_argument, NULL, OPTION_FAR},
    {"engines", required_argument, NULL, OPTION_ENGINES},
    {"chunk", required_argument, NULL, OPTION_CHUNK},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"rounds", required_argument, NULL, OPTION_ROUNDS},
    {"plot", required_argument, NULL, OPTION_PLOT},
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"onnxruntime", required_argument, NULL, OPTION_LIBRARY},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option tune_table[] = {
    {"output", required_argument, NULL, 'o'},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"mic", required_argument, NULL, OPTION_MIC},
    {"far", required_argument, NULL, OPTION_FAR},
    {"for", required_argument, NULL, OPTION_FOR},
    {"budget", required_argument, NULL, OPTION_BUDGET},
    {"onnxruntime", required_argument, NULL, OPTION_LIBRARY},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char *const purposes[] = {
    [TUNE_THROUGHPUT] = "throughput", [TUNE_CPU] = "cpu", [TUNE_LATENCY] = "latency"};

const char *tune_purpose_name(enum tune_purpose purpose)
{
    return purposes[purpose];
}

static bool check_rest(const model_choice *model, const char *mic, const char *far, int argc,
                       char **argv)
{
    if (optind < argc) {
        report_usage(argv[0], "'%s' is one argument too many", argv[optind]);
        return false;
    }
    if (!mic != !far) {
        report_usage(argv[0], "--mic and --far belong together: the two ends of one recording");
        return false;
    }
    return options_check_model(model, argv[0]);
}

static options_result take_bench_option(bench_options *options, int option, int argc, char **argv)
{
    bool right = true;
    switch (option) {
    case OPTION_MODEL:
        options->model.prefix = optarg;
        break;
    case OPTION_MODEL_FILES:
        right = options_take_model_files(&options->model, argc, argv);
        break;
    case OPTION_MIC:
        options->mic = optarg;
        break;
    case OPTION_FAR:
        options->far = optarg;
        break;
    case OPTION_ENGINES:
        options->engines = optarg;
        break;
    case OPTION_CHUNK:
        right = options_take_count("chunk", 1, LARGEST_CHUNK, argv[0], &options->chunk);
        break;
    case OPTION_SECONDS:
        right = options_take_count("seconds", 1, MOST_SECONDS, argv[0], &options->seconds);
        break;
    case OPTION_ROUNDS:
        right = options_take_count("rounds", 1, STATS_MOST, argv[0], &options->rounds);
        break;
    case OPTION_PLOT:
        options->plot = optarg;
        break;
    case OPTION_PROFILE:
        options->profile = optarg;
        break;
    case OPTION_LIBRARY:
        options->library = optarg;
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
        options_report(option, bench_table, argv);
        return OPTIONS_WRONG;
    }
    return right ? OPTIONS_GO : OPTIONS_WRONG;
}

options_result options_parse_bench(bench_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    options->chunk = DEFAULT_CHUNK;
    options->seconds = DEFAULT_SECONDS;
    options->rounds = DEFAULT_ROUNDS;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":qh", bench_table, NULL)) != -1) {
        const options_result result = take_bench_option(options, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    return check_rest(&options->model, options->mic, options->far, argc, argv) ? OPTIONS_GO
                                                                               : OPTIONS_WRONG;
}

static bool take_purpose(tune_options *options, const char *command)
{
    for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
        if (strcmp(optarg, purposes[i]) == 0) {
            options->purpose = (enum tune_purpose)i;
            return true;
        }
    }
    report_usage(command, "--for %s: unknown purpose; known are throughput, cpu and latency",
                 optarg);
    return false;
}

static options_result take_tune_option(tune_options *options, int option, int argc, char **argv)
{
    bool right = true;
    switch (option) {
    case 'o':
        options->output = optarg;
        break;
    case OPTION_MODEL:
        options->model.prefix = optarg;
        break;
    case OPTION_MODEL_FILES:
        right = options_take_model_files(&options->model, argc, argv);
        break;
    case OPTION_MIC:
        options->mic = optarg;
        break;
    case OPTION_FAR:
        options->far = optarg;
        break;
    case OPTION_FOR:
        right = take_purpose(options, argv[0]);
        break;
    case OPTION_BUDGET:
        right = options_take_count("budget", 1, MOST_BUDGET, argv[0], &options->budget_seconds);
        break;
    case OPTION_LIBRARY:
        options->library = optarg;
        break;
    case 'q':
        options->quiet = true;
        break;
    case 'h':
        return OPTIONS_HELP;
    default:
        options_report(option, tune_table, argv);
        return OPTIONS_WRONG;
    }
    return right ? OPTIONS_GO : OPTIONS_WRONG;
}

options_result options_parse_tune(tune_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    options->budget_seconds = DEFAULT_BUDGET;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:qh", tune_table, NULL)) != -1) {
        const options_result result = take_tune_option(options, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    return check_rest(&options->model, options->mic, options->far, argc, argv) ? OPTIONS_GO
                                                                               : OPTIONS_WRONG;
}
