#include "bench/backend.h"

#include "unecho_onnxruntime.h"

const struct backend backend_rows[] = {
    {.name = "onnxruntime untuned",
     .least_snr_db = 50,
     .kind = UNECHO_BACKEND_ONNXRUNTIME,
     .untuned = true,
     .stage_threads = {1, 1}},
    {.name = "onnxruntime 2+4",
     .least_snr_db = 50,
     .kind = UNECHO_BACKEND_ONNXRUNTIME,
     .stage_threads = {2, 4}},
    {.name = "onnxruntime tuned here",
     .least_snr_db = 50,
     .kind = UNECHO_BACKEND_ONNXRUNTIME,
     .tuned_here = true,
     .stage_threads = {1, 1}},
    {.name = "native fp32", .least_snr_db = 50, .precision = UNECHO_PRECISION_FP32},
    {.name = "native bf16", .least_snr_db = 35, .precision = UNECHO_PRECISION_BF16},
    {.name = "native int8", .least_snr_db = 20, .precision = UNECHO_PRECISION_INT8},
};

const size_t backend_row_count = sizeof(backend_rows) / sizeof(backend_rows[0]);

bool backend_is_called(const struct backend *backend, const char *text, size_t length)
{
    const char *name = backend->name;
    for (size_t i = 0; i < length; i++, name++)
        if (*name != text[i] && !(*name == ' ' && text[i] == '-'))
            return false;
    return length > 0 && (*name == '\0' || *name == ' ');
}

int backend_open(unecho **stream, const struct backend *backend, unecho_model *model, size_t chunk,
                 char *message, size_t message_size)
{
    const size_t hops = chunk / UNECHO_HOP;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = chunk % UNECHO_HOP == 0;
    config.hops_at_once = (unsigned)(hops < 1                         ? 1
                                     : hops > UNECHO_HOPS_AT_ONCE_MAX ? UNECHO_HOPS_AT_ONCE_MAX
                                                                      : hops);
    /* Measure the network alone: on every hop, on the two ends as they are. */
    config.align = UNECHO_ALIGN_OFF;
    config.engine = UNECHO_ENGINE_NEURAL;
    config.message = message;
    config.message_size = message_size;
    config.backend = backend->kind;
    config.precision = backend->precision;
    const unecho_onnxruntime settings = {
        .size = sizeof(settings),
        .library = backend->library,
        .profile = backend->profile,
        .stage_threads = {backend->stage_threads[0], backend->stage_threads[1]},
    };
    config.onnxruntime = &settings;
    return unecho_open(stream, &config);
}
