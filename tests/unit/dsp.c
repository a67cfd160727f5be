/*
 * The signal processing that library and command line share: the Fourier transform against its
 * definition, and whole signals at other rates against sines.
 */
#include "check.h"
#include "dsp/converter.h"
#include "dsp/fft.h"
#include "signals.h"

#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

static void transform_is_as_defined(void **state)
{
    (void)state;
    for (size_t size = 32; size <= 512; size *= 2) {
        const size_t bins = size / 2 + 1;
        signal_ x = noise_signal(size, 1.0f, (unsigned)size);
        float *re = malloc(bins * sizeof *re), *im = malloc(bins * sizeof *im);
        real_fft *f = real_fft_new(size);
        assert_non_null(f);
        real_fft_forward(f, re, im, x.samples);
        for (size_t k = 0; k < bins; k++) {
            double a = 0.0, b = 0.0;
            for (size_t i = 0; i < size; i++) {
                const double turn = 2.0 * pi * (double)(i * k % size) / (double)size;
                a += (double)x.samples[i] * cos(turn);
                b -= (double)x.samples[i] * sin(turn);
            }
            /* log2(size) roundings of values up to sqrt(size). */
            assert_true(fabs(a - (double)re[k]) < 1e-5 && fabs(b - (double)im[k]) < 1e-5);
        }
        real_fft_free(f);
        free(x.samples);
        free(re);
        free(im);
    }
}

/* Each lane as if it were transformed alone. */
static void lanes_are_transformed_as_alone(void **state)
{
    enum { SIZE = 1024, BINS = SIZE / 2 + 1 };
    signal_ x = noise_signal(SIZE * FFT_LANES, 1.0f, 9);
    float *re = malloc(BINS * FFT_LANES * sizeof *re), *im = malloc(BINS * FFT_LANES * sizeof *im);
    float one[SIZE], one_re[BINS], one_im[BINS];
    real_fft *many = real_fft_new_lanes(SIZE), *f = real_fft_new(SIZE);
    float *even, *odd;
    (void)state;
    assert_true(re && im && many && f);
    real_fft_lanes(many, &even, &odd);
    for (size_t i = 0; i < SIZE / 2 * FFT_LANES; i++) {
        const size_t at = i / FFT_LANES * 2 * FFT_LANES + i % FFT_LANES;
        even[i] = x.samples[at];
        odd[i] = x.samples[at + FFT_LANES];
    }
    real_fft_forward_lanes(many, re, im);
    for (size_t lane = 0; lane < FFT_LANES; lane++) {
        for (size_t i = 0; i < SIZE; i++)
            one[i] = x.samples[i * FFT_LANES + lane];
        real_fft_forward(f, one_re, one_im, one);
        for (size_t k = 0; k < BINS; k++) {
            assert_true(re[k * FFT_LANES + lane] == one_re[k]);
            assert_true(im[k * FFT_LANES + lane] == one_im[k]);
        }
    }
    real_fft_free(many);
    real_fft_free(f);
    free(x.samples);
    free(re);
    free(im);
}

/* The longest that the doctor takes: one tone, one bin. */
static void inverse_undoes_it(void **state)
{
    enum { SIZE = 131072, BINS = SIZE / 2 + 1, BIN = 12345 };
    float *x = malloc(SIZE * sizeof *x), *y = malloc(SIZE * sizeof *y);
    float *re = malloc(BINS * sizeof *re), *im = malloc(BINS * sizeof *im);
    real_fft *f = real_fft_new(SIZE);
    (void)state;
    assert_true(f && x && y && re && im);
    for (size_t i = 0; i < SIZE; i++)
        x[i] = (float)cos(2.0 * pi * (double)(i * BIN % SIZE) / (double)SIZE + 0.5);
    real_fft_forward(f, re, im, x);
    for (size_t k = 0; k < BINS; k++) {
        const double wanted = k == BIN ? 0.5 * (double)SIZE : 0.0;
        assert_true(fabs((double)hypotf(re[k], im[k]) - wanted) < 1e-6 * (double)SIZE);
    }
    real_fft_inverse(f, y, re, im);
    for (size_t i = 0; i < SIZE; i++)
        assert_true(fabs((double)y[i] / (double)SIZE - (double)x[i]) < 2e-6);
    real_fft_free(f);
    free(x);
    free(y);
    free(re);
    free(im);
}

/* A tone stays where it was, whatever the rates, fractions of a hertz included. */
static void rates_are_converted(void **state)
{
    enum { PART = 1000 };
    static const struct {
        double from;
        unsigned to;
    } cases[] = {{48000.0, 8000},  {44100.0, 16000},  {16000.0, 16000}, {8000.0, 16000},
                 {16024.0, 16000}, {44113.25, 16000}, {132300.0, 8000}, {192000.0, 8000}};
    const double hertz = 997.0;
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const size_t n = (size_t)cases[c].from, out_n = cases[c].to / 2;
        float x[PART], *y = malloc(out_n * sizeof *y);
        converter *open = converter_open(cases[c].from, cases[c].to, PART);
        assert_true(y && open);
        for (size_t pushed = 0, pulled = 0; pulled < out_n;) {
            const size_t got = converter_pull(open, y + pulled, out_n - pulled);
            pulled += got;
            if (got > 0)
                continue;
            /* Parts of any size. */
            const size_t part = 1 + pushed % PART;
            for (size_t i = 0; i < part; i++, pushed++)
                x[i] = (float)sin(2.0 * pi * hertz * (double)pushed / cases[c].from);
            converter_push(open, x, part);
        }
        /* A filter's length from both borders. */
        size_t compared = 0;
        const double border = 100.0 * fmax(1.0, cases[c].from / cases[c].to);
        for (size_t i = 0; i < out_n; i++) {
            const double at = (double)i * cases[c].from / cases[c].to;
            if (at < border || at > (double)n - border)
                continue;
            compared++;
            assert_true(fabs((double)y[i] - sin(2.0 * pi * hertz * at / cases[c].from)) < 1e-3);
        }
        assert_true(compared > out_n / 2);
        converter_close(&open);
        assert_null(open);
        free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transform_is_as_defined),
        cmocka_unit_test(lanes_are_transformed_as_alone),
        cmocka_unit_test(inverse_undoes_it),
        cmocka_unit_test(rates_are_converted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
