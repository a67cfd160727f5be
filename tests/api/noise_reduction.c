/*
 * Without noise reduction the output is the microphone, late by unecho_latency, to the bit, where
 * there is no far end; and the ways into that state and out of it are not heard. With it, what is
 * heard does not depend on whether there is a far end.
 */
#include "check.h"
#include "rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static signal_ mic, far, near;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    near = read_sample("near");
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

static unecho_config config_at(int rate)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = rate;
    config.noise_reduction_db = 0;
    return config;
}

/* ---- No far end ------------------------------------------------------------------------------ */

enum { FRAMES = 187 * UNECHO_HOP };

/*
 * Random chunks, some of one frame: the output never runs dry, and frame t is that of t - latency.
 */
static void assert_the_microphone_late(const unecho_config *config, const float *silence,
                                       uint32_t *seed)
{
    static float out[FRAMES];
    unecho *stream = open_with(config);
    const size_t latency = (size_t)unecho_latency(stream);
    const float *const x = mic.samples + 100000;
    for (size_t i = 0, n; i < FRAMES; i += n) {
        static const size_t limits[] = {1, 3, 130, 1000, 9000};
        n = 1 + random_bits(seed) % limits[random_bits(seed) % 5];
        if (config->whole_hops)
            n = (n + 127) / 128 * 128;
        n = FRAMES - i < n ? FRAMES - i : n;
        assert_int_equal(unecho_process(stream, x + i, silence, out + i, n), UNECHO_OK);
    }
    for (size_t t = 0; t < FRAMES; t++) {
        const float expected = t < latency ? 0.0f : x[t - latency];
        if (out[t] != expected)
            fail_msg("%d Hz: frame %zu is %g, expected %g, that of %zu before", config->sample_rate,
                     t, (double)out[t], (double)expected, latency);
    }
    const unecho_stats stats = stats_of(stream);
    assert_int_equal(stats.frames, FRAMES);
    /* All that the network could have to process: the last hops are on their way. */
    const double seconds = (double)FRAMES / config->sample_rate;
    assert_true((double)stats.far_silent_seconds >
                seconds - (double)latency / config->sample_rate - 0.009);
    unecho_close(&stream);
}

static void silent_far_end(void **unused)
{
    (void)unused;
    static const int rates[] = {8000,  8001,  11025, 15999, 16000, 16001,  22050, 24000,
                                32000, 44100, 44101, 48000, 96000, 191999, 192000};
    static const unsigned late[] = {0, 35, 200}, hops[] = {1, 3, 16};
    const float *const silence = calloc(FRAMES, sizeof(float));
    uint32_t seed = 9;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        for (size_t k = 0; k < 3; k++) {
            unecho_config config = config_at(rates[r]);
            config.hops_at_once = hops[k];
            config.reference_late_ms = late[(r + k) % 3];
            config.align = (unecho_align)(k % 3);
            assert_the_microphone_late(&config, k == 0 ? NULL : silence, &seed);
            /* And a far end that never arrives. */
            config.far_queue_ms = 20 + 60 * (unsigned)k;
            config.far_rate = rates[(r + 3 * k) % (sizeof rates / sizeof *rates)];
            assert_the_microphone_late(&config, NULL, &seed);
        }
    unecho_config config = config_at(16000);
    config.whole_hops = 1;
    assert_the_microphone_late(&config, NULL, &seed);
    config.reference_late_ms = 200;
    assert_the_microphone_late(&config, NULL, &seed);
    free((void *)(uintptr_t)silence);
}

/*
 * As documented: 512 or 384 samples at 16 kHz, 37 to 44 ms at other rates, plus reference_late_ms.
 */
static void latency(void **unused)
{
    (void)unused;
    double least = 1e9, most = 0.0;
    for (int rate = UNECHO_RATE_MIN; rate <= UNECHO_RATE_MAX; rate += rate < 50000 ? 1397 : 17001)
        for (int far_rate = 8000; far_rate <= 192000; far_rate += far_rate < 48000 ? 8000 : 72000) {
            unecho_config config = config_at(rate);
            config.hops_at_once = 1;
            config.align = UNECHO_ALIGN_OFF; /* less memory to clear */
            config.far_rate = far_rate;
            config.far_queue_ms = 100;
            unecho *stream = open_with(&config);
            const double ms = 1000.0 * unecho_latency(stream) / rate;
            if (rate != 16000 || far_rate != 16000) {
                least = fmin(least, ms);
                most = fmax(most, ms);
            }
            unecho_close(&stream);
            config.reference_late_ms = 300;
            stream = open_with(&config);
            const double late = 1000.0 * unecho_latency(stream) / rate;
            assert_true(fabs(late - ms - 300.0) < 9.0);
            unecho_close(&stream);
        }
    print_message("%.2f to %.2f ms\n", least, most);
    assert_true(least >= 37.0 && most <= 44.0);
    unecho_config config = config_at(16000);
    unecho *stream = open_with(&config);
    assert_int_equal(unecho_latency(stream), 512);
    unecho_close(&stream);
    config.whole_hops = 1;
    stream = open_with(&config);
    assert_int_equal(unecho_latency(stream), 384);
    unecho_close(&stream);
}

/*
 * Room noise, with a far end that is too faint to be heard for four seconds, and digital silence
 * for four more: the noise stays as low as it was.
 */
static void the_same_without_far_end(void **unused)
{
    (void)unused;
    enum { HALF = 4 * 16000, LENGTH = 2 * HALF };
    signal_ m = {calloc(LENGTH, sizeof(float)), LENGTH};
    signal_ f = {calloc(LENGTH, sizeof(float)), LENGTH};
    uint32_t seed = 5;
    for (size_t i = 0; i < LENGTH; i++) {
        m.samples[i] = 3e-3f * random_float(&seed);
        f.samples[i] = i < HALF ? 1e-5f * random_float(&seed) : 0.0f;
    }
    unecho_config config;
    unecho_config_init(&config);
    const signal_ out = whole(&config, &m, &f);
    const double with = part_db(&out, 16000, (part){2.0, 4.0});
    const double without = part_db(&out, 16000, (part){6.0, 8.0});
    const double noise = part_db(&m, 16000, (part){2.0, 4.0});
    print_message("noise %.1f dB, %.1f with a far end, %.1f without\n", noise, with, without);
    assert_true(with < noise - 6.0);
    /* -100 dB and less is silence. */
    assert_true(fabs(fmax(with, -100.0) - fmax(without, -100.0)) < 3.0);
    free(m.samples);
    free(f.samples);
    free(out.samples);
}

/* ---- A far end that starts and stops --------------------------------------------------------- */

/* The largest step from one sample to the next in from..to. */
static float largest_step(const signal_ *x, size_t from, size_t to)
{
    float most = 0.0f;
    for (size_t i = from; i < to; i++)
        most = fmaxf(most, fabsf(x->samples[i] - x->samples[i - 1]));
    return most;
}

/*
 * The far end starts after silence: no echo comes through while the network fades in, and there is
 * no click.
 */
static void far_end_starts(void **unused)
{
    (void)unused;
    enum { START = 3 * 16000, LENGTH = 8 * 16000, INTO = 40000 };
    /* Only the far end talks: room noise, then its echo from one sample to the next. */
    signal_ m = {calloc(LENGTH, sizeof(float)), LENGTH};
    signal_ f = {calloc(LENGTH, sizeof(float)), LENGTH};
    uint32_t seed = 3;
    for (size_t i = 0; i < LENGTH; i++)
        m.samples[i] = 1e-4f * random_float(&seed);
    for (size_t i = START; i < LENGTH; i++) {
        f.samples[i] = far.samples[i - START + INTO];
        m.samples[i] += i < START + 352 ? 0.0f : mic.samples[i - START + INTO];
    }
    static const int rates[] = {16000, 48000};
    for (size_t r = 0; r < 2; r++) {
        const unecho_config config = config_at(rates[r]);
        const signal_ mm = resampled(&m, 16000, rates[r]), ff = resampled(&f, 16000, rates[r]);
        const signal_ out = whole(&config, &mm, &ff);
        const size_t scale = (size_t)rates[r] / 16000, onset = START * scale;
        const part first = {(double)START / 16000.0 + 0.02, (double)START / 16000.0 + 0.12};
        const double before = part_db(&mm, rates[r], first), after = part_db(&out, rates[r], first);
        print_message("%d Hz: the first 100 ms of echo are %.1f dB, %.1f dB of them come through\n",
                      rates[r], before, after);
        assert_true(after < before - 20.0);
        /* No larger step than the microphone has there. */
        const float step = largest_step(&out, onset - 2000 * scale, onset + 4000 * scale);
        const float own = largest_step(&mm, onset - 2000 * scale, onset + 4000 * scale);
        print_message("largest step %g, of the microphone %g\n", (double)step, (double)own);
        assert_true(step <= own);
        free(mm.samples);
        free(ff.samples);
        free(out.samples);
    }
    free(m.samples);
    free(f.samples);
}

/* The far end stops while somebody talks: the voice continues without a click or a gap. */
static void far_end_stops(void **unused)
{
    (void)unused;
    enum { FROM = 10 * 16000, STOP = 2 * 16000, LENGTH = 6 * 16000 };
    const signal_ m = {near.samples + FROM, LENGTH};
    signal_ f = {calloc(LENGTH, sizeof(float)), LENGTH};
    memcpy(f.samples, far.samples + FROM, STOP * sizeof(float));
    const unecho_config config = config_at(16000);
    const signal_ out = whole(&config, &m, &f);
    const float step = largest_step(&out, STOP, LENGTH), own = largest_step(&m, STOP, LENGTH);
    print_message("largest step %g, of the microphone %g\n", (double)step, (double)own);
    assert_true(step <= 1.05f * own);
    const double held =
        part_db(&out, 16000, (part){2.0, 3.5}) - part_db(&m, 16000, (part){2.0, 3.5});
    print_message("near end on the way %+.2f dB\n", held);
    assert_true(fabs(held) <= 1.0);
    /* A second and the fade later the output is the microphone itself. */
    assert_memory_equal(out.samples + STOP + 20000, m.samples + STOP + 20000,
                        (LENGTH - STOP - 20000) * sizeof(float));
    free(f.samples);
    free(out.samples);
}

/* How long the network need not run, seen from outside. */
static void the_network_is_spared(void **unused)
{
    (void)unused;
    enum { LENGTH = 10 * 16000 };
    signal_ f = {calloc(LENGTH, sizeof(float)), LENGTH};
    memcpy(f.samples + 2 * 16000, far.samples + 16000, 2 * 16000 * sizeof(float));
    unecho_config config = config_at(16000);
    config.align = UNECHO_ALIGN_OFF;
    static float out[LENGTH];
    unecho *stream = open_with(&config);
    unecho_process(stream, mic.samples, f.samples, out, LENGTH);
    /* From two seconds before; from one second after the end, plus the fade. */
    const double silent = (double)stats_of(stream).far_silent_seconds;
    print_message("%.2f s of 10 without the network\n", silent);
    assert_true(silent > 6.6 && silent < 7.0);
    unecho_close(&stream);
    free(f.samples);
}

/* ---- A far end that has nothing to do with it --------------------------------------------------
 */

/* Over segments of 20 ms with speech, each between -10 and 35 dB. */
static double segmental_snr_db(const signal_ *out, const signal_ *voice)
{
    const double level = power_db(voice->samples, voice->count);
    double sum = 0.0;
    size_t count = 0;
    for (size_t at = 0; at + 320 <= voice->count; at += 320) {
        if (power_db(voice->samples + at, 320) < level - 15.0)
            continue;
        const double snr = snr_db(out->samples + at, voice->samples + at, 320);
        sum += fmin(fmax(snr, -10.0), 35.0);
        count++;
    }
    return sum / (double)count;
}

static void an_unrelated_far_end(void **unused)
{
    (void)unused;
    enum { FROM = 157472, LENGTH = 99200 };
    const signal_ m = {near.samples + FROM, LENGTH};
    double level[2], snr[2];
    for (int off = 0; off <= 1; off++) {
        const signal_ f = {far.samples + 16000, LENGTH};
        unecho_config config = config_at(16000);
        config.align = off ? UNECHO_ALIGN_OFF : UNECHO_ALIGN_AUTO;
        const signal_ out = whole(&config, &m, &f);
        level[off] = power_db(out.samples, LENGTH) - power_db(m.samples, LENGTH);
        snr[off] = segmental_snr_db(&out, &m);
        print_message("%s: near end %+.2f dB, segmental SNR %.2f dB\n", off ? "off" : "auto",
                      level[off], snr[off]);
        free(out.samples);
    }
    assert_true(fabs(level[0] - level[1]) <= 0.5);
    assert_true(snr[0] >= snr[1] - 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_far_end),
        cmocka_unit_test(latency),
        cmocka_unit_test(the_same_without_far_end),
        cmocka_unit_test(far_end_starts),
        cmocka_unit_test(far_end_stops),
        cmocka_unit_test(the_network_is_spared),
        cmocka_unit_test(an_unrelated_far_end),
    };
    return cmocka_run_group_tests_name("noise reduction", tests, set_up, tear_down);
}
