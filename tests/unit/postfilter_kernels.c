/*
 * The kernels and the GRU layer of the post-filter: the plain set against the equations in double,
 * every other set of this CPU against the plain one, bit for bit.
 */
#include "check.h"
#include "each_set.h"
#include "network/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 700 };

/* ---- Vectors ---------------------------------------------------------------------------- */

static void tanh_of_vectors(void **unused)
{
    (void)unused;
    static float x[MOST], y[MOST], first[MOST];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = between(1, MOST);
        fill(x, n, powf(10.0f, (float)between(0, 4) - 2.0f));
        FOR_EACH_SET (k) {
            memcpy(y, x, n * sizeof *x);
            k->tanh(y, y, n);
            if (k == kernels_at(0))
                memcpy(first, y, n * sizeof *y);
            assert_memory_equal(y, first, n * sizeof *y);
        }
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)first[i] - tanh((double)x[i])) < 3e-7);
    }
}

static void powers_of_gains(void **unused)
{
    (void)unused;
    static float x[MOST], y[MOST], first[MOST];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = between(1, MOST);
        const float exponent = 0.25f * (float)between(0, 12);
        for (size_t i = 0; i < n; i++)
            x[i] = powf(2.0f, -64.0f * fabsf(random_float(&seed)));
        x[0] = 1.0f;
        FOR_EACH_SET (k) {
            memcpy(y, x, n * sizeof *x);
            k->raise(y, y, exponent, n);
            if (k == kernels_at(0))
                memcpy(first, y, n * sizeof *y);
            assert_memory_equal(y, first, n * sizeof *y);
        }
        assert_true(first[0] == 1.0f);
        for (size_t i = 0; i < n; i++) {
            const double exact = pow((double)x[i], (double)exponent);
            /* Beyond e^-80 it saturates; before, the error of the logarithm counts. */
            assert_true(exact < 2e-35 ? first[i] < 2e-35f
                                      : fabs((double)first[i] / exact - 1.0) < 2e-5);
        }
    }
}

static void decibels_of_powers(void **unused)
{
    (void)unused;
    static float x[MOST], y[MOST], first[MOST];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = between(1, MOST);
        for (size_t i = 0; i < n; i++)
            x[i] = powf(10.0f, 15.0f * random_float(&seed));
        x[0] = 0.0f;
        FOR_EACH_SET (k) {
            memcpy(y, x, n * sizeof *x);
            k->decibels(y, y, n);
            if (k == kernels_at(0))
                memcpy(first, y, n * sizeof *y);
            assert_memory_equal(y, first, n * sizeof *y);
        }
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)first[i] - 10.0 * log10((double)x[i] + 1e-12)) < 3e-5);
    }
}

/* ---- Pairs of spectra ------------------------------------------------------------------- */

enum { SIGNALS = 2, HOPS = 20 };

/* What the kernels make of HOPS hops of two spectra, and the same in double. */
typedef struct pair_run {
    float smooth[SIGNALS][MOST], power[SIGNALS][MOST], cross[2][MOST], coherence[MOST];
} pair_run;

static void run_pair(pair_run *r, const kernels *k, const float *x, size_t n, float memory)
{
    static float spectra[SIGNALS][2][MOST];
    memset(r, 0, sizeof *r);
    for (size_t t = 0; t < HOPS; t++) {
        for (size_t s = 0; s < SIGNALS; s++) {
            const float *const from = x + (t * SIGNALS + s) * 2 * n;
            memcpy(spectra[s][0], from, n * sizeof *from);
            memcpy(spectra[s][1], from + n, n * sizeof *from);
            k->smooth_power(r->smooth[s], r->power[s], spectra[s][0], spectra[s][1], memory, n);
        }
        const spectrum_pair pair = {
            .a_re = spectra[0][0],
            .a_im = spectra[0][1],
            .b_re = spectra[1][0],
            .b_im = spectra[1][1],
            .a_power = r->smooth[0],
            .b_power = r->smooth[1],
            .cross_re = r->cross[0],
            .cross_im = r->cross[1],
        };
        k->coherence(r->coherence, &pair, memory, n);
    }
}

/* The coherence of bin i. */
static double coherence_in_double(const float *x, size_t n, size_t i, double memory)
{
    double power[SIGNALS] = {0.0}, re = 0.0, im = 0.0;
    for (size_t t = 0; t < HOPS; t++) {
        const float *const a = x + t * SIGNALS * 2 * n + i, *const b = a + 2 * n;
        const double ar = (double)a[0], ai = (double)a[n], br = (double)b[0], bi = (double)b[n];
        power[0] = memory * power[0] + (1.0 - memory) * (ar * ar + ai * ai);
        power[1] = memory * power[1] + (1.0 - memory) * (br * br + bi * bi);
        re = memory * re + (1.0 - memory) * (ar * br + ai * bi);
        im = memory * im + (1.0 - memory) * (ai * br - ar * bi);
    }
    return (re * re + im * im) / (power[0] * power[1] + 1e-18);
}

static void coherence_of_spectra(void **unused)
{
    (void)unused;
    static float x[HOPS * SIGNALS * 2 * MOST];
    static pair_run first, other;
    for (int round = 0; round < 20; round++) {
        const size_t n = between(1, MOST);
        const float memory = 0.85f;
        fill(x, HOPS * SIGNALS * 2 * n, powf(10.0f, (float)between(0, 6) - 4.0f));
        run_pair(&first, kernels_at(0), x, n, memory);
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)first.coherence[i] -
                             coherence_in_double(x, n, i, (double)memory)) < 3e-6);
        FOR_EACH_SET (k) {
            run_pair(&other, k, x, n, memory);
            assert_memory_equal(&other, &first, sizeof first);
        }
    }
}

/* Whatever is next to nothing stays exactly nothing: no number is subnormal. */
static void spectra_of_next_to_nothing(void **unused)
{
    (void)unused;
    static float x[HOPS * SIGNALS * 2 * 257];
    static pair_run r;
    FOR_EACH_SET (k)
        for (int exponent = -45; exponent < 0; exponent++) {
            fill(x, sizeof x / sizeof *x, powf(10.0f, (float)exponent));
            run_pair(&r, k, x, 257, 0.85f);
            const float *const all = (const float *)&r;
            for (size_t i = 0; i < sizeof r / sizeof *all; i++)
                assert_true(all[i] == 0.0f || isnormal(all[i]));
        }
}

/* ---- Bands ------------------------------------------------------------------------------- */

static void triangles_of_bins(void **unused)
{
    (void)unused;
    static float x[TRIANGLES_ROWS_MOST * MOST], share[FFT_BINS], scale[TRIANGLES_MOST];
    static float y[TRIANGLES_ROWS_MOST * TRIANGLES_MOST], first[sizeof y / sizeof *y];
    static size_t starts[TRIANGLES_MOST];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t count = between(2, 100), rows = between(1, TRIANGLES_ROWS_MOST);
        const size_t stride = between(FFT_BINS, MOST), results = rows * count;
        const triangles t = {count, starts, share, scale};
        for (size_t i = 0; i + 1 < count; i++)
            starts[i + 1] = starts[i] + between(1, (FFT_BINS - starts[i] - (count - 2 - i)) / 2);
        fill(x, sizeof x / sizeof *x, 1.0f);
        fill(share, FFT_BINS, 1.0f);
        fill(scale, TRIANGLES_MOST, 1.0f);
        FOR_EACH_SET (k) {
            k->triangle_means(&t, y, x, stride, rows);
            if (k == kernels_at(0))
                memcpy(first, y, results * sizeof *y);
            assert_memory_equal(y, first, results * sizeof *y);
        }
        for (size_t i = 0; i < results; i++) {
            const size_t at = i % count;
            const float *const row = x + i / count * stride;
            double sum = 0.0;
            for (size_t k = at > 0 ? starts[at - 1] : 0; k < starts[at]; k++)
                sum += (double)(share[k] * row[k]);
            for (size_t k = starts[at]; at + 1 < count && k < starts[at + 1]; k++)
                sum += (1.0 - (double)share[k]) * (double)row[k];
            assert_true(fabs((double)first[i] - (double)scale[at] * sum) < 1e-4);
        }
    }
}

/* ---- The layer -------------------------------------------------------------------------- */

static void *aligned(size_t bytes)
{
    void *const memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(memory);
    return memory;
}

static matrix view(const float *w, size_t rows, size_t columns)
{
    return (matrix){(const unsigned char *)w, rows, columns, columns, 1,
                    MATRIX_FLOAT32,           1,    NULL,    0};
}

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* PyTorch's GRU, with the gates in ONNX's order z, r, n. */
static void gru_in_double(const gru_weights *w, size_t units, const float *x, double *h)
{
    double in[3][MOST], recurrent[3][MOST];
    for (size_t g = 0; g < 3; g++)
        for (size_t u = 0; u < units; u++) {
            const size_t row = g * units + u;
            in[g][u] = (double)w->bias[row];
            recurrent[g][u] = (double)w->recurrent_bias[row];
            for (size_t c = 0; c < w->input.columns; c++)
                in[g][u] += (double)matrix_at(&w->input, row, c) * (double)x[c];
            for (size_t c = 0; c < units; c++)
                recurrent[g][u] += (double)matrix_at(&w->recurrent, row, c) * h[c];
        }
    for (size_t u = 0; u < units; u++) {
        const double z = logistic(in[0][u] + recurrent[0][u]);
        const double r = logistic(in[1][u] + recurrent[1][u]);
        h[u] = (1.0 - z) * tanh(in[2][u] + r * recurrent[2][u]) + z * h[u];
    }
}

/* How far a step may be from the equations: rounding, and the cost of the format. */
static const double gru_tolerance[] = {5e-6, 0.03, 0.06};

enum { STREAMS = 3 };

static void gru_follows_its_equations(void **unused)
{
    (void)unused;
    for (int round = 0; round < 24; round++) {
        const dense_format format = (dense_format)(round % 3);
        const size_t units = between(1, 160), inputs = between(1, 200), hops = between(1, 6);
        const size_t rows = hops * STREAMS, stride = units + between(0, 70);
        float *const w = aligned(3 * units * inputs * sizeof *w);
        float *const u = aligned(3 * units * units * sizeof *u);
        float *const bias = aligned(6 * units * sizeof *bias);
        float *const x = aligned(rows * inputs * sizeof *x);
        float *const gates = aligned((rows + STREAMS) * KERNEL_PAD(3 * units) * sizeof *gates);
        float *const y = aligned((rows + STREAMS) * stride * sizeof *y);
        float *const first = aligned(rows * stride * sizeof *first);
        float *const floats = aligned(3 * units * (inputs + units + 1) * sizeof *floats);
        void *const scratch = aligned(DENSE_SCRATCH(inputs + units, rows));
        fill(w, 3 * units * inputs, 0.3f);
        fill(u, 3 * units * units, 0.3f);
        fill(bias, 6 * units, 1.0f);
        fill(x, rows * inputs, 1.0f);
        const gru_weights weights = {view(w, 3 * units, inputs), view(u, 3 * units, units), bias,
                                     bias + 3 * units};
        const layer_rows in = {x, inputs}, out = {y + STREAMS * stride, stride};
        FOR_EACH_SET (k) {
            gru layer;
            arena a = {0};
            gru_build(&layer, &a, &weights, units, format, NULL);
            a.memory = aligned(a.used);
            a.used = 0;
            gru_build(&layer, &a, &weights, units, format, floats);

            float memory[STREAMS][MOST] = {{0}}, alone[MOST] = {0};
            float *const h[STREAMS] = {memory[0], memory[1], memory[2]};
            gru_run(&layer, k, h, in, out, &(layer_work){STREAMS, hops, gates, scratch});
            for (size_t s = 0; s < STREAMS; s++) {
                double exact[MOST] = {0};
                for (size_t t = 0; t < hops; t++) {
                    const size_t row = t * STREAMS + s;
                    gru_in_double(&weights, units, x + row * inputs, exact);
                    for (size_t i = 0; i < units; i++)
                        assert_true(fabs((double)out.at[row * stride + i] - exact[i]) <
                                    gru_tolerance[format]);
                    /* All sets: the same bits. */
                    if (k == kernels_at(0))
                        memcpy(first + row * stride, out.at + row * stride, units * sizeof *y);
                    assert_memory_equal(first + row * stride, out.at + row * stride,
                                        units * sizeof *y);
                }
                assert_memory_equal(h[s], out.at + ((hops - 1) * STREAMS + s) * stride,
                                    units * sizeof *y);
            }
            /* The last stream by itself, hop by hop: the same bits. */
            float *const one[] = {alone};
            for (size_t t = 0; t < hops; t++) {
                const layer_rows from = {x + (t * STREAMS + STREAMS - 1) * inputs, inputs};
                gru_run(&layer, k, one, from, out, &(layer_work){1, 1, gates, scratch});
            }
            assert_memory_equal(alone, memory[STREAMS - 1], units * sizeof *y);
            free(a.memory);
        }
        free(w);
        free(u);
        free(bias);
        free(x);
        free(gates);
        free(y);
        free(first);
        free(floats);
        free(scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tanh_of_vectors),
        cmocka_unit_test(powers_of_gains),
        cmocka_unit_test(decibels_of_powers),
        cmocka_unit_test(coherence_of_spectra),
        cmocka_unit_test(spectra_of_next_to_nothing),
        cmocka_unit_test(triangles_of_bins),
        cmocka_unit_test(gru_follows_its_equations),
    };
    return cmocka_run_group_tests_name("postfilter_kernels", tests, NULL, NULL);
}
