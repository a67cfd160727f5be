/*
 * Any rate, format and channel: the result is that at 16 kHz, and the band that the network does
 * not hear is kept. On the sample, whose echo lags the far end by 22 ms.
 */
#include "rates.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000};
enum { RATES = sizeof rates / sizeof *rates };

static signal_ mic, far, near;
static signal_ expected; /* at 16 kHz */

static unecho_config config_at(int rate)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = rate;
    return config;
}

/* With the network alone, whose output shows most exactly what the front end gave it. */
static unecho_config network_at(int rate)
{
    unecho_config config = config_at(rate);
    config.engine = UNECHO_ENGINE_NEURAL;
    return config;
}

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    near = read_sample("near");
    const unecho_config config = network_at(16000);
    expected = whole(&config, &mic, &far);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    free(expected.samples);
    return 0;
}

/* All that is measured of a result: echo alone, near end alone, and both. */
typedef struct figures {
    double erle, level, both, near_snr;
} figures;

static figures figures_of(const signal_ *out)
{
    const size_t from = (size_t)(both_talk.from * 16000), to = (size_t)(both_talk.to * 16000);
    return (figures){
        .erle = part_erle_db(&mic, out, 16000, far_alone),
        .level = part_db(out, 16000, near_alone) - part_db(&mic, 16000, near_alone),
        .both = part_erle_db(&mic, out, 16000, both_talk),
        .near_snr = snr_db(out->samples + from, near.samples + from, to - from),
    };
}

static void print_figures(const char *name, const figures *f)
{
    print_message(
        "%-28s ERLE %.2f dB, near end alone %+.2f dB, both %.2f dB less, near end %.2f dB "
        "above the error\n",
        name, f->erle, f->level, f->both, f->near_snr);
}

/* The sample converted to the config's rate, through a stream, and back to 16 kHz. */
static figures figures_at(const char *name, const unecho_config *config)
{
    const int rate = (int)config->sample_rate;
    const signal_ m = resampled(&mic, 16000, rate), f = resampled(&far, 16000, rate);
    const signal_ out = whole(config, &m, &f), back = resampled(&out, rate, 16000);
    const figures got = figures_of(&back);
    print_figures(name, &got);
    free(m.samples);
    free(f.samples);
    free(out.samples);
    free(back.samples);
    return got;
}

static void assert_near(const figures *f, const figures *e)
{
    assert_true(fabs(f->erle - e->erle) <= 0.5);
    assert_true(fabs(f->both - e->both) <= 0.5);
    assert_true(fabs(f->level - e->level) <= 0.5);
}

static void assert_alike(const char *name, const signal_ *out)
{
    const figures f = figures_of(out), e = figures_of(&expected);
    print_figures(name, &f);
    assert_near(&f, &e);
    assert_true(fabs(f.near_snr - e.near_snr) <= 0.5);
}

static void every_rate_as_16_khz(void **unused)
{
    (void)unused;
    const figures e = figures_of(&expected);
    print_figures("16000 Hz itself", &e);
    assert_true(e.erle > 20.0);
    for (size_t r = 0; r < RATES; r++)
        for (int high_band = 0; high_band <= 1; high_band++) {
            if (rates[r] < 16000)
                continue;
            char name[64];
            unecho_config config = network_at(rates[r]);
            config.high_band = high_band;
            snprintf(name, sizeof name, "%d Hz%s", rates[r], high_band ? "" : ", low band alone");
            const figures got = figures_at(name, &config);
            assert_near(&got, &e);
            assert_true(fabs(got.near_snr - e.near_snr) <= 0.5);
        }
}

/*
 * Below 16 kHz there is less to hear: compared with the result at 16 kHz of what such a rate keeps.
 */
static void lower_rates_as_their_band(void **unused)
{
    (void)unused;
    for (size_t r = 0; r < RATES; r++) {
        if (rates[r] >= 16000)
            continue;
        unecho_config config = network_at(rates[r]);
        const signal_ m = resampled(&mic, 16000, rates[r]), f = resampled(&far, 16000, rates[r]);
        const signal_ m16 = resampled(&m, rates[r], 16000), f16 = resampled(&f, rates[r], 16000);
        const signal_ low = whole(&config, &m, &f), back = resampled(&low, rates[r], 16000);
        config = network_at(16000);
        const signal_ wide = whole(&config, &m16, &f16);
        const figures got = figures_of(&back), at16 = figures_of(&wide);
        print_message("%d Hz, and its band at 16000 Hz:\n", rates[r]);
        print_figures("", &got);
        print_figures("", &at16);
        assert_near(&got, &at16);
        free(m.samples);
        free(f.samples);
        free(m16.samples);
        free(f16.samples);
        free(low.samples);
        free(back.samples);
        free(wide.samples);
    }
}

/* The far end's rate is independent. */
static void far_end_at_another_rate(void **unused)
{
    (void)unused;
    static const int pairs[][2] = {{48000, 44100}, {16000, 48000}, {44100, 16000}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char name[64];
        unecho_config config = network_at(pairs[i][0]);
        config.far_rate = pairs[i][1];
        config.far_queue_ms = 100;
        const signal_ m = resampled(&mic, 16000, pairs[i][0]);
        const signal_ f = resampled(&far, 16000, pairs[i][1]);
        const signal_ out = whole(&config, &m, &f), back = resampled(&out, pairs[i][0], 16000);
        snprintf(name, sizeof name, "%d Hz, far end %d Hz", pairs[i][0], pairs[i][1]);
        assert_alike(name, &back);
        free(m.samples);
        free(f.samples);
        free(out.samples);
        free(back.samples);
    }
}

/* The linear filter alone: it cancels at every rate what it cancels at 16 kHz. */
/*
 * Beyond this the rest is inaudible, and varies by a decibel or two with every detail of what the
 * linear filter leaves.
 */
static double erle_heard(const figures *f)
{
    return fmin(f->erle, 30.0);
}

/* The correction of the estimate also removes noise, and in a narrower band a little more of it. */
static void linear_alone(void **unused)
{
    (void)unused;
    static const int some[] = {8000, 11025, 22050, 44100, 48000, 96000};
    unecho_config config = config_at(16000);
    config.engine = UNECHO_ENGINE_LINEAR;
    const figures e = figures_at("linear, 16000 Hz", &config);
    for (size_t r = 0; r < sizeof some / sizeof *some; r++) {
        char name[64];
        config.sample_rate = some[r];
        snprintf(name, sizeof name, "linear, %d Hz", some[r]);
        const figures got = figures_at(name, &config);
        assert_true(erle_heard(&got) >= erle_heard(&e) - 0.5);
        assert_true(fabs(got.both - e.both) <= (some[r] < 16000 ? 1.0 : 0.5));
        assert_true(fabs(got.level - e.level) <= 0.5);
    }
}

/*
 * With the linear filter in front, what is left for the network varies with the rate, and so does
 * what it removes from the near end in double talk: by a few of the 14 dB by which it beats the
 * network alone.
 */
static void by_default(void **unused)
{
    (void)unused;
    static const int some[] = {22050, 44100, 48000};
    const unecho_config config = config_at(16000);
    const figures e = figures_at("by default, 16000 Hz", &config), alone = figures_of(&expected);
    for (size_t r = 0; r < sizeof some / sizeof *some; r++) {
        char name[64];
        const unecho_config there = config_at(some[r]);
        snprintf(name, sizeof name, "by default, %d Hz", some[r]);
        const figures got = figures_at(name, &there);
        assert_true(erle_heard(&got) >= erle_heard(&e) - 0.5);
        assert_true(fabs(got.both - e.both) <= 0.5);
        assert_true(fabs(got.level - e.level) <= 0.5);
        assert_true(got.near_snr >= alone.near_snr + 8.0);
    }
}

/* ---- Above the network's band -------------------------------------------------------------- */

static void full_band(void **state)
{
    const unecho_engine engine = *(const unecho_engine *)*state;
    const signal_ m = with_air(&mic, 0.3f), f = with_air(&far, 0.3f);
    const signal_ air = upper_band(&m);
    for (int high_band = 0; high_band <= 1; high_band++) {
        unecho_config config = config_at(48000);
        config.high_band = high_band;
        config.engine = engine;
        const signal_ out = whole(&config, &m, &f), above = upper_band(&out);
        const double kept = part_db(&above, 48000, near_alone) - part_db(&air, 48000, near_alone);
        const double both = part_db(&above, 48000, both_talk) - part_db(&air, 48000, both_talk);
        const double echo = part_db(&above, 48000, far_alone) - part_db(&air, 48000, far_alone);
        print_message("high_band %d, above 8 kHz: near end %+.2f dB, echo %+.1f dB, both %+.2f "
                      "dB\n",
                      high_band, kept, echo, both);
        if (high_band) {
            assert_true(fabs(kept) <= 1.0);
            assert_true(echo <= -20.0);
        } else {
            assert_true(kept <= -60.0);
        }
        const signal_ back = resampled(&out, 48000, 16000);
        if (engine == UNECHO_ENGINE_NEURAL)
            assert_alike("with air", &back);
        free(out.samples);
        free(above.samples);
        free(back.samples);
    }
    free(m.samples);
    free(f.samples);
    free(air.samples);
}

/* ---- Formats and channels -------------------------------------------------------------------- */

enum { FRAMES = 30000 }; /* 44.1 kHz, from the sample */

typedef struct stereo {
    float *left, *right, *both; /* both interleaved */
} stereo;

/* The right channel comes `later` than the left one. */
static stereo stereo_of(const signal_ *x, float rightness, size_t later)
{
    stereo s = {malloc(FRAMES * sizeof(float)), malloc(FRAMES * sizeof(float)),
                malloc(2 * FRAMES * sizeof(float))};
    for (size_t i = 0; i < FRAMES; i++) {
        s.both[2 * i] = s.left[i] = x->samples[i + 50000];
        s.both[2 * i + 1] = s.right[i] = rightness * x->samples[i + 50000 - later];
    }
    return s;
}

static void free_stereo(stereo *s)
{
    free(s->left);
    free(s->right);
    free(s->both);
}

static unecho_config stereo_config(int mic_channel)
{
    unecho_config config = config_at(44100);
    config.mic_channels = config.far_channels = 2;
    config.mic_channel = mic_channel;
    return config;
}

/* Which channel, or the mean; interleaved, planar; a far end of twice the same channel: the same
 * bits as mono. */
static void channels(void **unused)
{
    (void)unused;
    stereo m = stereo_of(&mic, 0.5f, 10), f = stereo_of(&far, 1.0f, 0);
    float *const mean = malloc(FRAMES * sizeof *mean), *const loop = malloc(FRAMES * sizeof *loop);
    float *const mono = malloc(FRAMES * sizeof *mono);
    float *const out = malloc(2 * FRAMES * sizeof *out);
    float *const left = malloc(FRAMES * sizeof *left), *const right =
                                                           malloc(FRAMES * sizeof *right);
    for (size_t i = 0; i < FRAMES; i++) {
        mean[i] = 0.5f * (m.left[i] + m.right[i]);
        loop[i] = 0.5f * (f.left[i] + f.right[i]);
    }
    const float *const chosen[] = {mean, m.left, m.right};
    for (int c = UNECHO_CHANNEL_MEAN; c < 2; c++) {
        unecho_config config = config_at(44100);
        unecho *one = open_with(&config);
        config = stereo_config(c);
        unecho *two = open_with(&config), *planar = open_with(&config);
        assert_int_equal(unecho_process(one, chosen[c + 1], loop, mono, FRAMES), UNECHO_OK);
        assert_int_equal(unecho_process(two, m.both, f.both, out, FRAMES), UNECHO_OK);
        const float *const mics[] = {m.left, m.right}, *const fars[] = {f.left, f.right};
        float *const outs[] = {left, right};
        assert_int_equal(unecho_process_planar(planar, mics, fars, outs, FRAMES), UNECHO_OK);
        for (size_t i = 0; i < FRAMES; i++)
            assert_true(out[2 * i] == mono[i] && out[2 * i + 1] == mono[i]);
        assert_memory_equal(left, mono, FRAMES * sizeof *mono);
        assert_memory_equal(right, mono, FRAMES * sizeof *mono);
        unecho_close(&one);
        unecho_close(&two);
        unecho_close(&planar);
    }
    free_stereo(&m);
    free_stereo(&f);
    free(mean);
    free(loop);
    free(mono);
    free(out);
    free(left);
    free(right);
}

static void in_place(void **unused)
{
    (void)unused;
    stereo m = stereo_of(&mic, 0.5f, 10), f = stereo_of(&far, -0.3f, 10);
    float *const out = malloc(2 * FRAMES * sizeof *out);
    const unecho_config config = stereo_config(UNECHO_CHANNEL_MEAN);
    unecho *a = open_with(&config), *b = open_with(&config), *c = open_with(&config);
    unecho *d = open_with(&config);
    unecho_process(a, m.both, f.both, out, FRAMES);
    const float *const mics[] = {m.left, m.right}, *const fars[] = {f.left, f.right};
    float *const outs[] = {f.left, f.right};
    unecho_process_planar(d, mics, fars, outs, FRAMES);
    for (size_t i = 0, n; i < FRAMES; i += n) {
        n = FRAMES - i < 441 ? FRAMES - i : 441;
        float copy[882];
        memcpy(copy, f.both + 2 * i, 2 * n * sizeof *copy);
        unecho_process(c, m.both + 2 * i, copy, copy, n);
        assert_memory_equal(copy, out + 2 * i, 2 * n * sizeof *copy);
        unecho_process(b, m.both + 2 * i, f.both + 2 * i, m.both + 2 * i, n);
    }
    assert_memory_equal(m.both, out, 2 * FRAMES * sizeof *out);
    for (size_t i = 0; i < FRAMES; i++)
        assert_true(f.left[i] == out[2 * i] && f.right[i] == out[2 * i]);
    unecho_close(&a);
    unecho_close(&b);
    unecho_close(&c);
    unecho_close(&d);
    free_stereo(&m);
    free_stereo(&f);
    free(out);
}

/* int16 in and out is float times 32768, rounded to nearest and saturated. */
static void int16(void **unused)
{
    (void)unused;
    stereo m = stereo_of(&mic, 0.5f, 10), f = stereo_of(&far, -0.3f, 10);
    static int16_t m16[2 * FRAMES], f16[2 * FRAMES];
    float *const out = malloc(2 * FRAMES * sizeof *out);
    for (size_t i = 0; i < 2 * FRAMES; i++) {
        m16[i] = (int16_t)(m.both[i] * 32767.0f);
        f16[i] = (int16_t)(f.both[i] * 32767.0f);
        m.both[i] = (float)m16[i] / 32768.0f;
        f.both[i] = (float)f16[i] / 32768.0f;
    }
    const unecho_config config = stereo_config(UNECHO_CHANNEL_MEAN);
    unecho *floats = open_with(&config), *integers = open_with(&config);
    unecho_process(floats, m.both, f.both, out, FRAMES);
    for (size_t i = 0; i < FRAMES; i += 100)
        assert_int_equal(unecho_process_int16(integers, m16 + 2 * i, f16 + 2 * i, m16 + 2 * i, 100),
                         UNECHO_OK);
    for (size_t i = 0; i < 2 * FRAMES; i++)
        assert_true(fabsf((float)m16[i] - out[i] * 32768.0f) <= 0.5f);
    unecho_close(&floats);
    unecho_close(&integers);
    free_stereo(&m);
    free_stereo(&f);
    free(out);
}

int main(void)
{
    static unecho_engine neural = UNECHO_ENGINE_NEURAL, both = UNECHO_ENGINE_LINEAR_NEURAL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rate_as_16_khz),
        cmocka_unit_test(lower_rates_as_their_band),
        cmocka_unit_test(far_end_at_another_rate),
        cmocka_unit_test(linear_alone),
        cmocka_unit_test(by_default),
        cmocka_unit_test_prestate(full_band, &neural),
        cmocka_unit_test_prestate(full_band, &both),
        cmocka_unit_test(channels),
        cmocka_unit_test(in_place),
        cmocka_unit_test(int16),
    };
    return cmocka_run_group_tests_name("rates", tests, set_up, tear_down);
}
