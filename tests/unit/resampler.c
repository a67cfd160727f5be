/*
 * The resampler between all rates: flat in the pass band, silent in the stop band, in time to the
 * sample for hours, in any chunks; compared with the definition of sines and with libsoxr's best
 * quality.
 */
#include "dsp/resampler.h"
#include "check.h"
#include "kernels/kernels.h"
#include "signals.h"

#include <math.h>
#include <soxr.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static const unsigned pairs[][2] = {
    {8000, 16000},  {11025, 16000},  {15999, 16000}, {16000, 16000}, {22050, 16000},
    {24000, 16000}, {32000, 16000},  {44100, 16000}, {44101, 16000}, {48000, 16000},
    {96000, 16000}, {192000, 16000}, {16000, 8000},  {16000, 11025}, {16000, 15999},
    {16000, 22050}, {16000, 24000},  {16000, 32000}, {16000, 44100}, {16000, 44101},
    {16000, 48000}, {16000, 192000}, {44100, 48000},
};

#define FOR_EACH_PAIR(in, out)                                                                     \
    for (size_t p_ = 0, in, out;                                                                   \
         p_ < sizeof pairs / sizeof *pairs && (in = pairs[p_][0]) && (out = pairs[p_][1]); p_++)

/* Inputs between a push and a pull, and more outputs than they give at any rate. */
enum { ROOM = 4096, MOST_AT_ONCE = 16 * ROOM };

typedef struct converter {
    resampler r;
    void *memory;
} converter;

static converter open_converter(size_t rate_in, size_t rate_out, int fixed)
{
    converter c;
    arena a = {0};
    resampler_layout(&c.r, &a, (unsigned)rate_in, (unsigned)rate_out, ROOM, fixed);
    c.memory = a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    a.used = 0;
    resampler_layout(&c.r, &a, (unsigned)rate_in, (unsigned)rate_out, ROOM, fixed);
    assert_int_equal(resampler_start(&c.r, kernels_at(kernels_choose(UNECHO_CPU_ALL))->dot), 0);
    resampler_reset(&c.r, NULL, 0);
    return c;
}

static void close_converter(converter *c)
{
    resampler_close(&c->r);
    free(c->memory);
}

/* All of x in chunks of at most `chunk`, and all output there is. Returns its count. */
static size_t convert(resampler *r, const float *x, size_t n, float *y, size_t chunk)
{
    size_t made = 0;
    for (size_t done = 0; done < n;) {
        const size_t part = n - done < chunk ? n - done : chunk;
        resampler_push(r, x + done, part);
        done += part;
        const size_t ready = resampler_ready(r, MOST_AT_ONCE);
        resampler_pull(r, y + made, ready);
        made += ready;
    }
    return made;
}

/* ---- Sums of sines, which are known between samples too ---------------------------------- */

enum { SINES = 24 };

typedef struct chord {
    double frequency[SINES], phase[SINES]; /* Hz */
} chord;

/* Up to the edge of the pass band at that rate. */
static chord chord_below(size_t rate, uint32_t seed)
{
    chord c;
    for (size_t i = 0; i < SINES; i++) {
        const double place = (double)i + 0.5 + 0.5 * (double)random_float(&seed);
        c.frequency[i] = 0.4375 * (double)rate * place / (double)SINES;
        c.phase[i] = pi * (double)random_float(&seed);
    }
    c.frequency[SINES - 1] = 0.4375 * (double)rate;
    return c;
}

static double chord_at(const chord *c, double seconds)
{
    double sum = 0.0;
    for (size_t i = 0; i < SINES; i++)
        sum += sin(2.0 * pi * c->frequency[i] * seconds + c->phase[i]);
    return sum / (double)SINES;
}

static float *sampled_chord(const chord *c, size_t rate, size_t n)
{
    float *const x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)chord_at(c, (double)i / (double)rate);
    return x;
}

/* ---- A single frequency ------------------------------------------------------------------ */

typedef struct tone {
    double gain, late, rest; /* dB, radians, dB: the rest without it */
} tone;

/* How much of a tone of amplitude 1 is in y, and how much else. */
static tone tone_in(const float *y, size_t n, double cycles)
{
    double a = 0.0, b = 0.0, cc = 0.0, ss = 0.0, cs = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double s = sin(2.0 * pi * cycles * (double)k), c = cos(2.0 * pi * cycles * (double)k);
        a += s * (double)y[k];
        b += c * (double)y[k];
        ss += s * s;
        cc += c * c;
        cs += c * s;
    }
    const double det = ss * cc - cs * cs;
    const double sine = (a * cc - b * cs) / det, cosine = (b * ss - a * cs) / det;
    double rest = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double angle = 2.0 * pi * cycles * (double)k;
        const double d = (double)y[k] - sine * sin(angle) - cosine * cos(angle);
        rest += d * d;
    }
    return (tone){10.0 * log10(sine * sine + cosine * cosine), -atan2(cosine, sine),
                  10.0 * log10(2.0 * rest / (double)n)};
}

/* A tone through the converter, without its beginning: a whole second of output. */
static float *tone_through(converter *c, size_t rate_in, size_t rate_out, double frequency,
                           size_t *n)
{
    const size_t length = rate_in + rate_in / 2;
    float *const x = malloc(length * sizeof *x);
    float *const y = malloc((length * rate_out / rate_in + 2) * sizeof *y);
    for (size_t i = 0; i < length; i++)
        x[i] = (float)sin(2.0 * pi * fmod(frequency * (double)i / (double)rate_in, 1.0));
    resampler_reset(&c->r, NULL, 0);
    const size_t made = convert(&c->r, x, length, y, ROOM / 2);
    free(x);
    assert_true(made > rate_out + rate_out / 4);
    /* Whole seconds of whole frequencies: the phase is that of the beginning. */
    *n = rate_out / 4;
    memmove(y, y + rate_out, *n * sizeof *y);
    return y;
}

static void flat_in_the_pass_band(void **unused)
{
    (void)unused;
    static const double places[] = {0.003, 0.1, 0.25, 0.37, 0.42, 0.4375};
    double worst_gain = 0.0, worst_rest = -999.0, worst_late = 0.0;
    FOR_EACH_PAIR(in, out)
    {
        converter c = open_converter(in, out, 1);
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            const double frequency = floor(places[i] * (double)(in < out ? in : out));
            size_t n;
            float *const y = tone_through(&c, in, out, frequency, &n);
            const tone t = tone_in(y, n, frequency / (double)out);
            worst_gain = fmax(worst_gain, fabs(t.gain));
            worst_rest = fmax(worst_rest, t.rest);
            /* As a time, in samples of the faster side. */
            const double samples = t.late / (2.0 * pi * frequency) * (double)(in > out ? in : out);
            worst_late = fmax(worst_late, fabs(samples));
            if (fabs(t.gain) > 0.1 || t.rest > -80.0 || fabs(samples) > 1e-3)
                fail_msg("%zu to %zu Hz, tone of %g Hz: gain %.3f dB, late by %g samples, %.1f dB "
                         "of something else",
                         in, out, frequency, t.gain, samples, t.rest);
            free(y);
        }
        close_converter(&c);
    }
    print_message("gain within %.5f dB, in time to %.6f samples, images and aliases at %.1f dB\n",
                  worst_gain, worst_late, worst_rest);
}

static void nothing_from_beyond_half_the_rate(void **unused)
{
    (void)unused;
    static const double places[] = {0.5, 0.51, 0.55, 0.62, 0.75, 0.9, 0.997, 1.3};
    double worst = -999.0;
    FOR_EACH_PAIR(in, out)
    {
        converter c = open_converter(in, out, 1);
        for (size_t i = 0; i < sizeof places / sizeof *places && in > out; i++) {
            const double frequency = ceil(places[i] * (double)out);
            if (frequency >= 0.5 * (double)in)
                break;
            size_t n;
            float *const y = tone_through(&c, in, out, frequency, &n);
            const double left = power_db(y, n) + 3.01;
            worst = fmax(worst, left);
            if (left > -80.0)
                fail_msg("%zu to %zu Hz: %.1f dB of a tone of %g Hz", in, out, left, frequency);
            free(y);
        }
        close_converter(&c);
    }
    print_message("at most %.1f dB come through\n", worst);
}

/* ---- Many frequencies --------------------------------------------------------------------- */

static void as_defined_and_as_libsoxr(void **unused)
{
    (void)unused;
    double worst = 999.0, worst_other = 999.0;
    FOR_EACH_PAIR(in, out)
    {
        const chord notes = chord_below(in < out ? in : out, 5);
        const size_t length = in / 2, room = length * out / in + 2;
        float *const x = sampled_chord(&notes, in, length);
        float *const y = malloc(room * sizeof *y), *const other = malloc(room * sizeof *other);
        float *const exact = sampled_chord(&notes, out, room);
        converter c = open_converter(in, out, 1);
        const size_t n = convert(&c.r, x, length, y, ROOM / 2);
        const soxr_quality_spec_t best = soxr_quality_spec(SOXR_VHQ | SOXR_STEEP_FILTER, 0);
        size_t done = 0;
        assert_null(soxr_oneshot((double)in, (double)out, 1, x, length, NULL, other, room, &done,
                                 NULL, &best, NULL));
        assert_true(done >= n);
        /* Not where a filter reaches beyond the ends; libsoxr's is the longer one. */
        const size_t from = n / 5, to = n - n / 5;
        const double snr = snr_db(y + from, exact + from, to - from);
        const double near = snr_db(y + from, other + from, to - from);
        worst = fmin(worst, snr);
        worst_other = fmin(worst_other, near);
        if (snr < 80.0 || near < 80.0)
            fail_msg("%zu to %zu Hz: %.1f dB from what is right, %.1f dB from libsoxr", in, out,
                     snr, near);
        close_converter(&c);
        free(x);
        free(y);
        free(other);
        free(exact);
    }
    print_message("at least %.1f dB from what is right, %.1f dB from libsoxr\n", worst,
                  worst_other);
}

/* A table for any fraction is as good as one for the fractions that occur. */
static void drift(void **unused)
{
    (void)unused;
    static const size_t rates[] = {8000, 16000, 44100, 48000, 44101};
    static const double ppm[] = {20.0, -20.0, 300.0, -300.0, 900.0, -900.0, 0.03};
    double worst = 999.0;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (size_t k = 0; k < sizeof ppm / sizeof *ppm; k++) {
            const size_t in = rates[i], out = 16000, length = 2 * in;
            const chord notes = chord_below(in < out ? in : out, 7);
            float *const x = sampled_chord(&notes, in, length);
            converter c = open_converter(in, out, 0);
            /* The drift changes every few samples: the position is the sum of all steps. */
            enum { SPAN = 160 };
            static float y[4 * 16000], exact[4 * 16000];
            size_t made = 0, fed = 0;
            double seconds = 0.0;
            for (size_t span = 0;; span++) {
                const double faster = (span % 3 == 2 ? 0.0 : ppm[k]) * 1e-6;
                resampler_drift(&c.r, faster);
                const size_t missing = resampler_missing(&c.r, SPAN);
                if (fed + missing > length)
                    break;
                resampler_push(&c.r, x + fed, missing);
                fed += missing;
                assert_int_equal(resampler_missing(&c.r, SPAN), 0);
                resampler_pull(&c.r, y + made, SPAN);
                for (size_t j = 0; j < SPAN; j++) {
                    exact[made++] = (float)chord_at(&notes, seconds);
                    seconds += (1.0 + faster) / (double)out;
                }
                const double waiting = (double)fed - seconds * (double)in;
                assert_true(fabs(resampler_waiting(&c.r) - waiting) < 1e-3);
            }
            const double snr = snr_db(y + 400, exact + 400, made - 800);
            worst = fmin(worst, snr);
            if (snr < 80.0)
                fail_msg("%zu Hz with %g ppm: %.1f dB from what is right", in, ppm[k], snr);
            close_converter(&c);
            free(x);
        }
    print_message("at least %.1f dB from what is right\n", worst);
}

static void any_chunks(void **unused)
{
    (void)unused;
    uint32_t seed = 77;
    FOR_EACH_PAIR(in, out)
    {
        enum { N = 6000 };
        static float x[N], y[13 * N], again[13 * N];
        for (size_t i = 0; i < N; i++)
            x[i] = random_float(&seed);
        converter c = open_converter(in, out, (int)(out % 2));
        const size_t n = convert(&c.r, x, N, y, ROOM);
        /* The output depends on the input alone. */
        const size_t expected = ((N - resampler_look_ahead(&c.r)) * out + in - 1) / in;
        assert_int_equal(n, expected);
        static const size_t chunks[] = {1, 100, 1023};
        for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
            resampler_reset(&c.r, NULL, 0);
            assert_int_equal(convert(&c.r, x, N, again, chunks[i]), n);
            assert_memory_equal(again, y, n * sizeof *y);
        }
        close_converter(&c);
    }
}

/* Filters between the same rates are one table, which lives as long as one of them. */
static void tables_are_shared(void **unused)
{
    (void)unused;
    enum { MANY = 80 };
    converter one = open_converter(16000, 16000, 0), two = open_converter(16000, 16000, 0);
    converter exact = open_converter(48000, 16000, 1), any = open_converter(48000, 16000, 0);
    assert_ptr_equal(one.r.table, two.r.table);
    assert_ptr_not_equal(exact.r.table, any.r.table);
    close_converter(&one);
    one = open_converter(16000, 16000, 0);
    assert_ptr_equal(one.r.table, two.r.table);
    close_converter(&one);
    close_converter(&two);
    close_converter(&exact);
    close_converter(&any);
    /* More kinds than can be shared at a time work as well. */
    static converter many[MANY];
    for (size_t i = 0; i < MANY; i++)
        many[i] = open_converter(16000, 20000 + i, 0);
    for (size_t i = 0; i < MANY; i++)
        close_converter(&many[i]);
}

/* A late start, with a past: the rest of what another one began. */
static void a_late_start(void **unused)
{
    (void)unused;
    FOR_EACH_PAIR(in, out)
    {
        if (in >= out)
            continue;
        const chord notes = chord_below(in, 11);
        const size_t n = 3000;
        float *const x = sampled_chord(&notes, in, n);
        static float whole[13 * 3000], rest[13 * 3000];
        converter c = open_converter(in, out, 1);
        const size_t made = convert(&c.r, x, n, whole, ROOM);
        const size_t past = resampler_look_ahead(&c.r) - 1;
        /* The first output at or after input `past`. */
        const size_t first = (past * out + in - 1) / in;
        resampler_reset(&c.r, x, first * in - past * out);
        const size_t left = convert(&c.r, x + past, n - past, rest, ROOM);
        assert_int_equal(left, made - first);
        assert_memory_equal(rest, whole + first, left * sizeof *rest);
        close_converter(&c);
        free(x);
    }
}

/* Two hours later output k is still at k * rate_in / rate_out. */
static void no_error_adds_up(void **unused)
{
    (void)unused;
    static const size_t rates[][2] = {{44100, 16000}, {44101, 16000}, {16000, 44100}};
    for (size_t i = 0; i < 3; i++) {
        const size_t in = rates[i][0], out = rates[i][1], hours = 2;
        static float x[44101 * 2], y[44101 * 2];
        const double frequency = 3001.0;
        for (size_t k = 0; k < in; k++)
            x[k] = (float)sin(2.0 * pi * frequency * (double)k / (double)in);
        converter c = open_converter(in, out, 1);
        uint64_t made = 0;
        for (size_t second = 0; second < hours * 3600; second++)
            for (size_t done = 0, part; done < in; done += part) {
                part = in - done < ROOM / 2 ? in - done : ROOM / 2;
                resampler_push(&c.r, x + done, part);
                const size_t ready = resampler_ready(&c.r, MOST_AT_ONCE);
                resampler_pull(&c.r, NULL, ready);
                made += ready;
            }
        assert_int_equal(made, hours * 3600 * out - resampler_look_ahead(&c.r) * out / in);
        /* On to a whole second, where the phase is known. */
        const size_t behind = (size_t)(hours * 3600 * out - made);
        const size_t n = convert(&c.r, x, in, y, ROOM / 2);
        const tone t = tone_in(y + behind, n - behind, frequency / (double)out);
        const double samples = t.late / (2.0 * pi * frequency) * (double)in;
        print_message("%zu to %zu Hz: late by %g samples after %zu hours\n", in, out, samples,
                      hours);
        assert_true(fabs(samples) < 1e-3);
        assert_true(t.rest < -80.0);
        close_converter(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_in_the_pass_band),
        cmocka_unit_test(nothing_from_beyond_half_the_rate),
        cmocka_unit_test(as_defined_and_as_libsoxr),
        cmocka_unit_test(drift),
        cmocka_unit_test(any_chunks),
        cmocka_unit_test(tables_are_shared),
        cmocka_unit_test(a_late_start),
        cmocka_unit_test(no_error_adds_up),
    };
    return cmocka_run_group_tests_name("resampler", tests, NULL, NULL);
}
