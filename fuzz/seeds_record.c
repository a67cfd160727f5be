/* Records of short streams for fuzz_record, which the library wrote itself. */
#include "seeds.h"
#include "unecho_model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 150, CHANNELS_MOST = 3, ROOM = 1 << 16 };

static float mic[N * CHANNELS_MOST], far[N * CHANNELS_MOST], out[N * CHANNELS_MOST];
static int16_t mic16[N * CHANNELS_MOST], far16[N * CHANNELS_MOST], out16[N * CHANNELS_MOST];

static void fill(void)
{
    uint32_t seed = 1;
    for (size_t i = 0; i < N * CHANNELS_MOST; i++) {
        seed = seed * 1664525u + 1013904223u;
        far16[i] = (int16_t)(seed >> 18);
        mic16[i] = (int16_t)(far16[i] / 3);
        far[i] = (float)far16[i] / 32767.0f;
        mic[i] = (float)mic16[i] / 32767.0f;
    }
}

/* Every kind of call in every form; some are refused. */
static void call_all(unecho *stream, const unecho_config *config)
{
    const int pushed = config->far_queue_ms > 0;
    const float *const mics[] = {mic, mic + N, mic + 2 * N};
    const float *const fars[] = {far, far + N, far + 2 * N};
    const float *const m = mic, *const f = pushed ? NULL : far;
    float *const outs[] = {out, out + N, out + 2 * N}, *const o = out;
    unecho_process(stream, mic, f, out, N);
    unecho_push_far(stream, far, N);
    unecho_process_int16(stream, mic16, pushed ? NULL : far16, out16, 31);
    unecho_push_far_int16(stream, far16, 31);
    unecho_notify_gap(stream, 50, 70);
    unecho_set_suppression(stream, 0.5f);
    unecho_set_noise_reduction(stream, 6);
    unecho_set_comfort_noise(stream, 1);
    unecho_process_planar(stream, mics, pushed ? NULL : fars, outs, 31);
    unecho_push_far_planar(stream, fars, 31);
    unecho_process_many(&stream, &m, &f, (float *const *)&o, 1, 31);
    unecho_reset(stream);
    if (config->engine == UNECHO_ENGINE_LINEAR_NEURAL)
        return; /* these take seconds of sound there, at each replay */
    unecho_next_call(stream);
    unecho_process_whole(stream, mic, 40, far, 60, out, UNECHO_NORMALIZE_PEAK);
}

static size_t make_record(unsigned char *bytes, size_t most, const unecho_config *given,
                          size_t room)
{
    unecho_config config = *given;
    unecho *stream = NULL;
    size_t size = 0;
    fill();
    config.record_capacity = room;
    if (unecho_open(&stream, &config) < 0) {
        fputs("seeds: cannot open a stream\n", stderr);
        exit(1);
    }
    call_all(stream, &config);
    unecho_record_read(stream, bytes, most, &size);
    unecho_close(&stream);
    return size;
}

static void write_record(const char *folder, const char *name, const unecho_config *config,
                         size_t room)
{
    static unsigned char bytes[ROOM];
    seed_write(folder, name, bytes, make_record(bytes, sizeof bytes, config, room));
}

size_t seed_record(unsigned char *bytes, size_t most)
{
    unecho_config config;
    unecho_config_init(&config);
    config.hops_at_once = 1;
    return make_record(bytes, most, &config, ROOM);
}

void seeds_record(const char *folder)
{
    unecho_config config;
    unecho_config_init(&config);
    config.hops_at_once = 1;
    write_record(folder, "default", &config, ROOM);
    write_record(folder, "full", &config, 4096);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.linear_tail_ms = UNECHO_LINEAR_TAIL_MIN_MS;
    config.align = UNECHO_ALIGN_OFF;
    write_record(folder, "linear", &config, ROOM);
    config.mic_channels = config.far_channels = 2;
    config.sample_rate = 48000;
    config.far_rate = 8000;
    config.far_queue_ms = 20;
    write_record(folder, "pushed", &config, ROOM);
    unecho_config_init(&config);
    config.hops_at_once = 1;
    config.mic_channels = config.far_channels = 3;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    config.reference_late_ms = 8;
    config.noise_reduction_db = 0;
    write_record(folder, "channels", &config, ROOM);
    config.sample_rate = 48000;
    config.high_band = 0;
    config.comfort_noise = 1;
    config.noise_reduction_db = 40;
    config.precision = UNECHO_PRECISION_BF16;
    write_record(folder, "settings", &config, ROOM);
    unecho_config_init(&config);
    config.engine = UNECHO_ENGINE_NEURAL;
    config.align = UNECHO_ALIGN_FIXED;
    config.whole_hops = 1;
    write_record(folder, "whole_hops", &config, ROOM);
}
