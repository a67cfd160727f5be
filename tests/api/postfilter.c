/*
 * The built-in post-filter in a stream: its latency, the same bits on every kernel set, how close
 * bf16 and int8 come to fp32, what it does for an echo and for a talker, whether it tells them
 * apart, and what refuses it. What it shares with every kind of model is tested in chunks, many,
 * realtime, bad_samples and slowness.
 */
#include "check.h"
#include "onnx_postfilter.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 24000 };

static signal_ mic, far;
static unecho_model *model;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    return unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, NULL, 0);
}

static int tear_down(void **unused)
{
    (void)unused;
    unecho_model_unref(&model);
    free(mic.samples);
    free(far.samples);
    return 0;
}

static unecho_config with_model(void)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    return config;
}

static unecho *open_with(const unecho_config *config)
{
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    return stream;
}

static int latency_of(const unecho_config *config)
{
    unecho *stream = open_with(config);
    const int latency = unecho_latency(stream);
    unecho_close(&stream);
    return latency;
}

/* 8 ms with whole hops, 16 without; at other rates 16 ms less than DTLN-aec, which lags by 24. */
static void latency(void **unused)
{
    (void)unused;
    static const int rates[] = {8000, 16000, 44100, 48000, 192000};
    unecho_config config = with_model();
    config.whole_hops = 1;
    assert_int_equal(latency_of(&config), 128);
    config.whole_hops = 0;
    unecho_config other = config;
    assert_int_equal(unecho_model_builtin(&other.model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        config.sample_rate = other.sample_rate = rates[i];
        const double ms = 1000.0 * latency_of(&config) / rates[i];
        print_message("%d Hz: %.2f ms\n", rates[i], ms);
        assert_true(fabs(1000.0 * latency_of(&other) / rates[i] - ms - 16.0) <= 1000.0 / rates[i]);
        assert_true(rates[i] == 16000 ? ms == 16.0 : ms > 16.0 && ms <= 28.0);
    }
    unecho_model_unref(&other.model);
}

static void every_set_gives_the_same_bits(void **unused)
{
    (void)unused;
    const uint32_t cpu = unecho_cpu_features();
    float *const out = malloc(LENGTH * sizeof *out), *const first = malloc(LENGTH * sizeof *out);
    for (int p = UNECHO_PRECISION_FP32; p <= UNECHO_PRECISION_INT8; p++)
        for (uint32_t set = 0; set <= cpu; set++) {
            if ((set & cpu) != set)
                continue;
            unecho_config config = with_model();
            config.sample_rate = p == UNECHO_PRECISION_BF16 ? 44100 : 16000;
            config.cpu = set;
            config.precision = (unecho_precision)p;
            unecho *stream = open_with(&config);
            unecho_process(stream, mic.samples, far.samples, set == 0 ? first : out, LENGTH);
            if (set > 0)
                assert_memory_equal(out, first, LENGTH * sizeof *out);
            unecho_close(&stream);
        }
    free(out);
    free(first);
}

/* The whole sample through a stream; the microphone's timeline. To be freed. */
static float *whole(unecho_precision precision)
{
    unecho_config config = with_model();
    config.precision = precision;
    float *const out = calloc(mic.count, sizeof *out);
    unecho *stream = open_with(&config);
    assert_int_equal(
        unecho_process_whole(stream, mic.samples, mic.count, far.samples, far.count, out, 0),
        UNECHO_OK);
    unecho_close(&stream);
    return out;
}

static void low_precision_is_close(void **unused)
{
    (void)unused;
    float *const exact = whole(UNECHO_PRECISION_FP32);
    for (int p = UNECHO_PRECISION_BF16; p <= UNECHO_PRECISION_INT8; p++) {
        float *const out = whole((unecho_precision)p);
        const double snr = snr_db(exact, out, mic.count);
        print_message("precision %d: %.1f dB from fp32, difference at most %.2g\n", p, snr,
                      (double)max_difference(exact, out, mic.count));
        assert_true(snr > 30.0);
        free(out);
    }
    free(exact);
}

/* In the sample's first part the far end talks alone, in its second the near end. */
static void echo_goes_and_the_talker_stays(void **unused)
{
    (void)unused;
    const signal_ near = read_sample("near");
    float *const out = whole(UNECHO_PRECISION_FP32);
    double echo_before = 0.0, echo_after = 0.0, talker = 0.0, kept = 0.0;
    enum { FRAME = 1600 };
    for (size_t i = 2 * 16000; i + FRAME <= mic.count; i += FRAME) {
        const double near_db = power_db(near.samples + i, FRAME);
        const double mic_db = power_db(mic.samples + i, FRAME);
        const double before = pow(10.0, mic_db / 10.0);
        const double after = pow(10.0, power_db(out + i, FRAME) / 10.0);
        if (near_db < -65.0 && mic_db > -45.0) {
            echo_before += before;
            echo_after += after;
        } else if (near_db > -30.0 && power_db(far.samples + i, FRAME) < -65.0) {
            talker += before;
            kept += after;
        }
    }
    assert_true(echo_before > 0.0 && talker > 0.0);
    const double echo = 10.0 * log10(echo_before / echo_after);
    const double voice = 10.0 * log10(talker / kept);
    print_message("echo alone falls by %.1f dB, a talker alone by %.2f dB\n", echo, voice);
    assert_true(echo > 15.0 && voice < 1.0);
    free(out);
    free(near.samples);
}

/* By how many dB a stream lowers the last of `seconds` of hiss, with a tone of 220 Hz from `from`
 * on; the far end is silent. */
static double lost_of_tone(size_t seconds, size_t from)
{
    enum { RATE = 16000, MOST = 15 };
    const size_t count = seconds * RATE;
    assert_true(seconds <= MOST);
    static float heard[MOST * RATE], out[MOST * RATE];
    static const float silence[MOST * RATE];
    uint32_t dice = 1;
    for (size_t i = 0; i < count; i++) {
        const double tone = 0.03 * sin(6.283185307179586 * 220.0 * (double)i / (double)RATE);
        heard[i] = 1e-3f * random_float(&dice) + (i >= from * RATE ? (float)tone : 0.0f);
    }
    unecho_config config = with_model();
    unecho *stream = open_with(&config);
    unecho_process(stream, heard, silence, out, count);
    unecho_close(&stream);
    const size_t last = count - RATE;
    return power_db(heard + last, RATE) - power_db(out + last, RATE);
}

/* A held note is as steady as noise, and no speech. */
static void a_note_that_sets_in_stays(void **unused)
{
    (void)unused;
    const double note = lost_of_tone(15, 2), whine = lost_of_tone(6, 0), hiss = lost_of_tone(4, 4);
    print_message("a note held for 13 s falls by %.2f dB, a whine from the beginning by %.1f dB, "
                  "hiss by %.1f dB\n",
                  note, whine, hiss);
    assert_true(note < 1.5);
    assert_true(whine > 20.0 && hiss > 20.0);
}

/* ---- Whether the near end talks --------------------------------------------------------- */

/* Means of near_end_active over the hops of a part of the sample. */
typedef struct part_mean {
    double sum;
    size_t hops;
} part_mean;

static double mean_of(const part_mean *m)
{
    assert_true(m->hops > 100);
    return m->sum / (double)m->hops;
}

static unecho_stats stats_of(const unecho *stream)
{
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    return stats;
}

/* In the first second the network has not heard the echo yet. */
static void tells_who_talks(void **unused)
{
    (void)unused;
    enum { AROUND = 800 };
    const signal_ near = read_sample("near");
    part_mean echo = {0}, talker = {0}, both = {0};
    size_t active = 0;
    float out[UNECHO_HOP];
    unecho_config config = with_model();
    unecho *stream = open_with(&config);
    assert_true(stats_of(stream).near_end_active == -1.0f);
    for (size_t i = 0; i + UNECHO_HOP <= mic.count; i += UNECHO_HOP) {
        unecho_process(stream, mic.samples + i, far.samples + i, out, UNECHO_HOP);
        const double now = (double)stats_of(stream).near_end_active;
        assert_true(now >= 0.0 && now <= 1.0);
        active += now >= 0.5;
        if (i < 16000 + AROUND || i + AROUND > mic.count)
            continue;
        const double near_db = power_db(near.samples + i - AROUND, (size_t)2 * AROUND);
        const double far_db = power_db(far.samples + i - AROUND, (size_t)2 * AROUND);
        part_mean *const part = near_db < -65.0 && far_db > -40.0   ? &echo
                                : near_db > -30.0 && far_db < -65.0 ? &talker
                                : near_db > -30.0 && far_db > -40.0 ? &both
                                                                    : NULL;
        if (part) {
            part->sum += now;
            part->hops++;
        }
    }
    print_message("echo %.3f, a talker %.3f, both %.3f\n", mean_of(&echo), mean_of(&talker),
                  mean_of(&both));
    assert_true(mean_of(&echo) < 0.1 && mean_of(&talker) > 0.9 && mean_of(&both) > 0.8);
    assert_true(fabs((double)stats_of(stream).near_end_seconds - 0.008 * (double)active) < 0.01);
    unecho_reset(stream);
    assert_true(stats_of(stream).near_end_active == -1.0f);
    assert_true(stats_of(stream).near_end_seconds == 0.0f);
    unecho_close(&stream);
    free(near.samples);
}

/* After LENGTH samples from the 12th second on, in chunks of n. */
static unecho_stats heard_in_chunks(const unecho_config *config, size_t n)
{
    enum { FROM = 12 * 16000 };
    static float out[LENGTH];
    unecho *stream = open_with(config);
    for (size_t i = 0; i < LENGTH; i += n)
        unecho_process(stream, mic.samples + FROM + i, far.samples + FROM + i, out + i, n);
    const unecho_stats stats = stats_of(stream);
    unecho_close(&stream);
    return stats;
}

static void near_end_is_the_same_in_any_chunks(void **unused)
{
    (void)unused;
    unecho_config config = with_model();
    const unecho_stats plain = heard_in_chunks(&config, LENGTH);
    assert_true(plain.near_end_active >= 0.0f && plain.near_end_seconds > 0.5f);
    for (unsigned hops = 1; hops <= 16; hops += 5) {
        config.hops_at_once = hops;
        const unecho_stats stats = heard_in_chunks(&config, hops == 6 ? 100 : 4000);
        assert_true(stats.near_end_active == plain.near_end_active);
        assert_true(stats.near_end_seconds == plain.near_end_seconds);
    }
}

static void near_end_of_many(void **unused)
{
    (void)unused;
    enum { COUNT = 3, FROM = 12 * 16000 };
    static float out[COUNT][LENGTH];
    unecho_config config = with_model();
    const unecho_stats alone = heard_in_chunks(&config, LENGTH);
    unecho *streams[COUNT];
    const float *mics[COUNT], *fars[COUNT];
    float *outs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        config.hops_at_once = i == 0 ? 16 : 1;
        streams[i] = open_with(&config);
        mics[i] = mic.samples + (i == 1 ? FROM : 0);
        fars[i] = far.samples + (i == 1 ? FROM : 0);
        outs[i] = out[i];
    }
    assert_int_equal(unecho_process_many(streams, mics, fars, outs, COUNT, LENGTH), UNECHO_OK);
    const unecho_stats stats = stats_of(streams[1]);
    assert_true(stats.near_end_active == alone.near_end_active);
    assert_true(stats.near_end_seconds == alone.near_end_seconds);
    for (size_t i = 0; i < COUNT; i++)
        unecho_close(&streams[i]);
}

/* An older model has one exponent for all hops, whoever talks. */
static void where_nothing_tells_it_says_so(void **unused)
{
    (void)unused;
    proto *const tree = postfilter_of_old();
    const bytes file = proto_write(tree);
    proto_free(tree);
    unecho_model *old = NULL;
    assert_int_equal(unecho_model_load_memory(&old, file.at, file.size, NULL, 0, NULL, 0),
                     UNECHO_OK);
    free(file.at);
    unecho_config config = with_model();
    const unecho_stats now = heard_in_chunks(&config, LENGTH);
    config.model = old;
    const unecho_stats before = heard_in_chunks(&config, LENGTH);
    print_message("output: %.2f dB, by a model that cannot tell %.2f\n", (double)now.out_db,
                  (double)before.out_db);
    assert_true(fabsf(now.out_db - before.out_db) <= 1.0f);
    assert_true(before.near_end_active == -1.0f && before.near_end_seconds == 0.0f);
    config.model = NULL;
    config.engine = UNECHO_ENGINE_LINEAR;
    assert_true(heard_in_chunks(&config, LENGTH).near_end_active == -1.0f);
    config.engine = UNECHO_ENGINE_NEURAL;
    assert_true(heard_in_chunks(&config, LENGTH).near_end_active == -1.0f);
    unecho_model_unref(&old);
}

/* ---- Refusing --------------------------------------------------------------------------- */

static void refused(unecho_config config, const char *expected)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    unecho *stream = NULL;
    config.message = message;
    config.message_size = sizeof message;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
    assert_null(stream);
    if (!strstr(message, expected))
        fail_msg("'%s' does not contain '%s'", message, expected);
}

static void what_cannot_run_it_says_so(void **unused)
{
    (void)unused;
    unecho_config config = with_model();
    config.engine = UNECHO_ENGINE_NEURAL;
    refused(config, "a post-filter, which needs the linear filter");
    config = with_model();
    config.backend = UNECHO_BACKEND_ONNXRUNTIME;
    refused(config, "does not run a post-filter");
}

static void tells_what_it_is(void **unused)
{
    (void)unused;
    unecho_model_info info = {.size = sizeof info};
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_OK);
    assert_int_equal(info.kind, UNECHO_MODEL_POSTFILTER);
    assert_int_equal(info.files, 1);
    assert_int_equal(info.units, 160);
    assert_int_equal(info.parameters, 409831);
    assert_string_equal(info.name, "unecho-post");
    assert_string_equal(info.description, "post-filter, 160 units");
    unecho_model *none = NULL;
    assert_int_equal(unecho_model_builtin(&none, (unecho_model_kind)0, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_model_builtin(&none, (unecho_model_kind)3, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency),
        cmocka_unit_test(every_set_gives_the_same_bits),
        cmocka_unit_test(low_precision_is_close),
        cmocka_unit_test(echo_goes_and_the_talker_stays),
        cmocka_unit_test(a_note_that_sets_in_stays),
        cmocka_unit_test(tells_who_talks),
        cmocka_unit_test(near_end_is_the_same_in_any_chunks),
        cmocka_unit_test(near_end_of_many),
        cmocka_unit_test(where_nothing_tells_it_says_so),
        cmocka_unit_test(what_cannot_run_it_says_so),
        cmocka_unit_test(tells_what_it_is),
    };
    return cmocka_run_group_tests_name("postfilter", tests, set_up, tear_down);
}
