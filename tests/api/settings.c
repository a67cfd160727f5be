/*
 * The settings that may change while a stream runs: what each does to echo, voice and noise, that a
 * change applies from the next hop on without a click, and that it is each stream's own.
 */
#include "check.h"
#include "signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000 };

static signal_ mic, far, near;

/* The sample in a room with noise of -50 dB. */
static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    near = read_sample("near");
    uint32_t seed = 7;
    for (size_t i = 0; i < mic.count; i++)
        mic.samples[i] += 5.477e-3f * random_float(&seed);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    return 0;
}

static unecho *open_with(const unecho_config *config)
{
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    return stream;
}

/* The whole sample through a stream. To be freed. */
static float *whole(const unecho_config *config)
{
    float *const out = calloc(mic.count, sizeof *out);
    unecho *stream = open_with(config);
    assert_int_equal(
        unecho_process_whole(stream, mic.samples, mic.count, far.samples, far.count, out, 0),
        UNECHO_OK);
    unecho_close(&stream);
    return out;
}

/* ---- What they do ---------------------------------------------------------------------------- */

enum { BLOCK = RATE / 50 };

/* Mean level in dB of x in the blocks of 20 ms, after four seconds, in which the near end is silent
 * and its echo is above -35 dB (heard 1) or below -65 dB (0). */
static double level_where(const float *x, int heard)
{
    double sum = 0.0;
    size_t count = 0;
    for (size_t at = 4 * RATE; at + BLOCK <= near.count; at += BLOCK) {
        const double echo = power_db(far.samples + at, BLOCK);
        if (power_db(near.samples + at, BLOCK) > -70.0 || (heard ? echo < -35.0 : echo > -65.0))
            continue;
        sum += power_db(x + at, BLOCK);
        count++;
    }
    assert_true(count >= 40);
    return sum / (double)count;
}

/* Mean change in dB where the near end talks. */
static double voice_change(const float *x)
{
    double sum = 0.0;
    size_t count = 0;
    for (size_t at = 4 * RATE; at + BLOCK <= near.count; at += BLOCK) {
        const double voice = power_db(near.samples + at, BLOCK);
        if (voice < -35.0)
            continue;
        sum += power_db(x + at, BLOCK) - voice;
        count++;
    }
    return sum / (double)count;
}

static void noise_stays_at_its_level(void **unused)
{
    (void)unused;
    static const unsigned reductions[] = {0, 6, 12, 20};
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
        unecho_config config;
        unecho_config_init(&config);
        config.noise_reduction_db = reductions[i];
        config.comfort_noise = reductions[i] == 20;
        float *const out = whole(&config);
        const double talking = level_where(out, 1), silent = level_where(out, 0);
        print_message("noise of -50 dB, reduced by %u: %.1f dB beside the echo, %.1f without\n",
                      reductions[i], talking, silent);
        assert_true(fabs(talking - (-50.0 - reductions[i])) < 2.0);
        assert_true(fabs(silent - talking) < 3.0);
        assert_true(fabs(voice_change(out)) < 2.0);
        free(out);
    }
}

static void suppression_trades_echo_for_voice(void **unused)
{
    (void)unused;
    static const float strengths[] = {0.0f, 0.5f, 1.0f, 2.0f};
    double echo_before = 1.0, voice_before = 1.0;
    for (size_t i = 0; i < sizeof strengths / sizeof *strengths; i++) {
        unecho_config config;
        unecho_config_init(&config);
        config.suppression = strengths[i];
        float *const out = whole(&config);
        const double echo = level_where(out, 1), voice = voice_change(out);
        print_message("suppression %g: far end alone %.1f dB, voice %+.2f dB\n",
                      (double)strengths[i], echo, voice);
        if (i == 0)
            assert_true(voice > -0.5);
        /* Below that there is only noise, which stays while a talker is there. */
        assert_true(echo < echo_before - 3.0 || echo < -100.0 || i == 0);
        assert_true(voice < voice_before);
        echo_before = echo;
        voice_before = voice;
        free(out);
    }
}

/* ---- While a stream runs --------------------------------------------------------------------- */

enum { LENGTH = 6 * RATE, FIRST = 2 * RATE };

static void run(unecho *stream, float *out, size_t from, size_t to, size_t chunk)
{
    for (size_t at = from, n; at < to; at += n) {
        n = to - at < chunk ? to - at : chunk;
        assert_int_equal(unecho_process(stream, mic.samples + at, far.samples + at, out + at, n),
                         UNECHO_OK);
    }
}

static void change(unecho *stream)
{
    assert_int_equal(unecho_set_suppression(stream, 0.25f), UNECHO_OK);
    assert_int_equal(unecho_set_noise_reduction(stream, 6), UNECHO_OK);
    assert_int_equal(unecho_set_comfort_noise(stream, 1), UNECHO_OK);
}

static float largest_step(const float *x, size_t from, size_t to)
{
    float most = 0.0f;
    for (size_t i = from; i < to; i++)
        most = fmaxf(most, fabsf(x[i] - x[i - 1]));
    return most;
}

/* The same bits for other chunks; nothing before the change, and no click after it. */
static void a_change_applies_at_once(void **unused)
{
    (void)unused;
    enum { HOP_LATER = 3 * UNECHO_HOP };
    static float same[LENGTH], one[LENGTH], other[LENGTH];
    unecho *stream = open_with(NULL);
    run(stream, same, 0, LENGTH, 1000);
    unecho_reset(stream);
    run(stream, one, 0, FIRST, 77);
    change(stream);
    run(stream, one, FIRST, LENGTH, 4096);
    unecho_close(&stream);
    stream = open_with(NULL);
    run(stream, other, 0, FIRST, 5000);
    change(stream);
    run(stream, other, FIRST, LENGTH, 128);
    unecho_close(&stream);
    assert_memory_equal(one, other, sizeof one);
    assert_memory_equal(one, same, FIRST * sizeof *one);
    assert_true(max_difference(one + FIRST, same + FIRST, HOP_LATER) > 0.0f);
    assert_true(largest_step(one, FIRST, FIRST + 1600) <=
                largest_step(mic.samples, FIRST - 512, FIRST + 1600));
}

/* As if it had been opened with them; a reset keeps them. */
static void set_is_as_opened(void **unused)
{
    (void)unused;
    static float one[LENGTH], other[LENGTH];
    unecho_config config;
    unecho_config_init(&config);
    config.suppression = 0.25f;
    config.noise_reduction_db = 6;
    config.comfort_noise = 1;
    unecho *stream = open_with(&config);
    run(stream, one, 0, LENGTH, 1000);
    unecho_close(&stream);
    stream = open_with(NULL);
    change(stream);
    run(stream, other, 0, FIRST, 1000);
    unecho_reset(stream);
    run(stream, other, 0, LENGTH, 1000);
    unecho_close(&stream);
    assert_memory_equal(one, other, sizeof one);
}

/* Without a far end: the microphone itself from when noise reduction is off, and no longer. */
static void noise_reduction_off_and_on(void **unused)
{
    (void)unused;
    static float out[LENGTH];
    const size_t third = LENGTH / 3 / UNECHO_HOP * UNECHO_HOP;
    unecho *stream = open_with(NULL);
    const size_t late = (size_t)unecho_latency(stream);
    for (size_t part = 0; part < 3; part++) {
        assert_int_equal(
            unecho_set_noise_reduction(stream, part == 1 ? 0 : UNECHO_NOISE_REDUCTION_DB),
            UNECHO_OK);
        assert_int_equal(
            unecho_process(stream, mic.samples + part * third, NULL, out + part * third, third),
            UNECHO_OK);
    }
    unecho_close(&stream);
    const size_t settled = third + 4000; /* the microphone fades in over 16 hops */
    assert_memory_equal(out + settled, mic.samples + settled - late,
                        (2 * third - settled) * sizeof *out);
    assert_true(max_difference(out + 2 * third + 1000, mic.samples + 2 * third + 1000 - late,
                               third - 1000) > 0.0f);
    assert_true(largest_step(out, 1, 3 * third) <= 1.05f * largest_step(mic.samples, 1, 3 * third));
}

static void each_stream_has_its_own(void **unused)
{
    (void)unused;
    enum { STREAMS = 3 };
    static float alone[STREAMS][LENGTH], together[STREAMS][LENGTH];
    static const float strengths[STREAMS] = {0.0f, 1.0f, 1.7f};
    static const unsigned reductions[STREAMS] = {0, 9, 20};
    unecho *streams[STREAMS] = {NULL};
    const float *mics[STREAMS], *fars[STREAMS];
    float *outs[STREAMS];
    for (size_t i = 0; i < STREAMS; i++) {
        streams[i] = open_with(NULL);
        unecho_set_suppression(streams[i], strengths[i]);
        unecho_set_noise_reduction(streams[i], reductions[i]);
        run(streams[i], alone[i], 0, LENGTH, 1000);
        unecho_reset(streams[i]);
        mics[i] = mic.samples;
        fars[i] = far.samples;
        outs[i] = together[i];
    }
    assert_int_equal(unecho_process_many(streams, mics, fars, outs, STREAMS, LENGTH), UNECHO_OK);
    for (size_t i = 0; i < STREAMS; i++) {
        assert_memory_equal(together[i], alone[i], sizeof alone[i]);
        unecho_close(&streams[i]);
    }
    assert_true(max_difference(alone[0], alone[1], LENGTH) > 0.0f);
}

static void every_set_gives_the_same_bits(void **unused)
{
    (void)unused;
    static float first[LENGTH], out[LENGTH];
    const uint32_t cpu = unecho_cpu_features();
    for (uint32_t set = 0; set <= cpu; set++) {
        if ((set & cpu) != set)
            continue;
        unecho_config config;
        unecho_config_init(&config);
        config.noise_reduction_db = 3;
        config.cpu = set;
        unecho *stream = open_with(&config);
        run(stream, set == 0 ? first : out, 0, LENGTH, LENGTH);
        if (set > 0)
            assert_memory_equal(out, first, sizeof out);
        unecho_close(&stream);
    }
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void wrong_values_change_nothing(void **unused)
{
    (void)unused;
    static float one[LENGTH], other[LENGTH];
    unecho *stream = open_with(NULL);
    run(stream, one, 0, LENGTH, 1000);
    unecho_reset(stream);
    static const float wrong[] = {-0.001f, UNECHO_SUPPRESSION_MAX + 0.001f, NAN, INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(unecho_set_suppression(stream, wrong[i]), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_set_noise_reduction(stream, UNECHO_NOISE_REDUCTION_MAX_DB + 1),
                     UNECHO_ERROR_ARGUMENT);
    run(stream, other, 0, LENGTH, 1000);
    assert_memory_equal(one, other, sizeof one);
    unecho_close(&stream);
    assert_int_equal(unecho_set_suppression(NULL, 1.0f), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_set_noise_reduction(NULL, 1), UNECHO_ERROR_ARGUMENT);
    assert_int_equal(unecho_set_comfort_noise(NULL, 1), UNECHO_ERROR_ARGUMENT);

    char why[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    config.message = why;
    config.message_size = sizeof why;
    config.suppression = NAN;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
    assert_non_null(strstr(why, "suppression"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_stays_at_its_level),
        cmocka_unit_test(suppression_trades_echo_for_voice),
        cmocka_unit_test(a_change_applies_at_once),
        cmocka_unit_test(set_is_as_opened),
        cmocka_unit_test(noise_reduction_off_and_on),
        cmocka_unit_test(each_stream_has_its_own),
        cmocka_unit_test(every_set_gives_the_same_bits),
        cmocka_unit_test(wrong_values_change_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
