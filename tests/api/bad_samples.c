/*
 * Whatever comes in, the output is finite, the stream recovers and does not slow down: NaN,
 * infinity, huge and subnormal samples, full-scale noise, silence on either side.
 */
#include "check.h"
#include "each_model.h"
#include "rates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND = 16000, LENGTH = 8 * SECOND };

static unecho *open_stream(void)
{
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = 1;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static void assert_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            fail_msg("sample %zu is %g", i, (double)x[i]);
}

/* A second of bad samples in a good signal gives what zeros (or the limit) in their place give. */
static void assert_guarded(float bad, float taken_as)
{
    ends e = double_talk(LENGTH), clean = double_talk(LENGTH);
    for (size_t i = SECOND; i < 2 * SECOND; i += 3) {
        e.mic.samples[i] = bad;
        e.far.samples[i + 1] = bad;
        clean.mic.samples[i] = taken_as;
        clean.far.samples[i + 1] = taken_as;
    }
    unecho *stream = open_stream(), *other = open_stream();
    unecho_process(stream, e.mic.samples, e.far.samples, e.out, LENGTH);
    unecho_process(other, clean.mic.samples, clean.far.samples, clean.out, LENGTH);
    assert_finite(e.out, LENGTH);
    assert_memory_equal(e.out, clean.out, LENGTH * sizeof(float));

    const uint64_t expected = 2 * ((SECOND + 2) / 3);
    assert_int_equal(stats_of(stream).guarded_samples, expected);
    assert_true(isfinite(stats_of(stream).out_db) && isfinite(stats_of(stream).erle_db));
    unecho_close(&stream);
    unecho_close(&other);
    free_ends(&e);
    free_ends(&clean);
}

static void not_a_number(void **unused)
{
    (void)unused;
    assert_guarded(NAN, 0.0f);
    assert_guarded(-NAN, 0.0f);
}

static void infinity(void **unused)
{
    (void)unused;
    assert_guarded(INFINITY, 0.0f);
    assert_guarded(-INFINITY, 0.0f);
}

static void beyond_range(void **unused)
{
    (void)unused;
    assert_guarded(1e30f, 100.0f);
    assert_guarded(-3.4e38f, -100.0f);
}

/* Five seconds after a burst of the worst samples, a stream does again what it did before. */
static void recovers(void **unused)
{
    (void)unused;
    static const float bursts[] = {NAN, INFINITY, -1e38f, 1e-40f, 100.0f};
    for (size_t b = 0; b < sizeof bursts / sizeof *bursts; b++) {
        ends e = double_talk(LENGTH), clean = double_talk(LENGTH);
        for (size_t i = SECOND; i < SECOND + SECOND / 4; i++)
            e.mic.samples[i] = e.far.samples[i] = bursts[b];
        unecho *stream = open_stream(), *other = open_stream();
        unecho_process(stream, e.mic.samples, e.far.samples, e.out, LENGTH);
        unecho_process(other, clean.mic.samples, clean.far.samples, clean.out, LENGTH);
        assert_finite(e.out, LENGTH);
        const size_t from = 6 * SECOND;
        const double after = power_db(e.out + from, 2 * SECOND);
        const double undisturbed = power_db(clean.out + from, 2 * SECOND);
        print_message("burst of %g: five seconds later %.2f dB, undisturbed %.2f dB\n",
                      (double)bursts[b], after, undisturbed);
        assert_true(fabs(after - undisturbed) < 1.5);
        unecho_close(&stream);
        unecho_close(&other);
        free_ends(&e);
        free_ends(&clean);
    }
}

static void full_scale_noise(void **unused)
{
    (void)unused;
    ends e = double_talk(LENGTH);
    uint32_t seed = 3;
    for (size_t i = 0; i < LENGTH; i++) {
        e.mic.samples[i] = random_bits(&seed) & 1 ? 1.0f : -1.0f;
        e.far.samples[i] = random_bits(&seed) & 1 ? 1.0f : -1.0f;
    }
    unecho *stream = open_stream();
    unecho_process(stream, e.mic.samples, e.far.samples, e.out, LENGTH);
    assert_finite(e.out, LENGTH);
    assert_int_equal(stats_of(stream).guarded_samples, 0);
    unecho_close(&stream);
    free_ends(&e);
}

static void silence(void **unused)
{
    (void)unused;
    for (int silent = 1; silent <= 3; silent++) {
        ends e = double_talk(LENGTH);
        if (silent & 1)
            memset(e.mic.samples, 0, LENGTH * sizeof(float));
        if (silent & 2)
            memset(e.far.samples, 0, LENGTH * sizeof(float));
        unecho *stream = open_stream();
        unecho_process(stream, e.mic.samples, e.far.samples, e.out, LENGTH);
        assert_finite(e.out, LENGTH);
        if (silent & 1) /* no microphone: nothing to pass */
            assert_true(power_db(e.out, LENGTH) < -60.0);
        unecho_close(&stream);
        free_ends(&e);
    }
}

static void no_far_end_is_silence(void **unused)
{
    (void)unused;
    ends e = double_talk(LENGTH), silent = double_talk(LENGTH);
    memset(silent.far.samples, 0, LENGTH * sizeof(float));
    unecho *stream = open_stream(), *other = open_stream();
    unecho_process(stream, e.mic.samples, NULL, e.out, LENGTH);
    unecho_process(other, silent.mic.samples, silent.far.samples, silent.out, LENGTH);
    assert_memory_equal(e.out, silent.out, LENGTH * sizeof(float));
    unecho_close(&stream);
    unecho_close(&other);
    free_ends(&e);
    free_ends(&silent);
}

/*
 * 48 kHz on one side, 44.1 kHz pushed on the other, alignment searching for a delay: everything
 * that has memory. A burst is counted, none of it reaches the output, and both output and alignment
 * recover.
 */
static void at_48_khz_with_alignment(void **unused)
{
    (void)unused;
    static const float bursts[] = {NAN, INFINITY, -1e30f, 1e-40f, 1e-20f};
    enum { N = 8 * 48000, BURST = 3 * 48000 };
    const signal_ mic = read_sample("mic"), far = read_sample("far");
    const signal_ late = {mic.samples + 16000 - 16 * 60, 8 * 16000};
    const signal_ early = {far.samples + 16000, 8 * 16000};
    const signal_ m = resampled(&late, 16000, 48000), f = resampled(&early, 16000, 44100);
    float *const out = malloc(N * sizeof *out), *const clean = malloc(N * sizeof *clean);
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.sample_rate = 48000;
    config.far_rate = 44100;
    config.far_queue_ms = 100;
    for (size_t b = 0; b <= sizeof bursts / sizeof *bursts; b++) {
        const size_t bad = b == 0 ? 0 : 4800; /* first without bad samples */
        const float value = b == 0 ? 0.0f : bursts[b - 1];
        unecho *stream = open_with(&config);
        uint64_t guarded = 0;
        for (size_t i = 0; i + 480 <= N; i += 480) {
            float x[480], y[441];
            memcpy(x, m.samples + i, sizeof x);
            memcpy(y, f.samples + i / 480 * 441, sizeof y);
            if (i >= BURST && i < BURST + bad) {
                for (size_t k = 0; k < 441; k++)
                    x[k] = y[k] = value;
                guarded += isfinite(value) && fabsf(value) < 1.0f ? 0 : 882;
            }
            assert_int_equal(unecho_push_far(stream, y, 441), UNECHO_OK);
            assert_int_equal(unecho_process(stream, x, NULL, x, 480), UNECHO_OK);
            memcpy((b == 0 ? clean : out) + i, x, sizeof x);
        }
        const unecho_stats stats = stats_of(stream);
        unecho_close(&stream);
        if (b == 0)
            continue;
        assert_finite(out, N);
        assert_int_equal(stats.guarded_samples, guarded);
        assert_true(isfinite(stats.delay_ms) && isfinite(stats.drift_ppm) &&
                    isfinite(stats.erle_db));
        const size_t from = N - 2 * 48000;
        const double after = power_db(out + from, N - from);
        const double undisturbed = power_db(clean + from, N - from);
        print_message("burst of %g: last two seconds %.2f dB, undisturbed %.2f dB; delay %.2f ms\n",
                      (double)value, after, undisturbed, (double)stats.delay_ms);
        assert_true(after < undisturbed + 1.0 || after < -80.0);
        assert_true(stats.aligned && fabsf(stats.delay_ms - 82.4f) < 1.0f);
    }
    free(mic.samples);
    free(far.samples);
    free(m.samples);
    free(f.samples);
    free(out);
    free(clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_a_number),          cmocka_unit_test(infinity),
        cmocka_unit_test(beyond_range),          cmocka_unit_test(recovers),
        cmocka_unit_test(full_scale_noise),      cmocka_unit_test(silence),
        cmocka_unit_test(no_far_end_is_silence), cmocka_unit_test(at_48_khz_with_alignment)};
    RUN_FOR_EACH_MODEL("bad samples", tests, NULL, NULL);
}
