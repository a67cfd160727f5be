#include "backends.h"

#include "check.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

void need_onnxruntime(void)
{
    const char *const library = getenv("UNECHO_ONNXRUNTIME");
    const char *const ci = getenv("CI");
    if (library && *library)
        return;
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("UNECHO_ONNXRUNTIME does not say where ONNX Runtime is");
    print_message("skipped: UNECHO_ONNXRUNTIME does not say where ONNX Runtime is "
                  "(scripts/onnxruntime.sh fetches it)\n");
    skip();
}

unecho_model *reference_model(const char *name)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE];
    if (unecho_model_load(&model, reference_path("models/%s", name), message, sizeof message) < 0)
        fail_msg("%s", message);
    return model;
}

unecho *open_stream(const unecho_config *config)
{
    unecho_config with_message = *config;
    char message[UNECHO_MESSAGE_SIZE];
    with_message.message = message;
    with_message.message_size = sizeof message;
    unecho *stream = NULL;
    if (unecho_open(&stream, &with_message) < 0)
        fail_msg("%s", message);
    return stream;
}

unecho_config config_for(unecho_backend backend, unecho_model *model)
{
    unecho_config config = reference_config();
    config.backend = backend;
    config.model = model;
    return config;
}

float *stream_signal(unecho *stream, const signal_ *mic, const signal_ *far, size_t chunk)
{
    float *const out = malloc((mic->count + 1) * sizeof *out);
    for (size_t i = 0; i < mic->count; i += chunk) {
        const size_t n = mic->count - i < chunk ? mic->count - i : chunk;
        assert_int_equal(unecho_process(stream, mic->samples + i, far->samples + i, out + i, n),
                         UNECHO_OK);
    }
    return out;
}
