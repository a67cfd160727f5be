/* A stream's config: the defaults, and what is wrong with a given one. */
#include "config.h"

#include "linear/kalman.h"
#include "onnxruntime/profile.h"
#include "record/recorder.h"
#include "suppress/suppressor.h"

void unecho_config_init(unecho_config *config)
{
    if (config)
        *config = (unecho_config){
            .size = sizeof *config,
            .sample_rate = UNECHO_SAMPLE_RATE,
            .hops_at_once = 16,
            .cpu = UNECHO_CPU_ALL,
            .onnxruntime_stage_threads = {1, 1},
            .mic_channels = 1,
            .far_channels = 1,
            .fail_open = 1,
            .high_band = 1,
            .engine = UNECHO_ENGINE_LINEAR_NEURAL,
            .linear_tail_ms = CONFIG_TAIL_MS,
        };
}

int config_far_rate(const unecho_config *config)
{
    return config->far_rate ? config->far_rate : config->sample_rate;
}

static int check_onnxruntime(const unecho_config *config, const message *to)
{
    for (size_t i = 0; i < 2; i++)
        if (config->onnxruntime_stage_threads[i] < 1 ||
            config->onnxruntime_stage_threads[i] > ORT_THREADS_MAX)
            return message_fail(to, UNECHO_ERROR_ARGUMENT,
                                "onnxruntime_stage_threads[%zu] is %u, expected 1 to %d", i,
                                config->onnxruntime_stage_threads[i], ORT_THREADS_MAX);
    if (config->onnxruntime_untuned && config->onnxruntime_profile)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "onnxruntime_untuned leaves no room for onnxruntime_profile: choose "
                            "one of them");
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
    if (queue > 0 && (queue < CONFIG_FAR_QUEUE_MIN_MS || queue > CONFIG_FAR_QUEUE_MAX_MS))
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "far_queue_ms is %u, expected 0 or %d to %d",
                            queue, CONFIG_FAR_QUEUE_MIN_MS, CONFIG_FAR_QUEUE_MAX_MS);
    if (config_far_rate(config) != config->sample_rate && queue == 0)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "far_rate %d is another than sample_rate %d: such a far end is to be "
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

static int check_alignment(const unecho_config *config, const message *to)
{
    if ((unsigned)config->align > UNECHO_ALIGN_OFF)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "align is %d, which is none",
                            (int)config->align);
    if (config->reference_late_ms > CONFIG_LATE_MAX_MS)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "reference_late_ms is %u, expected 0 to %d",
                            config->reference_late_ms, CONFIG_LATE_MAX_MS);
    if (config->whole_hops && config->reference_late_ms % CONFIG_HOP_MS != 0)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "reference_late_ms is %u, with whole_hops expected a multiple of %d",
                            config->reference_late_ms, CONFIG_HOP_MS);
    /* Written so that NaN is out of range. */
    if (config->align == UNECHO_ALIGN_FIXED &&
        !(config->delay_ms >= -(double)config->reference_late_ms &&
          config->delay_ms <= UNECHO_DELAY_MAX_MS))
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "delay_ms is %g, expected -%u (reference_late_ms) to %d",
                            config->delay_ms, config->reference_late_ms, UNECHO_DELAY_MAX_MS);
    return UNECHO_OK;
}

static int check_linear(const unecho_config *config, const message *to)
{
    if ((unsigned)config->engine > UNECHO_ENGINE_LINEAR_NEURAL)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "engine is %d, which is none",
                            (int)config->engine);
    enum {
        LEAST = KALMAN_PARTITIONS_LEAST * CONFIG_HOP_MS,
        MOST = KALMAN_PARTITIONS_MOST * CONFIG_HOP_MS
    };
    const unsigned tail = config->linear_tail_ms;
    if (tail < LEAST || tail > MOST || tail % CONFIG_HOP_MS != 0)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "linear_tail_ms is %u, expected a multiple of %d from %d to %d", tail,
                            CONFIG_HOP_MS, LEAST, MOST);
    return UNECHO_OK;
}

static int check_network(const unecho_config *config, const message *to)
{
    if (!config->allocate != !config->release)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "allocate and release are to be given together or not at all");
    if (config->hops_at_once < 1 || config->hops_at_once > SUPPRESSOR_ROWS_MOST)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "hops_at_once is %u, expected 1 to %d",
                            config->hops_at_once, SUPPRESSOR_ROWS_MOST);
    if ((unsigned)config->precision > UNECHO_PRECISION_INT8)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "precision is %d, which is none",
                            (int)config->precision);
    /* Written so that NaN is out of range. */
    if (!(config->cell_limit >= 0.0f))
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "cell_limit is %g, expected 0 or more",
                            (double)config->cell_limit);
    switch (config->backend) {
    case UNECHO_BACKEND_NATIVE:
        return UNECHO_OK;
    case UNECHO_BACKEND_ONNXRUNTIME:
        return check_onnxruntime(config, to);
    }
    return message_fail(to, UNECHO_ERROR_ARGUMENT, "backend is %d, which is none",
                        (int)config->backend);
}

static int check_recording(const unecho_config *config, const message *to)
{
    const size_t room = config->record_room;
    if (room == 0 || (room >= RECORDER_ROOM_MIN && room <= RECORDER_ROOM_MAX))
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_ARGUMENT, "record_room is %zu, expected 0 or %d to %d",
                        room, RECORDER_ROOM_MIN, RECORDER_ROOM_MAX);
}

int config_check(const unecho_config *config, const message *to)
{
    int (*const checks[])(const unecho_config *, const message *) = {
        check_rates, check_channels, check_alignment, check_linear, check_network, check_recording};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const int status = checks[i](config, to);
        if (status < 0)
            return status;
    }
    return UNECHO_OK;
}
