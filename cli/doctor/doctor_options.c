/*
 * The options of `unecho doctor`. It checks what can be checked without touching files.
 */
#include "doctor/doctor_options.h"

#include <string.h>

enum { OPTION_MODEL = 256, OPTION_MODEL_FILES, OPTION_PICTURE, OPTION_JSON };

static const struct option table[] = {
    OPTIONS_OF_ENDS,
    {"model", required_argument, NULL, OPTION_MODEL},
    {"model-files", required_argument, NULL, OPTION_MODEL_FILES},
    {"picture", required_argument, NULL, OPTION_PICTURE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static options_result take_option(doctor_options *options, int option, int argc, char **argv)
{
    bool right = true;
    if (options_take_end(&options->mic, &options->far, option, argv[0], &right))
        return right ? OPTIONS_GO : OPTIONS_WRONG;
    switch (option) {
    case OPTION_MODEL:
        options->model.prefix = optarg;
        break;
    case OPTION_MODEL_FILES:
        right = options_take_model_files(&options->model, argc, argv);
        break;
    case OPTION_PICTURE:
        options->picture = optarg;
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
        options_report(option, table, argv);
        return OPTIONS_WRONG;
    }
    return right ? OPTIONS_GO : OPTIONS_WRONG;
}

options_result options_parse_doctor(doctor_options *options, int argc, char **argv)
{
    int option;
    memset(options, 0, sizeof(*options));
    options->engine.engine = UNECHO_ENGINE_LINEAR_NEURAL;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":qh", table, NULL)) != -1) {
        const options_result result = take_option(options, option, argc, argv);
        if (result != OPTIONS_GO)
            return result;
    }
    return options_take_ends(&options->mic, &options->far, argc, argv) &&
                   options_check_model(&options->model, argv[0])
               ? OPTIONS_GO
               : OPTIONS_WRONG;
}
