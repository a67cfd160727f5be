#include "config.h"

#include "linear/kalman.h"
#include "sized.h"

static const unecho_config defaults = {
    .size = sizeof defaults,
    .engine = UNECHO_ENGINE_LINEAR_NEURAL,
    .sample_rate = UNECHO_SAMPLE_RATE,
    .mic_channels = 1,
    .far_channels = 1,
    .hops_at_once = 16,
    .precision = UNECHO_PRECISION_AUTO,
    .linear_tail_ms = KALMAN_PARTITIONS * CONFIG_HOP_MS,
    .noise_reduction_db = UNECHO_NOISE_REDUCTION_DB,
    .suppression = 1.0f,
    .high_band = 1,
    .cpu = UNECHO_CPU_ALL,
};

_Static_assert(sizeof(void *) < 8 ||
                   (offsetof(unecho_config, cell_limit) + sizeof(float) == sizeof(unecho_config) &&
                    offsetof(unecho_onnxruntime, reserved) + sizeof(int) ==
                        sizeof(unecho_onnxruntime)),
               "no padding at the end");

enum {
    /* Every config has the message fields, so that every error can be reported. */
    CONFIG_LEAST = offsetof(unecho_config, message_size) + sizeof(size_t),
    ONNXRUNTIME_LEAST = offsetof(unecho_onnxruntime, library) + sizeof(const char *),
};

void unecho_config_init_size(unecho_config *config, size_t size)
{
    if (config)
        sized_write(config, size, &defaults, sizeof defaults);
}

static int unknown_fields(const char *name, size_t size, size_t own_size, const message *to)
{
    return message_fail(to, UNECHO_ERROR_ARGUMENT,
                        "%s has %zu bytes, of which unecho %s knows %zu, and the others are not 0: "
                        "the program was built with a newer header",
                        name, size, unecho_version(), own_size);
}

static int read_onnxruntime(unecho_onnxruntime *own, const unecho_onnxruntime *given,
                            const message *to)
{
    if (given) {
        const size_t size = given->size;
        if (!sized_possible(size, ONNXRUNTIME_LEAST, sizeof *own))
            return message_fail(to, UNECHO_ERROR_ARGUMENT, "onnxruntime->size is %zu, expected %zu",
                                size, sizeof *own);
        if (!sized_read(own, sizeof *own, given, size))
            return unknown_fields("onnxruntime", size, sizeof *own, to);
    }
    for (size_t i = 0; i < 2; i++)
        if (own->stage_threads[i] == 0)
            own->stage_threads[i] = 1;
    return UNECHO_OK;
}

int config_read(full_config *full, const unecho_config *given, message *to)
{
    *to = (message){0};
    *full = (full_config){defaults, {.size = sizeof full->onnxruntime}};
    unecho_config *const config = &full->config;
    if (given) {
        const size_t size = given->size;
        /* With an invalid size no field can be trusted, the message buffer included. */
        if (!sized_possible(size, CONFIG_LEAST, sizeof *config))
            return UNECHO_ERROR_ARGUMENT;
        *to = message_begin(given->message, given->message_size);
        if (!sized_read(config, sizeof *config, given, size))
            return unknown_fields("config", size, sizeof *config, to);
    }
    const int status = read_onnxruntime(&full->onnxruntime, config->onnxruntime, to);
    config->onnxruntime = &full->onnxruntime;
    return status;
}

int config_far_rate(const unecho_config *config)
{
    return config->far_rate ? config->far_rate : config->sample_rate;
}

static int check_onnxruntime(const unecho_config *config, const message *to)
{
    for (size_t i = 0; i < 2; i++)
        if (config->onnxruntime->stage_threads[i] > UNECHO_ONNXRUNTIME_THREADS_MAX)
            return message_fail(to, UNECHO_ERROR_ARGUMENT,
                                "onnxruntime->stage_threads[%zu] is %u, expected 0 to %d", i,
                                config->onnxruntime->stage_threads[i],
                                UNECHO_ONNXRUNTIME_THREADS_MAX);
    return UNECHO_OK;
}

static int check_rate(const char *name, int rate, const message *to)
{
    if (rate >= UNECHO_RATE_MIN && rate <= UNECHO_RATE_MAX)
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_SAMPLE_RATE, "%s is %d, expected %d to %d", name, rate,
                        UNECHO_RATE_MIN, UNECHO_RATE_MAX);
}

static int check_rates(const unecho_config *config, const message *to)
{
    int status = check_rate("sample_rate", config->sample_rate, to);
    if (status == UNECHO_OK)
        status = check_rate("far_rate", config_far_rate(config), to);
    if (status < 0)
        return status;
    const unsigned queue = config->far_queue_ms;
    if (queue > 0 && (queue < UNECHO_FAR_QUEUE_MIN_MS || queue > UNECHO_FAR_QUEUE_MAX_MS))
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "far_queue_ms is %u, expected 0 or %d to %d",
                            queue, UNECHO_FAR_QUEUE_MIN_MS, UNECHO_FAR_QUEUE_MAX_MS);
    if (config_far_rate(config) != config->sample_rate && queue == 0)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "far_rate %d differs from sample_rate %d: such a far end has to be "
                            "pushed, which needs far_queue_ms",
                            config_far_rate(config), config->sample_rate);
    if (config->whole_hops && (config->sample_rate != UNECHO_SAMPLE_RATE ||
                               config_far_rate(config) != UNECHO_SAMPLE_RATE))
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "whole_hops needs both rates to be %d",
                            UNECHO_SAMPLE_RATE);
    return UNECHO_OK;
}

static int check_channels(const unecho_config *config, const message *to)
{
    const unsigned counts[] = {config->mic_channels, config->far_channels};
    static const char *const names[] = {"mic_channels", "far_channels"};
    for (size_t i = 0; i < 2; i++)
        if (counts[i] < 1 || counts[i] > UNECHO_CHANNELS_MAX)
            return message_fail(to, UNECHO_ERROR_ARGUMENT, "%s is %u, expected 1 to %d", names[i],
                                counts[i], UNECHO_CHANNELS_MAX);
    if (config->mic_channel != UNECHO_CHANNEL_MEAN &&
        (config->mic_channel < 0 || (unsigned)config->mic_channel >= config->mic_channels))
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "mic_channel is %d, expected 0 to %u, or %d for the mean",
                            config->mic_channel, config->mic_channels - 1, UNECHO_CHANNEL_MEAN);
    return UNECHO_OK;
}

/* One of an enum, whose values go from 0 to `last`. */
static int check_choice(const char *name, int value, int last, const message *to)
{
    if (value >= 0 && value <= last)
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_ARGUMENT, "%s is %d, expected 0 to %d", name, value, last);
}

static int check_alignment(const unecho_config *config, const message *to)
{
    const int status = check_choice("align", (int)config->align, UNECHO_ALIGN_OFF, to);
    if (status < 0)
        return status;
    if (config->reference_late_ms > UNECHO_REFERENCE_LATE_MAX_MS)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "reference_late_ms is %u, expected 0 to %d",
                            config->reference_late_ms, UNECHO_REFERENCE_LATE_MAX_MS);
    if (config->whole_hops && config->reference_late_ms % CONFIG_HOP_MS != 0)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "reference_late_ms is %u, with whole_hops expected a multiple of %d",
                            config->reference_late_ms, CONFIG_HOP_MS);
    /* Written so that NaN is out of range. */
    if (config->align == UNECHO_ALIGN_FIXED &&
        !(config->delay_ms >= -(double)config->reference_late_ms &&
          config->delay_ms <= UNECHO_DELAY_MAX_MS))
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "delay_ms is %g, expected %d (reference_late_ms) to %d",
                            config->delay_ms, -(int)config->reference_late_ms, UNECHO_DELAY_MAX_MS);
    return UNECHO_OK;
}

static int check_linear(const unecho_config *config, const message *to)
{
    const int status = check_choice("engine", (int)config->engine, UNECHO_ENGINE_LINEAR_NEURAL, to);
    if (status < 0)
        return status;
    const unsigned tail = config->linear_tail_ms;
    if (tail < UNECHO_LINEAR_TAIL_MIN_MS || tail > UNECHO_LINEAR_TAIL_MAX_MS ||
        tail % CONFIG_HOP_MS != 0)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "linear_tail_ms is %u, expected a multiple of %d from %d to %d", tail,
                            CONFIG_HOP_MS, UNECHO_LINEAR_TAIL_MIN_MS, UNECHO_LINEAR_TAIL_MAX_MS);
    return UNECHO_OK;
}

static int check_network(const unecho_config *config, const message *to)
{
    if (!config->allocate != !config->release)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "allocate and release must both be given, or neither");
    if (config->noise_reduction_db > UNECHO_NOISE_REDUCTION_MAX_DB)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "noise_reduction_db is %u, expected 0 to %d",
                            config->noise_reduction_db, UNECHO_NOISE_REDUCTION_MAX_DB);
    if (!config_suppression_valid(config->suppression))
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "suppression is %g, expected 0 to %d",
                            (double)config->suppression, UNECHO_SUPPRESSION_MAX);
    if (config->hops_at_once < 1 || config->hops_at_once > UNECHO_HOPS_AT_ONCE_MAX)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "hops_at_once is %u, expected 1 to %d",
                            config->hops_at_once, UNECHO_HOPS_AT_ONCE_MAX);
    int status = check_choice("precision", (int)config->precision, UNECHO_PRECISION_AUTO, to);
    if (status < 0)
        return status;
    /* Written so that NaN is out of range. */
    if (!(config->cell_limit >= 0.0f))
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "cell_limit is %g, expected 0 or more",
                            (double)config->cell_limit);
    status = check_choice("backend", (int)config->backend, UNECHO_BACKEND_ONNXRUNTIME, to);
    return status == UNECHO_OK && config->backend == UNECHO_BACKEND_ONNXRUNTIME
               ? check_onnxruntime(config, to)
               : status;
}

static int check_record(const unecho_config *config, const message *to)
{
    const size_t capacity = config->record_capacity;
    if (capacity == 0 ||
        (capacity >= UNECHO_RECORD_CAPACITY_MIN && capacity <= UNECHO_RECORD_CAPACITY_MAX))
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_ARGUMENT, "record_capacity is %zu, expected 0 or %d to %d",
                        capacity, UNECHO_RECORD_CAPACITY_MIN, UNECHO_RECORD_CAPACITY_MAX);
}

int config_check(const unecho_config *config, const message *to)
{
    int (*const checks[])(const unecho_config *, const message *) = {
        check_rates, check_channels, check_alignment, check_linear, check_network, check_record};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const int status = checks[i](config, to);
        if (status < 0)
            return status;
    }
    return UNECHO_OK;
}
