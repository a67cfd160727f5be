/*
 * From options to a stream on the engine that they ask for. It does not know what the command does
 * with it.
 */
#include "engine_choice.h"

#include "report.h"
#include "tune_profile.h"

#include <string.h>
#include <unistd.h>

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
    unecho *stream = NULL;
    int status;
    config->backend = choice->backend;
    config->precision = choice->precision;
    config->onnxruntime_library = choice->library;
    config->onnxruntime_profile = choice->profile;
    if (choice->backend == UNECHO_BACKEND_ONNXRUNTIME && !choice->profile &&
        profile_usual_path(usual, sizeof(usual)) && access(usual, R_OK) == 0)
        config->onnxruntime_profile = usual;
    config->message = message;
    config->message_size = sizeof(message);
    status = unecho_open(&stream, config);
    if (status != UNECHO_OK)
        report_error("cannot open a stream: %s", *message ? message : unecho_strerror(status));
    return stream;
}
