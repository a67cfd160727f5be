/*
 * The public interface at its edges: bad arguments, hooks, references, whole signals, statistics.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "signals.h"
#include "unecho_model.h"
#include "unecho_onnxruntime.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 20000 };

/* The lag of the default network in samples. */
enum { LAG = 128 };

static unecho *open_default(void)
{
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, NULL), UNECHO_OK);
    return stream;
}

static void null_pointers(void **unused)
{
    (void)unused;
    float x[128] = {0};
    unecho *stream = open_default(), *none = NULL;
    unecho_model *model = NULL;
    assert_int_equal(unecho_open(NULL, NULL), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process(NULL, x, x, x, 128), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process(stream, NULL, x, x, 128), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process(stream, x, x, NULL, 128), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process(stream, NULL, NULL, NULL, 0), UNECHO_OK);
    assert_int_equal(unecho_reset(NULL), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_latency(NULL), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_get_stats(stream, NULL), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process_whole(stream, NULL, 1, x, 1, x, 0), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process_whole(stream, x, 1, NULL, 1, x, 0), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_process_whole(stream, x, 1, x, 1, x, 8), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_load(&model, NULL, NULL, 0), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_load(NULL, "x", NULL, 0), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_load_files(&model, NULL, "x", NULL, 0), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_builtin(NULL, UNECHO_MODEL_POSTFILTER, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_load_memory(&model, NULL, 1, x, 1, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    /* More than memory can hold, by one byte and by all of them. */
    assert_int_equal(unecho_model_load_memory(&model, x, SIZE_MAX, x, 1, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_load_memory(&model, x, 1, x, (size_t)PTRDIFF_MAX + 1, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_builtin(NULL, UNECHO_MODEL_DTLN_AEC, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    char why[UNECHO_MESSAGE_SIZE];
    assert_int_equal(unecho_model_builtin(&model, (unecho_model_kind)3, why, sizeof why),
                     UNECHO_ERROR_ARGUMENT);
    assert_string_equal(why, "kind is 3, expected 1 or 2");
    assert_int_equal(unecho_model_get_info(NULL, NULL), UNECHO_ERROR_ARGUMENT);
    assert_null(unecho_model_ref(NULL));
    assert_string_equal(unecho_kernels(NULL), "");
    size_t got = 7;
    assert_int_equal(unecho_record_read(NULL, x, sizeof x, &got), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_record_read(stream, x, sizeof x, &got), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(got, 7); /* nothing is recorded */
    unecho_model_unref(NULL);
    unecho_model_unref(&model);
    unecho_close(NULL);
    unecho_close(&none);
    unecho_close(&stream);
    assert_null(stream);
}

static void configs_out_of_range(void **unused)
{
    (void)unused;
    unecho *stream = NULL;
    unecho_config good, config;
    unecho_config_init(&good);

    config = good;
    config.hops_at_once = 0;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
    config.hops_at_once = 65;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
    assert_null(stream);
}

/* Less than the message fields, sizes that cut fields in two, and sizes that were never set. */
static void sizes_of_no_struct(void **unused)
{
    (void)unused;
    static const size_t none[] = {
        0, 1, 8, 3 * sizeof(size_t) - 1, 3 * sizeof(size_t) + 1, 100000, SIZE_MAX};
    unecho *stream = NULL, *open = open_default();
    unecho_config config;
    unecho_onnxruntime settings = {.size = sizeof settings};
    unecho_config_init(&config);
    config.onnxruntime = &settings;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        unecho_stats stats = {.size = none[i], .frames = 7};
        assert_int_equal(unecho_get_stats(open, &stats), UNECHO_ERROR_ARGUMENT);
        assert_true(stats.size == none[i] && stats.frames == 7);
        config.size = none[i];
        assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
        config.size = sizeof config;
        settings.size = none[i];
        assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
        settings.size = sizeof settings;
        assert_null(stream);
    }
    unecho_close(&open);
}

/* What lies behind the caller's struct is not taken for fields. */
static void nothing_is_read_beyond_the_size(void **unused)
{
    (void)unused;
    unecho *stream = NULL;
    unecho_config config;
    unecho_onnxruntime settings = {.size = offsetof(unecho_onnxruntime, stage_threads),
                                   .stage_threads = {1000, 1000}};
    unecho_config_init(&config);
    config.onnxruntime = &settings;
    config.size = offsetof(unecho_config, backend);
    config.backend = (unecho_backend)99;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_close(&stream);
    config.size = 3 * sizeof(size_t);
    config.engine = (unecho_engine)99;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_close(&stream);
}

/* A config is refused with that status and a message that contains these words. */
static void assert_refused(unecho_config config, int status, const char *const words[3])
{
    char message[UNECHO_MESSAGE_SIZE] = "left over";
    unecho *stream = NULL;
    config.message = message;
    config.message_size = sizeof message;
    assert_int_equal(unecho_open(&stream, &config), status);
    assert_null(stream);
    for (size_t i = 0; i < 3 && words[i]; i++)
        if (!strstr(message, words[i]))
            fail_msg("\"%s\" does not say \"%s\"", message, words[i]);
}

#define REFUSED(change, status, ...)                                                               \
    do {                                                                                           \
        unecho_config config;                                                                      \
        unecho_config_init(&config);                                                               \
        change;                                                                                    \
        assert_refused(config, status, (const char *const[3]){__VA_ARGS__});                       \
    } while (0)

/* Every message names the field, its value, and the values allowed. */
static void fields_of_the_front_end(void **unused)
{
    (void)unused;
    const int rate = UNECHO_ERROR_SAMPLE_RATE, wrong = UNECHO_ERROR_ARGUMENT;
    REFUSED(config.sample_rate = 7999, rate, "sample_rate", "7999", "8000 to 192000");
    REFUSED(config.sample_rate = 192001, rate, "sample_rate", "192001", "8000 to 192000");
    REFUSED(config.sample_rate = 0, rate, "sample_rate", "is 0", "8000 to 192000");
    REFUSED(config.sample_rate = -16000, rate, "sample_rate", "-16000", "8000 to 192000");
    REFUSED((config.far_rate = 4000, config.far_queue_ms = 100), rate, "far_rate", "4000",
            "8000 to 192000");
    REFUSED((config.far_rate = -1, config.far_queue_ms = 100), rate, "far_rate", "-1",
            "8000 to 192000");
    REFUSED(config.far_rate = 48000, wrong, "far_rate 48000", "16000", "far_queue_ms");
    REFUSED(config.far_queue_ms = 19, wrong, "far_queue_ms", "19", "20 to 2000");
    REFUSED(config.far_queue_ms = 2001, wrong, "far_queue_ms", "2001", "20 to 2000");
    REFUSED(config.mic_channels = 0, wrong, "mic_channels", "is 0", "1 to 8");
    REFUSED(config.mic_channels = 9, wrong, "mic_channels", "9", "1 to 8");
    REFUSED(config.far_channels = 0, wrong, "far_channels", "is 0", "1 to 8");
    REFUSED(config.far_channels = 9, wrong, "far_channels", "9", "1 to 8");
    REFUSED(config.mic_channel = 1, wrong, "mic_channel", "is 1", "0 to 0");
    REFUSED(config.mic_channel = -2, wrong, "mic_channel", "-2", "-1");
    REFUSED((config.mic_channels = 4, config.mic_channel = 4), wrong, "mic_channel", "is 4",
            "0 to 3");
    REFUSED(config.align = (unecho_align)3, wrong, "align", "is 3", "0 to 2");
    REFUSED(config.precision = (unecho_precision)4, wrong, "precision", "is 4", "0 to 3");
    REFUSED(config.backend = (unecho_backend)2, wrong, "backend", "is 2", "0 to 1");
    REFUSED(config.reference_late_ms = 1001, wrong, "reference_late_ms", "1001", "0 to 1000");
    REFUSED((config.reference_late_ms = 20, config.whole_hops = 1), wrong, "reference_late_ms",
            "20", "multiple of 8");
    REFUSED((config.align = UNECHO_ALIGN_FIXED, config.delay_ms = -1.0), wrong, "delay_ms", "-1",
            "1000");
    REFUSED((config.align = UNECHO_ALIGN_FIXED, config.delay_ms = 1000.5), wrong, "delay_ms",
            "1000.5", "1000");
    REFUSED((config.align = UNECHO_ALIGN_FIXED, config.delay_ms = (double)NAN), wrong, "delay_ms",
            "nan", "1000");
    REFUSED(
        (config.align = UNECHO_ALIGN_FIXED, config.reference_late_ms = 50, config.delay_ms = -50.1),
        wrong, "delay_ms", "-50.1", "-50");
    REFUSED((config.whole_hops = 1, config.sample_rate = 48000), wrong, "whole_hops", "16000");
    REFUSED((config.whole_hops = 1, config.far_rate = 48000, config.far_queue_ms = 50), wrong,
            "whole_hops", "16000");
}

static void records(void **unused)
{
    (void)unused;
    const int wrong = UNECHO_ERROR_ARGUMENT;
    unsigned char bytes[10];
    size_t got = 7;
    REFUSED(config.record_capacity = 4095, wrong, "record_capacity", "4095",
            "0 or 4096 to 1073741824");
    REFUSED(config.record_capacity = (1u << 30) + 1, wrong, "record_capacity", "1073741825",
            "4096");
    unecho_config config;
    unecho *stream = NULL;
    unecho_config_init(&config);
    config.record_capacity = 4096;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(unecho_record_read(stream, NULL, 1, &got), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_record_read(stream, bytes, sizeof bytes, NULL), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_record_read(stream, NULL, 0, &got), UNECHO_OK);
    assert_int_equal(got, 0);
    assert_int_equal(unecho_record_read(stream, bytes, sizeof bytes, &got), UNECHO_OK);
    assert_int_equal(got, sizeof bytes);
    assert_memory_equal(bytes, "unecho\r\n", 8);
    unecho_close(&stream);
}

/* At the limits of what is allowed, streams open. */
static void edges_of_the_front_end(void **unused)
{
    (void)unused;
    unecho_config config;
    for (int i = 0; i < 2; i++) {
        unecho *stream = NULL;
        unecho_config_init(&config);
        config.hops_at_once = i ? 1 : 64;
        config.sample_rate = i ? UNECHO_RATE_MIN : UNECHO_RATE_MAX;
        config.far_rate = i ? UNECHO_RATE_MAX : UNECHO_RATE_MIN;
        config.far_queue_ms = i ? 20 : 2000;
        config.mic_channels = i ? 8 : 1;
        config.mic_channel = i ? 7 : UNECHO_CHANNEL_MEAN;
        config.far_channels = i ? 1 : 8;
        config.reference_late_ms = i ? 0 : 1000;
        config.align = UNECHO_ALIGN_FIXED;
        config.delay_ms = i ? 1000.0 : -1000.0;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
        const size_t n = 3 * UNECHO_RATE_MIN;
        float *const m = calloc(n * 8, sizeof *m), *const f = calloc(n * 8, sizeof *f);
        uint32_t seed = 3;
        for (size_t k = 0; k < n * 8; k++) {
            m[k] = 0.1f * random_float(&seed);
            f[k] = 0.1f * random_float(&seed);
        }
        assert_int_equal(unecho_push_far(stream, f, n), UNECHO_OK);
        assert_int_equal(unecho_process(stream, m, NULL, m, n), UNECHO_OK);
        for (size_t k = 0; k < n * config.mic_channels; k++)
            assert_true(isfinite(m[k]));
        unecho_close(&stream);
        free(m);
        free(f);
    }
}

static void calls_of_the_front_end(void **unused)
{
    (void)unused;
    float x[256] = {0};
    int16_t y[256] = {0};
    const float *const one[] = {x, x}, *const hole[] = {x, NULL};
    float *const out[] = {x, x + 128}, *const out_hole[] = {x, NULL};
    unecho_config config;
    unecho_config_init(&config);
    config.mic_channels = config.far_channels = 2;
    unecho *along = NULL, *apart = NULL;
    assert_int_equal(unecho_open(&along, &config), UNECHO_OK);
    config.far_queue_ms = 100;
    assert_int_equal(unecho_open(&apart, &config), UNECHO_OK);
    const int wrong = UNECHO_ERROR_ARGUMENT;
    /* Passed with the microphone where it must be pushed, pushed where it must be passed. */
    assert_int_equal(unecho_process(apart, x, x, x, 64), wrong);
    assert_int_equal(unecho_process_int16(apart, y, y, y, 64), wrong);
    assert_int_equal(unecho_process_planar(apart, one, one, out, 64), wrong);
    assert_int_equal(unecho_push_far(along, x, 64), wrong);
    assert_int_equal(unecho_push_far_int16(along, y, 64), wrong);
    assert_int_equal(unecho_push_far_planar(along, one, 64), wrong);
    /* Missing pointers. */
    assert_int_equal(unecho_push_far(NULL, x, 64), wrong);
    assert_int_equal(unecho_push_far(apart, NULL, 64), wrong);
    assert_int_equal(unecho_push_far(apart, NULL, 0), UNECHO_OK);
    assert_int_equal(unecho_push_far_int16(NULL, y, 64), wrong);
    assert_int_equal(unecho_push_far_int16(apart, NULL, 64), wrong);
    assert_int_equal(unecho_push_far_planar(NULL, one, 64), wrong);
    assert_int_equal(unecho_push_far_planar(apart, NULL, 64), wrong);
    assert_int_equal(unecho_push_far_planar(apart, hole, 64), wrong);
    assert_int_equal(unecho_push_far_planar(apart, NULL, 0), UNECHO_OK);
    assert_int_equal(unecho_process_planar(NULL, one, one, out, 64), wrong);
    assert_int_equal(unecho_process_planar(along, NULL, one, out, 64), wrong);
    assert_int_equal(unecho_process_planar(along, hole, one, out, 64), wrong);
    assert_int_equal(unecho_process_planar(along, one, hole, out, 64), wrong);
    assert_int_equal(unecho_process_planar(along, one, one, NULL, 64), wrong);
    assert_int_equal(unecho_process_planar(along, one, one, out_hole, 64), wrong);
    assert_int_equal(unecho_process_planar(along, NULL, NULL, NULL, 0), UNECHO_OK);
    assert_int_equal(unecho_notify_gap(NULL, 1, 1), wrong);
    assert_int_equal(unecho_notify_gap(along, UINT64_MAX, 0), UNECHO_OK);
    assert_int_equal(unecho_notify_gap(apart, 0, UINT64_MAX), UNECHO_OK);
    assert_int_equal(unecho_notify_gap(apart, UINT64_MAX, 0), UNECHO_OK);
    /* Nothing was consumed, and both continue. */
    unecho_stats stats = {.size = sizeof stats};
    unecho_get_stats(along, &stats);
    assert_int_equal(stats.frames, 0);
    assert_int_equal(unecho_process_planar(along, one, NULL, out, 64), UNECHO_OK);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(unecho_push_far(apart, x, 128), UNECHO_OK);
        assert_int_equal(unecho_process(apart, x, NULL, x, 128), UNECHO_OK);
    }
    unecho_close(&along);
    unecho_close(&apart);
}

static void chunk_that_breaks_the_promise(void **unused)
{
    (void)unused;
    unecho_config config;
    unecho_config_init(&config);
    config.whole_hops = 1;
    unecho *stream = NULL;
    float x[256] = {0};
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(unecho_process(stream, x, x, x, 100), UNECHO_ERROR_CHUNK);
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    assert_int_equal(stats.frames, 0);
    assert_int_equal(unecho_process(stream, x, x, x, 256), UNECHO_OK);
    unecho_close(&stream);
}

typedef struct heap {
    size_t taken, given_back, bytes;
    int refuse;
} heap;

static void *allocate(void *user, size_t size)
{
    heap *const h = user;
    if (h->refuse)
        return NULL;
    h->taken++;
    h->bytes = size;
    return malloc(size);
}

static void release(void *user, void *memory)
{
    heap *const h = user;
    h->given_back++;
    free(memory);
}

static void hooks(void **unused)
{
    (void)unused;
    heap h = {0};
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.allocate = allocate;
    config.user = &h;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
    config.release = release;
    config.hops_at_once = 1;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(h.taken, 1);
    print_message("a live stream takes %zu bytes\n", h.bytes);
    unecho_close(&stream);
    assert_int_equal(h.given_back, 1);

    h.refuse = 1;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_MEMORY);
    assert_null(stream);
}

static void every_status_has_words(void **unused)
{
    (void)unused;
    enum { FIRST = UNECHO_OK, LAST = UNECHO_STATUS_LAST };
    for (int a = FIRST; a >= LAST; a--) {
        assert_non_null(unecho_strerror(a));
        assert_true(strlen(unecho_strerror(a)) > 0);
        /* Different from all others, and from what unknown ones are called. */
        for (int b = a - 1; b >= LAST - 1; b--)
            assert_string_not_equal(unecho_strerror(a), unecho_strerror(b));
    }
    assert_string_equal(unecho_strerror(FIRST + 1), unecho_strerror(LAST - 1));
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", UNECHO_VERSION_MAJOR, UNECHO_VERSION_MINOR,
             UNECHO_VERSION_PATCH);
    assert_string_equal(unecho_version(), expected);
}

/* A stream keeps its model alive. */
static void model_references(void **unused)
{
    (void)unused;
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE] = "left over";
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, message, sizeof message),
                     UNECHO_OK);
    assert_string_equal(message, "");
    unecho_model *second = unecho_model_ref(model);
    assert_ptr_equal(second, model);
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_model_unref(&model);
    unecho_model_unref(&second);
    float x[512] = {0};
    assert_int_equal(unecho_process(stream, x, x, x, 512), UNECHO_OK);
    unecho_close(&stream);
}

static void model_info(void **unused)
{
    (void)unused;
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    unecho_model_info info = {.size = sizeof info};
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_OK);
    assert_int_equal(info.units, 128);
    assert_int_equal(info.parameters, 494981 + 1314304);
    assert_string_equal(info.name, "unecho-128");
    assert_string_equal(info.producer, "unecho");
    const uint64_t hash = info.hash;
    unecho_model_unref(&model);
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_OK);
    assert_true(hash != 0 && info.hash == hash);
    /* What the size includes, and not a byte beyond it. */
    unecho_model_info part = {.size = offsetof(unecho_model_info, hash), .hash = 5};
    assert_int_equal(unecho_model_get_info(model, &part), UNECHO_OK);
    assert_int_equal(part.parameters, info.parameters);
    assert_int_equal(part.hash, 5);
    part = (unecho_model_info){.size = offsetof(unecho_model_info, hash) + sizeof part.hash};
    assert_int_equal(unecho_model_get_info(model, &part), UNECHO_OK);
    assert_int_equal(part.hash, hash);
    info.size = 1;
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_ERROR_ARGUMENT);
    unecho_model_unref(&model);
}

/* ---- Whole signals ---------------------------------------------------------------------- */

/* The seconds of the beginning, silence after its end, until enough of the far end was heard. */
static void learn(unecho *stream, const float *mic, const float *far, size_t n)
{
    static float padded_mic[UNECHO_SAMPLE_RATE], padded_far[UNECHO_SAMPLE_RATE];
    unecho_stats stats = {.size = sizeof stats};
    for (size_t t = 0; t < UNECHO_LEARN_SECONDS_MOST && t * UNECHO_SAMPLE_RATE < n; t++) {
        const size_t at = t * UNECHO_SAMPLE_RATE, left = n - at;
        const size_t some = left < UNECHO_SAMPLE_RATE ? left : UNECHO_SAMPLE_RATE;
        memset(padded_mic, 0, sizeof padded_mic);
        memset(padded_far, 0, sizeof padded_far);
        memcpy(padded_mic, mic + at, some * sizeof *mic);
        memcpy(padded_far, far + at, some * sizeof *far);
        unecho_process(stream, padded_mic, padded_far, padded_mic, UNECHO_SAMPLE_RATE);
        assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
        if (stats.far_active_seconds >= UNECHO_LEARN_FAR_SECONDS)
            break;
    }
    assert_int_equal(stats.far_active_seconds > 0 ? unecho_next_call(stream) : unecho_reset(stream),
                     UNECHO_OK);
}

/* What the whole-signal call does, done with a stream: the beginning is processed twice, silence
 * comes first, the latency is removed. */
static void by_streaming(const float *mic, const float *far, size_t n, float *out, size_t lag)
{
    const size_t length = n + LAG + LAG + 512;
    float *const padded_mic = calloc(length, sizeof *padded_mic);
    float *const padded_far = calloc(length, sizeof *padded_far);
    memcpy(padded_mic + LAG, mic, n * sizeof *mic);
    memcpy(padded_far + LAG, far, n * sizeof *far);
    unecho *stream = open_default();
    learn(stream, mic, far, n);
    unecho_process(stream, padded_mic, padded_far, padded_mic, length);
    memcpy(out, padded_mic + LAG + 128 + lag, n * sizeof *out);
    unecho_close(&stream);
    free(padded_mic);
    free(padded_far);
}

static void whole_signal_equals_the_stream(void **unused)
{
    (void)unused;
    static const size_t lengths[] = {0, 1, 127, 128, 500, 2048, LENGTH};
    const signal_ mic = noise_signal(LENGTH, 0.3f, 21), far = noise_signal(LENGTH, 0.3f, 22);
    float *const out = malloc(LENGTH * sizeof *out), *const expected = malloc(LENGTH * sizeof *out);
    unecho *stream = open_default();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (unsigned options = 0; options <= UNECHO_KEEP_LATENCY; options++) {
            const size_t n = lengths[i];
            by_streaming(mic.samples, far.samples, n, expected,
                         options & UNECHO_KEEP_LATENCY ? 0 : LAG);
            out[n < LENGTH ? n : 0] = 7.0f;
            assert_int_equal(
                unecho_process_whole(stream, mic.samples, n, far.samples, n, out, options),
                UNECHO_OK);
            assert_memory_equal(out, expected, n * sizeof *out);
            if (n < LENGTH)
                assert_true(out[n] == 7.0f); /* not a sample more */
        }
    /* In place. */
    memcpy(out, mic.samples, LENGTH * sizeof *out);
    unecho_process_whole(stream, out, LENGTH, far.samples, LENGTH, out, UNECHO_KEEP_LATENCY);
    assert_memory_equal(out, expected, LENGTH * sizeof *out);
    unecho_close(&stream);
    free(out);
    free(expected);
    free(mic.samples);
    free(far.samples);
}

static void whole_signal_with_other_lengths(void **unused)
{
    (void)unused;
    const signal_ mic = noise_signal(LENGTH, 0.3f, 31), far = noise_signal(LENGTH, 0.3f, 32);
    float *const cut = calloc(LENGTH, sizeof *cut);
    float *const out = malloc(LENGTH * sizeof *out), *const expected = malloc(LENGTH * sizeof *out);
    memcpy(cut, far.samples, 5000 * sizeof *cut);
    unecho *stream = open_default();
    unecho_process_whole(stream, mic.samples, LENGTH, cut, LENGTH, expected, 0);
    unecho_process_whole(stream, mic.samples, LENGTH, far.samples, 5000, out, 0);
    assert_memory_equal(out, expected, LENGTH * sizeof *out);
    /* A far end that is longer is cut. */
    unecho_process_whole(stream, mic.samples, 5000, far.samples, 5000, expected, 0);
    unecho_process_whole(stream, mic.samples, 5000, far.samples, LENGTH, out, 0);
    assert_memory_equal(out, expected, 5000 * sizeof *out);
    /* A missing one is silence. */
    memset(cut, 0, LENGTH * sizeof *cut);
    unecho_process_whole(stream, mic.samples, 5000, cut, 5000, expected, 0);
    unecho_process_whole(stream, mic.samples, 5000, NULL, 0, out, 0);
    assert_memory_equal(out, expected, 5000 * sizeof *out);
    unecho_close(&stream);
    free(cut);
    free(out);
    free(expected);
    free(mic.samples);
    free(far.samples);
}

static void peak_rule(void **unused)
{
    (void)unused;
    signal_ mic = noise_signal(LENGTH, 4.0f, 41);
    const signal_ far = noise_signal(LENGTH, 0.001f, 42);
    float *const plain = malloc(LENGTH * sizeof *plain), *const out = malloc(LENGTH * sizeof *out);
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    /* It lets noise through. */
    config.engine = UNECHO_ENGINE_LINEAR;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    for (int loud = 0; loud <= 1; loud++) {
        unecho_process_whole(stream, mic.samples, LENGTH, far.samples, LENGTH, plain, 0);
        unecho_process_whole(stream, mic.samples, LENGTH, far.samples, LENGTH, out,
                             UNECHO_NORMALIZE_PEAK);
        float peak = 0.0f;
        for (size_t i = 0; i < LENGTH; i++)
            peak = fmaxf(peak, fabsf(plain[i]));
        print_message("peak %g\n", (double)peak);
        assert_true((peak > 1.0f) == !loud);
        for (size_t i = 0; i < LENGTH; i++)
            assert_true(out[i] == (peak > 1.0f ? plain[i] * (0.99f / peak) : plain[i]));
        for (size_t i = 0; i < LENGTH; i++)
            mic.samples[i] *= 0.01f;
    }
    unecho_close(&stream);
    free(plain);
    free(out);
    free(mic.samples);
    free(far.samples);
}

/* ---- Statistics ------------------------------------------------------------------------- */

static void statistics(void **unused)
{
    (void)unused;
    enum { HOPS = 100, N = HOPS * UNECHO_HOP };
    const signal_ mic = noise_signal(N, 0.3f, 51), far = noise_signal(N, 0.3f, 52);
    float *const out = malloc(N * sizeof *out);
    unecho_config config;
    unecho_config_init(&config);
    config.whole_hops = 1;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    assert_true(stats.frames == 0 && stats.erle_db == 0.0f && stats.mic_db == -INFINITY);

    unecho_process(stream, mic.samples, far.samples, out, N);
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    assert_int_equal(stats.frames, N);
    float peak = 0.0f;
    for (size_t i = 0; i < N; i++)
        peak = fmaxf(peak, fabsf(out[i]));
    assert_true(stats.peak == peak);
    /* The output's timeline: the microphone, LAG samples late. */
    const double shift = 10.0 * log10((double)(N - LAG) / (double)N);
    assert_true(fabs((double)stats.mic_db - (power_db(mic.samples, N - LAG) + shift)) < 0.01);
    assert_true(fabs((double)stats.far_db - (power_db(far.samples, N - LAG) + shift)) < 0.01);
    assert_true(fabs((double)stats.out_db - power_db(out, N)) < 0.01);
    assert_true(stats.far_active_seconds > 0.5f && stats.far_active_seconds <= 0.8f);

    unecho_reset(stream);
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    assert_true(stats.frames == 0 && stats.peak == 0.0f && stats.erle_db == 0.0f);
    stats.size = 3;
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_ERROR_ARGUMENT);
    unecho_close(&stream);
    free(out);
    free(mic.samples);
    free(far.samples);
}

static void levels_of_late(void **unused)
{
    (void)unused;
    /* 5 s loud, 0.304 s at a tenth, 3.2 s of silence in the far end. */
    enum { LOUD = 625, QUIET = 38, SILENT = 400 };
    float mic[UNECHO_HOP], far[UNECHO_HOP], out[UNECHO_HOP];
    unecho_config config;
    unecho_stats stats = {.size = sizeof stats}, before = stats;
    unecho *stream = NULL;
    unecho_config_init(&config);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.align = UNECHO_ALIGN_OFF;
    config.whole_hops = 1; /* without latency */
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    assert_true(stats.mic_now_db == -INFINITY && stats.erle_now_db == 0.0f);
    uint32_t seed = 7;
    for (int hop = 0; hop < LOUD + QUIET + SILENT; hop++) {
        const float level = hop < LOUD ? 0.5f : hop < LOUD + QUIET ? 0.05f : 0.0f;
        for (size_t i = 0; i < UNECHO_HOP; i++) {
            far[i] = random_bits(&seed) & 1 ? level : -level;
            mic[i] = 0.5f * far[i];
        }
        unecho_process(stream, mic, far, out, UNECHO_HOP);
        if (hop == LOUD + QUIET - 1)
            unecho_get_stats(stream, &before);
    }
    /* The loud part has faded for QUIET hops with a time constant of 0.3 s. */
    const double left = exp(-0.008 * (double)QUIET / 0.3),
                 power = 0.25 * (left + (1.0 - left) / 100.0);
    assert_true(fabs((double)before.far_now_db - 10.0 * log10(power)) < 0.01);
    assert_true(fabs((double)before.mic_now_db - 10.0 * log10(0.25 * power)) < 0.01);
    assert_true(before.out_now_db < before.mic_now_db - 20.0f);
    /* The echo of the start, before the filter knew it, no longer counts. */
    assert_true(before.erle_now_db > before.erle_db);
    /* Another 10.7 time constants; without a far end there is no ERLE to change. */
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    const double fallen = (double)(before.far_now_db - stats.far_now_db);
    assert_true(fabs(fallen - 10.0 * log10(exp(0.008 * (double)SILENT / 0.3))) < 0.01);
    assert_true(stats.erle_now_db == before.erle_now_db);
    unecho_close(&stream);
}

static void environment_restricts_the_kernels(void **unused)
{
    (void)unused;
    setenv("UNECHO_CPU", "plain", 1);
    unecho *stream = open_default();
    assert_string_equal(unecho_kernels(stream), "plain");
    unecho_close(&stream);
    setenv("UNECHO_CPU", "avx1024", 1);
    char why[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    config.message = why;
    config.message_size = sizeof why;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
    assert_non_null(strstr(why, "UNECHO_CPU is 'avx1024', expected plain"));
    unsetenv("UNECHO_CPU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_pointers),
        cmocka_unit_test(configs_out_of_range),
        cmocka_unit_test(sizes_of_no_struct),
        cmocka_unit_test(nothing_is_read_beyond_the_size),
        cmocka_unit_test(fields_of_the_front_end),
        cmocka_unit_test(records),
        cmocka_unit_test(edges_of_the_front_end),
        cmocka_unit_test(calls_of_the_front_end),
        cmocka_unit_test(chunk_that_breaks_the_promise),
        cmocka_unit_test(hooks),
        cmocka_unit_test(every_status_has_words),
        cmocka_unit_test(model_references),
        cmocka_unit_test(model_info),
        cmocka_unit_test(whole_signal_equals_the_stream),
        cmocka_unit_test(whole_signal_with_other_lengths),
        cmocka_unit_test(peak_rule),
        cmocka_unit_test(statistics),
        cmocka_unit_test(levels_of_late),
        cmocka_unit_test(environment_restricts_the_kernels),
    };
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
