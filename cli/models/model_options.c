#include "models/model_options.h"

#include "report.h"

#include <string.h>

enum {
    OPTION_JSON = 256,
    OPTION_MODEL,
    OPTION_MODEL_FILES,
    OPTION_PRECISION,
    OPTION_MIC,
    OPTION_FAR,
    OPTION_NO_REPORT
};

static const struct option inspect_table[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct option convert_table[] = {
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"precision", required_argument, NULL, OPTION_PRECISION},
    {"mic", required_argument, NULL, OPTION_MIC},
    {"far", required_argument, NULL, OPTION_FAR},
    {"no-report", no_argument, NULL, OPTION_NO_REPORT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

options_result inspect_options_parse(inspect_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", inspect_table, NULL)) != -1) {
        if (option == 'h')
            return OPTIONS_HELP;
        if (option != OPTION_JSON) {
            options_report(option, inspect_table, argv);
            return OPTIONS_WRONG;
        }
        options->json = true;
    }
    options->names = argv + optind;
    options->count = (size_t)(argc - optind);
    if (options->count > 0)
        return OPTIONS_GO;
    report_usage(argv[0], "no file to inspect");
    return OPTIONS_WRONG;
}

static bool take_storage(convert_options *options, const char *command)
{
    static const char *const names[] = {
        [UNECHO_STORAGE_FP32] = "fp32",
        [UNECHO_STORAGE_FP16] = "fp16",
        [UNECHO_STORAGE_INT8] = "int8",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(optarg, names[i]) == 0) {
            options->storage = (unecho_storage)i;
            return true;
        }
    }
    report_usage(command, "--precision %s: unknown; known are fp32, fp16 and int8", optarg);
    return false;
}

static options_result take_option(convert_options *options, int option, int argc, char **argv)
{
    bool right = true;
    switch (option) {
    case OPTION_MODEL:
        options->model.prefix = optarg;
        break;
    case OPTION_MODEL_FILES:
        right = options_take_model_files(&options->model, argc, argv);
        break;
    case OPTION_PRECISION:
        right = take_storage(options, argv[0]);
        break;
    case OPTION_MIC:
        options->mic = optarg;
        break;
    case OPTION_FAR:
        options->far = optarg;
        break;
    case OPTION_NO_REPORT:
        options->report = false;
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
        options_report(option, convert_table, argv);
        return OPTIONS_WRONG;
    }
    return right ? OPTIONS_GO : OPTIONS_WRONG;
}

options_result convert_options_parse(convert_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    options->report = true;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":qh", convert_table, NULL)) != -1) {
        options_result result = take_option(options, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    if (argc - optind != 1) {
        if (argc == optind)
            report_usage(argv[0], "OUTPREFIX, what the names of the new files begin with, is "
                                  "missing");
        else
            report_usage(argv[0], "'%s' is one argument too many: only OUTPREFIX is expected",
                         argv[optind + 1]);
        return OPTIONS_WRONG;
    }
    options->prefix = argv[optind];
    if (!options->mic != !options->far) {
        report_usage(argv[0], "--mic and --far go together");
        return OPTIONS_WRONG;
    }
    if (options->mic && !options->report) {
        report_usage(argv[0], "--no-report needs no recording");
        return OPTIONS_WRONG;
    }
    return options_check_model(&options->model, argv[0]) ? OPTIONS_GO : OPTIONS_WRONG;
}
