#include "engine_choice.h"

#include "profile_path.h"
#include "report.h"
#include "unecho_onnxruntime.h"

#include <unistd.h>

const char *const engine_names[] = {
    [UNECHO_ENGINE_NEURAL] = "neural",
    [UNECHO_ENGINE_LINEAR] = "linear",
    [UNECHO_ENGINE_LINEAR_NEURAL] = "linear+neural",
    NULL,
};
static const char *const backend_names[] = {
    [UNECHO_BACKEND_NATIVE] = "native",
    [UNECHO_BACKEND_ONNXRUNTIME] = "onnxruntime",
    NULL,
};
static const char *const precision_names[] = {
    [UNECHO_PRECISION_FP32] = "fp32",
    [UNECHO_PRECISION_BF16] = "bf16",
    [UNECHO_PRECISION_INT8] = "int8",
    [UNECHO_PRECISION_AUTO] = "auto",
    NULL,
};

static bool set_engine(void *field, const struct option_value *value)
{
    engine_choice *choice = field;
    choice->engine_given = true;
    return option_choice(&choice->engine, value);
}

const struct option engine_options[] = {
    {.name = "engine",
     .rare = true,
     .argument = "NAME",
     .help = "what cancels the echo: linear+neural (default), a linear filter followed by the "
             "network; neural, the network alone; linear, the filter alone, which "
             "adds no latency to whole hops of 8 ms at 16 kHz",
     .set = set_engine,
     .names = engine_names},
    {.name = "tail",
     .rare = true,
     .argument = "MS",
     .help = "the length of the echo path that the linear filter models, 64 to 512 in steps of 8 "
             "(default 256)",
     .set = option_number,
     .at = offsetof(engine_choice, linear_tail_ms),
     .lowest = UNECHO_LINEAR_TAIL_MIN_MS,
     .highest = UNECHO_LINEAR_TAIL_MAX_MS,
     .step = 8},
    {.name = NULL},
};

const struct option backend_options[] = {
    {.name = "backend",
     .rare = true,
     .argument = "NAME",
     .help = "what runs the network: native (default) or onnxruntime",
     .set = option_choice,
     .at = offsetof(engine_choice, backend),
     .names = backend_names},
    {.name = NULL},
};

const struct option library_options[] = {
    {.name = "onnxruntime",
     .rare = true,
     .argument = "LIBRARY",
     .help = "the path of libonnxruntime",
     .set = option_text},
    {.name = NULL},
};

const struct option network_options[] = {
    {.name = "precision",
     .rare = true,
     .argument = "NAME",
     .help = "of the native backend: fp32, bf16, int8, or auto (default), which is int8 for a "
             "post-filter and fp32 for a DTLN-aec network",
     .set = option_choice,
     .at = offsetof(engine_choice, precision),
     .names = precision_names},
    {.name = "profile",
     .rare = true,
     .argument = "FILE",
     .help = "settings of ONNX Runtime (default: those that 'unecho tune' found on this machine, "
             "if any)",
     .set = option_text,
     .at = offsetof(engine_choice, profile)},
    {.name = NULL},
};

const char *engine_choice_name(unecho_engine engine)
{
    return engine_names[engine];
}

/* --engine linear takes no option of the network. */
static const char *find_network_option(const engine_choice *choice, const model_choice *model)
{
    if (choice->backend != UNECHO_BACKEND_NATIVE)
        return "backend";
    if (choice->precision != UNECHO_PRECISION_AUTO)
        return "precision";
    return model->prefix ? "model" : model->stages[0] ? "model-files" : NULL;
}

bool engine_choice_check(const engine_choice *choice, const model_choice *model,
                         const char *command)
{
    const bool native = choice->backend == UNECHO_BACKEND_NATIVE;
    const char *needless = find_network_option(choice, model);
    if (choice->engine == UNECHO_ENGINE_LINEAR && needless) {
        report_usage(command, "--engine linear has no network: it takes no --%s", needless);
        return false;
    }
    if (choice->engine == UNECHO_ENGINE_NEURAL && choice->linear_tail_ms) {
        report_usage(command, "--engine neural has no linear filter: it takes no --tail");
        return false;
    }
    if (native && (choice->library || choice->profile)) {
        report_usage(command, "--%s needs --backend onnxruntime",
                     choice->library ? "onnxruntime" : "profile");
        return false;
    }
    if (!native && choice->precision != UNECHO_PRECISION_AUTO) {
        report_usage(command, "--precision needs --backend native");
        return false;
    }
    return model_choice_check(model, command);
}

unecho_model_kind engine_choice_builtin(const engine_choice *choice)
{
    return choice->engine == UNECHO_ENGINE_LINEAR_NEURAL && choice->backend == UNECHO_BACKEND_NATIVE
               ? UNECHO_MODEL_POSTFILTER
               : UNECHO_MODEL_DTLN_AEC;
}

unecho *engine_choice_open(const engine_choice *choice, unecho_config *config)
{
    char message[UNECHO_MESSAGE_SIZE] = "", usual[PROFILE_PATH];
    unecho_onnxruntime settings = {.size = sizeof(settings)};
    unecho *stream = NULL;
    int status;
    config->engine = choice->engine;
    if (choice->linear_tail_ms)
        config->linear_tail_ms = choice->linear_tail_ms;
    config->backend = choice->backend;
    config->precision = choice->precision;
    if (config->onnxruntime)
        settings = *config->onnxruntime;
    settings.library = choice->library;
    settings.profile = choice->profile;
    config->onnxruntime = &settings;
    if (choice->backend == UNECHO_BACKEND_ONNXRUNTIME && !choice->profile &&
        profile_default_path(usual, sizeof(usual)) && access(usual, R_OK) == 0)
        settings.profile = usual;
    config->message = message;
    config->message_size = sizeof(message);
    status = unecho_open(&stream, config);
    config->onnxruntime = NULL;
    if (status != UNECHO_OK)
        report_error("cannot open a stream: %s", *message ? message : unecho_strerror(status));
    return stream;
}
