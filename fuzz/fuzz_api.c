/*
 * A script of calls on a few streams: opened with right and wrong configs, fed chunks of any length
 * and kind of samples, together and alone, reset, asked, closed. Each answer must be what the
 * header allows, every sample out a finite one, nothing written beside the output, and every byte
 * that the hooks gave returned.
 */
#include "../tests/onnx_writer.h"
#include "fuzz.h"
#include "unecho.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 4, MOST = 800, MOST_CALLS = 100 };

/* Beside every output buffer, and found there again. */
static const float canary = 12345.0f;

static unecho_model *small_model;
static size_t allocated;

typedef struct player {
    unecho *streams[STREAMS];
    float mic[STREAMS][MOST], far[STREAMS][MOST], out[STREAMS][MOST + 1];
    int16_t mic16[MOST], far16[MOST], out16[MOST + 1];
    input in;
} player;

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_api: %s\n", what);
    abort();
}

static void *allocate(void *user, size_t size)
{
    const int *const fails = user;
    if (*fails)
        return NULL;
    allocated++;
    return malloc(size);
}

static void release(void *user, void *memory)
{
    (void)user;
    allocated--;
    free(memory);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    bytes files[2] = {small_bytes(1), small_bytes(2)};
    (void)count;
    (void)words;
    const int status = unecho_model_load_memory(&small_model, files[0].at, files[0].size,
                                                files[1].at, files[1].size, NULL, 0);
    free(files[0].at);
    free(files[1].at);
    expect(status == UNECHO_OK, "the small model does not load");
    return 0;
}

static void check_status(int status)
{
    expect(status <= 0 && status >= UNECHO_ERROR_BACKEND, "a status that is none");
}

/* A sample of any kind; most of them ordinary. */
static float sample(unsigned kind, uint32_t *seed)
{
    static const float odd[] = {0.0f,  NAN,    INFINITY, -INFINITY, 1e30f,
                                -2.0f, 1e-40f, -0.0f,    100.0f,    1.0f};
    *seed = *seed * 1664525u + 1013904223u;
    if (kind % 4 == 0)
        return odd[(*seed >> 16) % (sizeof odd / sizeof *odd)];
    if (kind % 4 == 1)
        return odd[kind / 4 % (sizeof odd / sizeof *odd)];
    return (float)(int32_t)*seed / 4294967296.0f;
}

static void fill(player *p, size_t stream, size_t n)
{
    const unsigned mic = take_byte(&p->in), far = take_byte(&p->in);
    uint32_t seed = mic + far * 256u + 1u;
    for (size_t i = 0; i < n; i++) {
        p->mic[stream][i] = sample(mic, &seed);
        p->far[stream][i] = sample(far, &seed);
    }
    p->out[stream][n] = canary;
}

static void check_output(const player *p, size_t stream, int status, const float *out, size_t n)
{
    check_status(status);
    expect(p->out[stream][n] == canary, "a sample written beyond the output");
    for (size_t i = 0; i < n && status == UNECHO_OK; i++)
        expect(isfinite(out[i]), "an output that is not finite");
}

static size_t take_count(input *in)
{
    const unsigned n = take_short(in);
    return n % 2 ? n / 2 % (MOST + 1) : n / 2 % (MOST / UNECHO_HOP + 1) * UNECHO_HOP;
}

/* ---- The calls -------------------------------------------------------------------------- */

static void call_open(player *p, size_t at)
{
    static int no = 0, yes = 1;
    char text[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    const unsigned flags = take_byte(&p->in), odd = take_byte(&p->in);
    config.model = small_model;
    config.whole_hops = flags & 1;
    config.hops_at_once = take_byte(&p->in) % 66;
    config.precision = (unecho_precision)(take_byte(&p->in) % 4);
    config.cpu = flags & 2 ? UNECHO_CPU_ALL : take_byte(&p->in);
    config.sample_rate = odd == 1 ? (int)take_short(&p->in) : config.sample_rate;
    config.backend = (unecho_backend)(odd == 2 ? (int)take_byte(&p->in) : UNECHO_BACKEND_NATIVE);
    config.size -= odd == 3 ? take_byte(&p->in) : 0u;
    if (flags & 4) {
        config.allocate = allocate;
        config.release = odd == 4 ? NULL : release;
        config.user = odd == 5 ? &yes : &no;
    }
    config.cell_limit = flags & 16 ? (float)take_byte(&p->in) / 16.0f - 1.0f : 0.0f;
    if (flags & 32) {
        static const int rates[] = {8000, 16000, 44100, 48000, 192000};
        config.sample_rate = rates[take_byte(&p->in) % (sizeof rates / sizeof *rates)];
        config.align = (unecho_align)(take_byte(&p->in) % 4);
        config.delay_ms = (double)take_byte(&p->in) - 100.0;
        config.reference_late_ms = take_byte(&p->in) * 5;
        config.fail_open = flags & 64;
    }
    config.message = flags & 8 ? text : NULL;
    config.message_size = flags & 8 ? 1 + take_byte(&p->in) : 0;
    unecho_close(&p->streams[at]);
    const int status = unecho_open(odd == 6 ? NULL : &p->streams[at], &config);
    check_status(status);
    expect((status == UNECHO_OK) == (p->streams[at] != NULL), "status and stream disagree");
    if (flags & 8 && config.size == sizeof config)
        expect(memchr(text, 0, config.message_size) != NULL &&
                   (text[0] == 0) == (status == UNECHO_OK || config.message_size == 1),
               "a failure without a message, or the reverse");
}

static void call_process(player *p, size_t at)
{
    const size_t n = take_count(&p->in);
    const unsigned how = take_byte(&p->in);
    fill(p, at, n);
    float *const out = how & 1 ? p->out[at] : how & 2 ? p->mic[at] : p->far[at];
    const int status =
        unecho_process(p->streams[at], p->mic[at], how & 4 ? NULL : p->far[at], out, n);
    check_output(p, at, status, out, n);
}

static void call_process_int16(player *p, size_t at)
{
    const size_t n = take_count(&p->in);
    uint32_t seed = take_byte(&p->in);
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        p->mic16[i] = (int16_t)(seed >> 16);
        p->far16[i] = (int16_t)(seed >> 8);
    }
    p->out16[n] = 4321;
    check_status(unecho_process_int16(p->streams[at], p->mic16, p->far16, p->out16, n));
    expect(p->out16[n] == 4321, "a sample written beyond the output");
}

static void call_many(player *p)
{
    const size_t n = take_count(&p->in), count = take_byte(&p->in) % (STREAMS + 1);
    const float *mic[STREAMS], *far[STREAMS];
    float *out[STREAMS];
    for (size_t i = 0; i < count; i++) {
        fill(p, i, n);
        mic[i] = p->mic[i];
        far[i] = i == 1 ? NULL : p->far[i];
        out[i] = p->out[i];
    }
    const int status = unecho_process_many(p->streams, mic, far, out, count, n);
    for (size_t i = 0; i < count; i++)
        check_output(p, i, status, out[i], n);
}

static void call_whole(player *p, size_t at)
{
    const size_t n = take_count(&p->in), far_n = take_count(&p->in);
    const unsigned options = take_byte(&p->in) % 5;
    fill(p, at, n > far_n ? n : far_n);
    p->out[at][n] = canary;
    const int status =
        unecho_process_whole(p->streams[at], p->mic[at], n, p->far[at], far_n, p->out[at], options);
    check_output(p, at, status, p->out[at], n);
}

static void call_ask(player *p, size_t at)
{
    unecho_stats stats = {.size = sizeof stats - (take_byte(&p->in) == 1)};
    unecho_model_info info = {.size = sizeof info - (take_byte(&p->in) == 1)};
    check_status(unecho_get_stats(p->streams[at], &stats));
    check_status(unecho_model_get_info(small_model, &info));
    const int latency = unecho_latency(p->streams[at]);
    expect(latency == UNECHO_ERROR_ARGUMENT || latency >= UNECHO_BLOCK - UNECHO_HOP,
           "a latency that is none");
    expect(unecho_kernels(p->streams[at]) != NULL, "kernels without a name");
}

/* A second owner comes and goes. */
static void call_share(void)
{
    unecho_model *other = unecho_model_ref(small_model);
    expect(other == small_model, "another model");
    unecho_model_unref(&other);
    expect(other == NULL, "a pointer to what was given back");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static player p;
    p.in = (input){data, size};
    for (unsigned calls = 0; calls < MOST_CALLS && p.in.left > 0; calls++) {
        const unsigned call = take_byte(&p.in);
        const size_t at = call / 16 % STREAMS;
        switch (call % 16) {
        case 0:
        case 1:
        case 2:
            call_open(&p, at);
            break;
        case 3:
        case 4:
        case 5:
        case 6:
            call_process(&p, at);
            break;
        case 7:
        case 8:
            call_process_int16(&p, at);
            break;
        case 9:
        case 10:
            call_many(&p);
            break;
        case 11:
            call_whole(&p, at);
            break;
        case 12:
            check_status(unecho_reset(p.streams[at]));
            break;
        case 13:
            call_ask(&p, at);
            break;
        case 14:
            unecho_close(&p.streams[at]);
            break;
        default:
            call_share();
        }
    }
    for (size_t i = 0; i < STREAMS; i++)
        unecho_close(&p.streams[i]);
    expect(allocated == 0, "memory from the hooks that was not returned");
    return 0;
}
