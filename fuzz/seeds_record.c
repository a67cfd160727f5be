/* Records of short streams for fuzz_record, which the library wrote itself. */
#include "seeds.h"
#include "unecho_model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 150, CHANNELS_MOST = 2, ROOM = 1 << 16 };

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
static void call_all(unecho *stream, int pushed)
{
    const float *const mics[] = {mic, mic + N}, *const fars[] = {far, far + N};
    const float *const m = mic, *const f = pushed ? NULL : far;
    float *const outs[] = {out, out + N}, *const o = out;
    unecho_process(stream, mic, f, out, N);
    unecho_push_far(stream, far, N);
    unecho_process_int16(stream, mic16, pushed ? NULL : far16, out16, 31);
    unecho_push_far_int16(stream, far16, 31);
    unecho_notify_gap(stream, 50, 70);
    unecho_process_planar(stream, mics, pushed ? NULL : fars, outs, 31);
    unecho_push_far_planar(stream, fars, 31);
    unecho_process_many(&stream, &m, &f, (float *const *)&o, 1, 31);
    unecho_next_call(stream);
    unecho_reset(stream);
    unecho_process_whole(stream, mic, 40, far, 60, out, UNECHO_NORMALIZE_PEAK);
}

static void write_record(const char *folder, const char *name, const unecho_config *given,
                         size_t room)
{
    static unsigned char bytes[ROOM];
    unecho_config config = *given;
    unecho *stream = NULL;
    size_t size = 0;
    config.record_capacity = room;
    if (unecho_open(&stream, &config) < 0) {
        fprintf(stderr, "seeds: cannot open a stream for %s\n", name);
        exit(1);
    }
    call_all(stream, config.far_queue_ms > 0);
    unecho_record_read(stream, bytes, sizeof bytes, &size);
    unecho_close(&stream);
    seed_write(folder, name, bytes, size);
}

void seeds_record(const char *folder)
{
    unecho_config config;
    fill();
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
    config.engine = UNECHO_ENGINE_NEURAL;
    config.align = UNECHO_ALIGN_FIXED;
    config.whole_hops = 1;
    write_record(folder, "whole_hops", &config, ROOM);
}
