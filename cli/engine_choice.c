/*
 * From options to a stream on the engine that they ask for. It does not know what the command does
 * with it.
 */
#include "engine_choice.h"

#include "bench/tune_profile.h"
#include "report.h"
#include "unecho_onnxruntime.h"

#include <string.h>
#include <unistd.h>

static const char *const engine_names[] = {
    [UNECHO_ENGINE_NEURAL] = "neural",
    [UNECHO_ENGINE_LINEAR] = "linear",
    [UNECHO_ENGINE_LINEAR_NEURAL] = "linear+neural",
};

const char *engine_choice_name(unecho_engine engine)
{
    return engine_names[engine];
}

bool engine_choice_engine(engine_choice *choice, const char *name, const char *command)
{
    for (size_t i = 0; i < sizeof(engine_names) / sizeof(engine_names[0]); i++) {
        if (strcmp(name, engine_names[i]) == 0) {
            choice->engine = (unecho_engine)i;
            return true;
        }
    }
    report_usage(command, "--engine %s: unknown; known are linear, neural and linear+neural", name);
    return false;
}

bool engine_choice_backend(engine_choice *choice, const char *name, const char *command)
{
    if (strcmp(name, "native") == 0)
        choice->backend = UNECHO_BACKEND_NATIVE;
    else if (strcmp(name, "onnxruntime") == 0)
        choice->backend = UNECHO_BACKEND_ONNXRUNTIME;
    else {
        report_usage(command, "--backend %s: unknown; known are native and onnxruntime", name);
        return false;
    }
    return true;
}

bool engine_choice_precision(engine_choice *choice, const char *name, const char *command)
{
    static const char *const names[] = {
        [UNECHO_PRECISION_FP32] = "fp32",
        [UNECHO_PRECISION_BF16] = "bf16",
        [UNECHO_PRECISION_INT8] = "int8",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            choice->precision = (unecho_precision)i;
            return true;
        }
    }
    report_usage(command, "--precision %s: unknown; known are fp32, bf16 and int8", name);
    return false;
}

bool engine_choice_check(const engine_choice *choice, const char *command)
{
    const bool native = choice->backend == UNECHO_BACKEND_NATIVE;
    if (choice->engine == UNECHO_ENGINE_LINEAR &&
        (!native || choice->precision != UNECHO_PRECISION_FP32)) {
        report_usage(command, "--engine linear has no network: no --%s for it",
                     native ? "precision" : "backend");
        return false;
    }
    if (choice->engine == UNECHO_ENGINE_NEURAL && choice->linear_tail_ms) {
        report_usage(command, "--engine neural has no linear filter: no --tail for it");
        return false;
    }
    if (native && (choice->library || choice->profile)) {
        report_usage(command, "%s goes with --backend onnxruntime only",
                     choice->library ? "--onnxruntime" : "--profile");
        return false;
    }
    if (!native && choice->precision != UNECHO_PRECISION_FP32) {
        report_usage(command, "--precision goes with the native backend only");
        return false;
    }
    return true;
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
        profile_usual_path(usual, sizeof(usual)) && access(usual, R_OK) == 0)
        settings.profile = usual;
    config->message = message;
    config->message_size = sizeof(message);
    status = unecho_open(&stream, config);
    config->onnxruntime = NULL;
    if (status != UNECHO_OK)
        report_error("cannot open a stream: %s", *message ? message : unecho_strerror(status));
    return stream;
}
