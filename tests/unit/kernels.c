/*
 * Every kernel of every set that this CPU has: the plain set against the meaning of the operation,
 * in double or spelled out; every other set against the plain one, bit for bit. Random shapes, odd
 * alignments, and no write beyond what the kernel may touch.
 */
#include "check.h"
#include "each_set.h"
#include "kernels/scalar.h"
#include "network/layers.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 700 };

/* ---- Functions of one number ------------------------------------------------------------ */

/* Distance in units of the last place of the exact value. */
static double ulps(float got, double exact)
{
    const float nearest = (float)exact;
    const double ulp =
        fmax((double)(nextafterf(fabsf(nearest), INFINITY) - fabsf(nearest)), (double)1.4e-45f);
    return fabs((double)got - exact) / ulp;
}

static void sigmoid_is_exact_to_3_ulps(void **unused)
{
    (void)unused;
    double worst = 0.0;
    for (float x = -39.9f; x < 39.9f; x += 0.00037f)
        worst = fmax(worst, ulps(sigmoid_(x), 1.0 / (1.0 + exp(-(double)x))));
    print_message("worst: %.2f ulp\n", worst);
    assert_true(worst < 3.0);
    assert_true(sigmoid_(1e30f) == 1.0f);
    assert_true(sigmoid_(-1e30f) > 0.0f && sigmoid_(-1e30f) < 1e-17f);
}

static void tanh_is_exact_to_4_ulps(void **unused)
{
    (void)unused;
    double worst = 0.0;
    for (float x = -9.99f; x < 9.99f; x += 0.00013f)
        worst = fmax(worst, ulps(tanh_(x), tanh((double)x)));
    for (float x = 1e-30f; x < 1.0f; x *= 1.01f)
        worst = fmax(worst, ulps(tanh_(x), tanh((double)x)));
    print_message("worst: %.2f ulp\n", worst);
    assert_true(worst < 4.0);
    assert_true(tanh_(1e30f) == 1.0f && tanh_(-1e30f) == -1.0f && tanh_(0.0f) == 0.0f);
}

static void log_is_exact_to_3_ulps(void **unused)
{
    (void)unused;
    double worst = 0.0;
    for (float x = 1e-7f; x < 1e12f; x *= 1.0003f) {
        const double exact = log((double)x);
        /* Near ln 1 = 0 the error is that of the argument: absolute, not relative. */
        worst = fmax(worst, fmin(ulps(log_(x), exact), fabs((double)log_(x) - exact) / 1e-8));
    }
    print_message("worst: %.2f ulp\n", worst);
    assert_true(worst < 3.0);
}

/* ---- Vectors ---------------------------------------------------------------------------- */

enum { GUARD = 64 };

typedef void (*vector_kernel)(const kernels *k, float *y, const float *a, const float *b,
                              const float *c, size_t n);

static void run_sigmoid(const kernels *k, float *y, const float *a, const float *b, const float *c,
                        size_t n)
{
    (void)b, (void)c;
    k->sigmoid(y, a, n);
}

static void run_multiply(const kernels *k, float *y, const float *a, const float *b, const float *c,
                         size_t n)
{
    (void)c;
    k->multiply(y, a, b, n);
}

static void run_log_power(const kernels *k, float *y, const float *a, const float *b,
                          const float *c, size_t n)
{
    (void)b, (void)c;
    k->log_power(y, a, n);
}

static void run_normalize(const kernels *k, float *y, const float *a, const float *b,
                          const float *c, size_t n)
{
    k->normalize(y, a, b, c, n);
}

static void run_magnitude(const kernels *k, float *y, const float *a, const float *b,
                          const float *c, size_t n)
{
    (void)c;
    k->magnitude(y, a, b, n);
}

static void vectors_agree(void **unused)
{
    (void)unused;
    static const vector_kernel all[] = {run_sigmoid, run_multiply, run_log_power, run_normalize,
                                        run_magnitude};
    static float a[MOST + 16], b[MOST + 16], c[MOST + 16];
    static float expected[MOST], y[MOST + 16 + GUARD];
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            const size_t n = between(1, MOST), shift = between(0, 15);
            const float scale = powf(10.0f, (float)between(0, 8) - 5.0f);
            fill(a, MOST + 16, scale);
            fill(b, MOST + 16, 1.0f);
            fill(c, MOST + 16, 1.0f);
            all[i](kernels_at(0), expected, a + shift, b + shift, c + shift, n);
            FOR_EACH_SET (k) {
                for (size_t g = 0; g < sizeof y / sizeof *y; g++)
                    y[g] = 12345.0f;
                all[i](k, y + shift, a + shift, b + shift, c + shift, n);
                assert_memory_equal(y + shift, expected, n * sizeof *y);
                /* Nothing beyond the row's padding is written. */
                assert_true(y[shift + KERNEL_PAD(n) < MOST + 16 + GUARD ? shift + KERNEL_PAD(n)
                                                                        : MOST + 15 + GUARD] ==
                            12345.0f);
                memcpy(y + shift, a + shift, n * sizeof *y);
                all[i](k, y + shift, y + shift, b + shift, c + shift, n);
                if (all[i] != run_magnitude) /* in place */
                    assert_memory_equal(y + shift, expected, n * sizeof *y);
            }
        }
}

/* Lengths of the resampler's filters, anywhere in memory. */
static void dots_agree(void **unused)
{
    (void)unused;
    static float a[MOST + 32], b[MOST + 32];
    for (size_t round = 0; round < ROUNDS * 10; round++) {
        const size_t n = 16 * between(1, MOST / 16);
        const float *const x = a + between(0, 16), *const y = b + between(0, 16);
        fill(a, MOST + 32, 2.0f);
        fill(b, MOST + 32, 1.0f);
        double exact = 0.0, size = 0.0;
        for (size_t i = 0; i < n; i++) {
            exact += (double)x[i] * (double)y[i];
            size += fabs((double)x[i] * (double)y[i]);
        }
        const float plain = kernels_at(0)->dot(x, y, n);
        assert_true(fabs((double)plain - exact) <= 1e-6 * size);
        FOR_EACH_SET (k) {
            const float got = k->dot(x, y, n);
            assert_memory_equal(&got, &plain, sizeof got);
        }
    }
}

/* In double, where products of floats are exact. */
static void inner_products_agree(void **unused)
{
    (void)unused;
    float x[MOST], y[MOST];
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t n = 8 * between(1, MOST / 8);
        fill(x, n, 1.0f);
        fill(y, n, 1.0f);
        double sum = 0.0, magnitude = 0.0;
        for (size_t i = 0; i < n; i++) {
            sum += (double)x[i] * (double)y[i];
            magnitude += fabs((double)x[i] * (double)y[i]);
        }
        const double plain = kernels_at(0)->inner(x, y, n);
        assert_true(fabs(plain - sum) <= 1e-14 * magnitude);
        FOR_EACH_SET (k) {
            const double got = k->inner(x, y, n);
            assert_memory_equal(&got, &plain, sizeof got);
        }
    }
}

/* Exactly, with as many frames as it takes of the largest magnitude. */
static void cross_spectra_are_exact(void **unused)
{
    (void)unused;
    enum { BINS_MOST = 128, FRAME = 2 * BINS_MOST };
    static int8_t a[CROSS_FRAMES_MOST][FRAME], b[CROSS_FRAMES_MOST][FRAME];
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t n = 16 * between(1, BINS_MOST / 16), count = between(0, CROSS_FRAMES_MOST);
        const int8_t *mic[CROSS_FRAMES_MOST], *far[CROSS_FRAMES_MOST];
        int64_t re[BINS_MOST] = {0}, im[BINS_MOST] = {0};
        for (size_t f = 0; f < count; f++) {
            mic[f] = a[f];
            far[f] = b[f];
            for (size_t k = 0; k < n; k++) {
                const double turn = 7.0 * (double)random_float(&seed);
                const double other = round == 0 ? turn : 7.0 * (double)random_float(&seed);
                a[f][k] = (int8_t)((double)CROSS_ONE * cos(turn));
                a[f][n + k] = (int8_t)((double)CROSS_ONE * sin(turn));
                b[f][k] = (int8_t)((double)CROSS_ONE * cos(other));
                b[f][n + k] = (int8_t)((double)CROSS_ONE * sin(other));
                re[k] += a[f][k] * b[f][k] + a[f][n + k] * b[f][n + k];
                im[k] += a[f][n + k] * b[f][k] - a[f][k] * b[f][n + k];
            }
        }
        FOR_EACH_SET (k) {
            int32_t got_re[BINS_MOST], got_im[BINS_MOST];
            k->cross_spectrum(got_re, got_im, mic, far, count, n);
            for (size_t i = 0; i < n; i++)
                assert_true(got_re[i] == re[i] && got_im[i] == im[i]);
        }
    }
}

static void whitened_frames(void **unused)
{
    (void)unused;
    enum { BINS_MOST = 128 };
    static float re[BINS_MOST], im[BINS_MOST], before[BINS_MOST], level[BINS_MOST];
    static float first_level[BINS_MOST];
    static int8_t y[2 * BINS_MOST], first[2 * BINS_MOST];
    const float rate = 0.03f, quiet = 0.3f;
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = 16 * between(1, BINS_MOST / 16);
        const float scale = powf(10.0f, (float)between(0, 6) - 5.0f);
        float square = 0.0f;
        fill(re, n, scale);
        fill(im, n, scale);
        for (size_t i = 0; i < n; i++)
            before[i] = i % 3 == 0 ? 0.0f : scale * fabsf(random_float(&seed));
        FOR_EACH_SET (k) {
            memcpy(level, before, sizeof level);
            const float got = k->whiten(y, level, re, im, rate, quiet, n);
            if (k == kernels_at(0)) {
                memcpy(first, y, sizeof y);
                memcpy(first_level, level, sizeof level);
                square = got;
            }
            assert_memory_equal(y, first, 2 * n);
            assert_memory_equal(level, first_level, n * sizeof *level);
            assert_true(got == square);
        }
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double magnitude = hypot((double)re[i], (double)im[i]) + 1e-6;
            const double old = (double)before[i];
            const double mean = old > 0.0 ? old + (double)rate * (magnitude - old) : magnitude;
            const double factor = 1.0 / (magnitude + (double)quiet * mean);
            const double r = (double)re[i] * factor, m = (double)im[i] * factor;
            assert_true(fabs((double)first_level[i] - mean) <= 1e-6 * mean);
            assert_true(fabs(first[i] - (double)CROSS_ONE * r) < 0.501);
            assert_true(fabs(first[n + i] - (double)CROSS_ONE * m) < 0.501);
            sum += r * r + m * m;
        }
        assert_true(fabs((double)square - sum / (double)n) < 1e-5);
    }
}

static void vectors_mean_what_they_say(void **unused)
{
    (void)unused;
    static float x[MOST], m[MOST], y[MOST];
    const kernels *const k = kernels_at(0);
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = between(1, MOST);
        fill(x, n, 20.0f);
        fill(m, n, 20.0f);
        k->log_power(y, x, n);
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)y[i] - log((double)x[i] * (double)x[i] + 1e-7)) < 4e-6);
        k->magnitude(y, x, m, n);
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)y[i] - hypot((double)x[i], (double)m[i])) < 4e-6);
        k->multiply(y, x, m, n);
        for (size_t i = 0; i < n; i++)
            assert_true(y[i] == x[i] * m[i]);
    }
    const float tiny[2] = {1e-20f, 1e-25f};
    k->multiply(y, tiny, tiny, 2);
    assert_true(y[0] == 0.0f && y[1] == 0.0f); /* never subnormal */
}

static void normalize_equals_double(void **unused)
{
    (void)unused;
    static float x[MOST], gamma[MOST], beta[MOST], y[MOST];
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = between(2, MOST);
        const float offset = 20.0f * random_float(&seed);
        fill(x, n, powf(10.0f, (float)between(0, 6) - 5.0f));
        fill(gamma, n, 1.0f);
        fill(beta, n, 1.0f);
        double mean = 0.0, variance = 0.0;
        for (size_t i = 0; i < n; i++)
            mean += (double)(x[i] += offset) / (double)n;
        for (size_t i = 0; i < n; i++)
            variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
        kernels_at(0)->normalize(y, x, gamma, beta, n);
        for (size_t i = 0; i < n; i++) {
            const double unit = ((double)x[i] - mean) / sqrt(variance + (double)1e-7f);
            assert_true(fabs((double)y[i] - (unit * (double)gamma[i] + (double)beta[i])) < 2e-6);
        }
    }
}

/* A silent block is constant; what is left after its mean must be exactly zero. */
static void normalize_of_a_constant_is_beta(void **unused)
{
    (void)unused;
    static float x[257], gamma[257], beta[257], y[257];
    FOR_EACH_SET (k) {
        fill(gamma, 257, 1.0f);
        fill(beta, 257, 1.0f);
        memset(x, 0, sizeof x);
        k->log_power(x, x, 257);
        k->normalize(y, x, gamma, beta, 257);
        assert_memory_equal(y, beta, sizeof y);
    }
}

/* ---- Matrices --------------------------------------------------------------------------- */

static void *aligned(size_t bytes)
{
    void *const memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(memory);
    return memory;
}

/* One output of a matrix product as its format defines it, bit for bit. */
static float defined_sum(const float *w, const float *x, size_t columns, float start,
                         dense_format format)
{
    if (format == DENSE_F32) {
        for (size_t c = 0; c < columns; c++)
            start = fmaf(w[c], x[c], start);
        return start;
    }
    if (format == DENSE_BF16) {
        for (size_t c = 0; c < columns; c += 2) { /* the second of each pair first */
            for (size_t i = 2; i-- > 0;)
                if (c + i < columns)
                    start = fmaf(float_of_bits((uint32_t)bf16_(w[c + i]) << 16),
                                 float_of_bits((uint32_t)bf16_(x[c + i]) << 16), start);
        }
        return start;
    }
    float most_w = 0.0f, most_x = 0.0f;
    for (size_t c = 0; c < columns; c++) {
        most_w = fmaxf(most_w, fabsf(w[c]));
        most_x = fmaxf(most_x, fabsf(x[c]));
    }
    long sum = 0;
    for (size_t c = 0; c < columns; c++)
        sum += lrintf(w[c] * (127.0f / most_w)) * lrintf(x[c] * (127.0f / most_x));
    return fmaf((float)sum, most_w / 127.0f * (most_x * (1.0f / 127.0f)), start);
}

static void products_are_as_defined(dense_format format)
{
    for (int round = 0; round < ROUNDS; round++) {
        const size_t rows = between(1, 300), columns = between(1, 300), count = between(1, 20);
        const size_t x_stride = between(1, 2) == 1 ? between(1, columns) : columns + between(0, 9);
        const size_t y_stride = KERNEL_PAD(rows) + between(0, 3);
        const size_t shift = between(0, 15);
        float *const w = aligned(rows * columns * sizeof *w);
        float *const bias = aligned(rows * sizeof *bias);
        float *const x = aligned((columns + count * x_stride + 16) * sizeof *x);
        float *const y = aligned((count * y_stride + 16) * sizeof *y);
        void *const scratch = aligned(DENSE_SCRATCH(columns, count));
        const int with_bias = random_bits(&seed) & 1;
        fill(w, rows * columns, 1.0f);
        fill(bias, rows, 1.0f);
        fill(x, columns + count * x_stride + 16, 1.0f);
        const dense_values values = {rows, columns, ROWS_PLAIN, w, NULL, with_bias ? bias : NULL};
        FOR_EACH_SET (k) {
            dense layer;
            void *const memory = aligned(dense_size(rows, columns, ROWS_PLAIN, format));
            dense_pack(&layer, memory, &values, format);
            k->dense(&layer, x + shift, x_stride, y + shift, y_stride, count, scratch);
            for (size_t t = 0; t < count; t++)
                for (size_t r = 0; r < rows; r++) {
                    const float sum = defined_sum(w + r * columns, x + shift + t * x_stride,
                                                  columns, with_bias ? bias[r] : 0.0f, format);
                    const float got = y[shift + t * y_stride + r];
                    if (memcmp(&got, &sum, sizeof sum) != 0)
                        fail_msg("%s: [%zu,%zu] hop %zu row %zu: %a, expected %a", k->name, rows,
                                 columns, t, r, (double)got, (double)sum);
                }
            free(memory);
        }
        free(w);
        free(bias);
        free(x);
        free(y);
        free(scratch);
    }
}

static void f32_products(void **unused)
{
    (void)unused;
    products_are_as_defined(DENSE_F32);
}

static void bf16_products(void **unused)
{
    (void)unused;
    products_are_as_defined(DENSE_BF16);
}

static void int8_products(void **unused)
{
    (void)unused;
    products_are_as_defined(DENSE_INT8);
}

/* The ends of the range: silence, one loud sample, the largest weights possible. */
static void extreme_products(void **unused)
{
    (void)unused;
    enum { N = 1024 };
    float *const w = aligned(64 * N * sizeof *w), *const x = aligned(N * sizeof *x);
    float y[64];
    void *const scratch = aligned(DENSE_SCRATCH(N, 1));
    for (dense_format format = DENSE_F32; format <= DENSE_INT8; format++)
        FOR_EACH_SET (k) {
            dense layer;
            void *const memory = aligned(dense_size(64, N, ROWS_PLAIN, format));
            for (size_t i = 0; i < 64 * N; i++)
                w[i] = i % 2 ? 1.0f : -1.0f;
            dense_pack(&layer, memory, &(dense_values){64, N, ROWS_PLAIN, w, NULL, NULL}, format);
            memset(x, 0, N * sizeof *x);
            k->dense(&layer, x, N, y, 64, 1, scratch);
            for (size_t r = 0; r < 64; r++)
                assert_true(y[r] == 0.0f);
            for (size_t i = 0; i < N; i++)
                x[i] = i % 2 ? 1.0f : -1.0f; /* every product 127 * 127 */
            k->dense(&layer, x, N, y, 64, 1, scratch);
            for (size_t r = 0; r < 64; r++)
                assert_true(fabsf(y[r] - (float)N) < 0.001f);
            x[1] = 1e20f;
            k->dense(&layer, x, N, y, 64, 1, scratch);
            for (size_t r = 0; r < 64; r++)
                assert_true(isfinite(y[r]));
            free(memory);
        }
    free(w);
    free(x);
    free(scratch);
}

/* A matrix whose gates are in a file's own order, as a loader passes it. */
static matrix view(const float *w, size_t rows, size_t columns)
{
    return (matrix){(const unsigned char *)w, rows, columns, columns, 1,
                    MATRIX_FLOAT32,           1,    NULL,    0};
}

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* The LSTM by its equations, in double; W, U with gates i, f, g, o from the rows in gate_row. */
static void lstm_in_double(const lstm_weights *w, size_t units, const float *x, double *h,
                           double *c)
{
    double z[GATES][MOST], before[MOST];
    memcpy(before, h, units * sizeof *h);
    for (size_t g = 0; g < GATES; g++)
        for (size_t u = 0; u < units; u++) {
            const size_t row = w->gate_row[g] + u;
            z[g][u] = (double)w->bias[g * units + u];
            for (size_t k = 0; k < w->input.columns; k++)
                z[g][u] += (double)matrix_at(&w->input, row, k) * (double)x[k];
            for (size_t k = 0; k < units; k++)
                z[g][u] += (double)matrix_at(&w->recurrent, row, k) * before[k];
        }
    for (size_t u = 0; u < units; u++) {
        c[u] =
            logistic(z[GATE_FORGET][u]) * c[u] + logistic(z[GATE_INPUT][u]) * tanh(z[GATE_CELL][u]);
        h[u] = logistic(z[GATE_OUTPUT][u]) * tanh(c[u]);
    }
}

/* How far a step may be from the equations: rounding, and the cost of the format. */
static const double lstm_tolerance[] = {5e-6, 0.03, 0.06};

static void lstm_follows_its_equations(void **unused)
{
    (void)unused;
    for (int round = 0; round < 24; round++) {
        const dense_format format = (dense_format)(round % 3);
        const size_t units = 4 * between(1, 40), inputs = between(1, 200), hops = between(1, 6);
        float *const w = aligned(4 * units * inputs * sizeof *w);
        float *const u = aligned(4 * units * units * sizeof *u);
        float *const bias = aligned(4 * units * sizeof *bias);
        float *const x = aligned(hops * inputs * sizeof *x);
        float *const gates = aligned(hops * KERNEL_PAD(4 * units) * sizeof *gates);
        float *const hidden = aligned(hops * KERNEL_PAD(units) * sizeof *hidden);
        float *const first = aligned(hops * KERNEL_PAD(units) * sizeof *first);
        float *const floats = aligned(4 * units * (inputs + units) * sizeof *floats);
        void *const scratch = aligned(DENSE_SCRATCH(inputs + units, hops));
        fill(w, 4 * units * inputs, 0.3f);
        fill(u, 4 * units * units, 0.3f);
        fill(bias, 4 * units, 1.0f);
        fill(x, hops * inputs, 1.0f);
        const lstm_weights weights = {view(w, 4 * units, inputs),
                                      view(u, 4 * units, units),
                                      {units, 3 * units, 0, 2 * units},
                                      bias};
        FOR_EACH_SET (k) {
            lstm layer;
            arena a = {0};
            lstm_build(&layer, &a, &weights, units, format, NULL);
            a.memory = aligned(a.used);
            a.used = 0;
            lstm_build(&layer, &a, &weights, units, format, floats);

            float h[KERNEL_PAD(MOST)] = {0}, c[KERNEL_PAD(MOST)] = {0};
            double exact_h[MOST] = {0}, exact_c[MOST] = {0};
            const lstm_state state = {h, c, &(float){0}};
            lstm_run(&layer, k, &state, (layer_rows){x, inputs}, hidden,
                     &(layer_work){1, hops, gates, scratch});
            for (size_t t = 0; t < hops; t++) {
                const float *const got = hidden + t * KERNEL_PAD(units);
                lstm_in_double(&weights, units, x + t * inputs, exact_h, exact_c);
                for (size_t i = 0; i < units; i++)
                    assert_true(fabs((double)got[i] - exact_h[i]) < lstm_tolerance[format]);
                /* All sets: the same bits. */
                float *const row = first + t * KERNEL_PAD(units);
                if (k == kernels_at(0))
                    memcpy(row, got, units * sizeof *row);
                assert_memory_equal(row, got, units * sizeof *row);
            }
            assert_memory_equal(h, hidden + (hops - 1) * KERNEL_PAD(units), units * sizeof *h);
            free(a.memory);
        }
        free(w);
        free(u);
        free(bias);
        free(x);
        free(gates);
        free(hidden);
        free(first);
        free(floats);
        free(scratch);
    }
}

/* A step of many streams at once is each stream's own step. */
static void lstm_steps_of_many_streams(void **unused)
{
    (void)unused;
    enum { STREAMS = 13, UNITS = 40, ROW = KERNEL_PAD(UNITS), GATE_ROW = KERNEL_PAD(4 * UNITS) };
    static float u[4 * UNITS * UNITS];
    static float h[STREAMS * ROW], gates[STREAMS * GATE_ROW], c[STREAMS * ROW], out[STREAMS * ROW];
    static float one_gates[GATE_ROW], one_c[ROW], one_out[ROW];
    void *const scratch = aligned(DENSE_SCRATCH(UNITS, STREAMS));
    for (dense_format format = DENSE_F32; format <= DENSE_INT8; format++)
        FOR_EACH_SET (k) {
            dense layer;
            void *const memory = aligned(dense_size(4 * UNITS, UNITS, ROWS_GATES, format));
            fill(u, 4 * UNITS * UNITS, 0.3f);
            dense_pack(&layer, memory, &(dense_values){4 * UNITS, UNITS, ROWS_GATES, u, NULL, NULL},
                       format);
            fill(h, STREAMS * ROW, 1.0f);
            fill(gates, STREAMS * GATE_ROW, 2.0f);
            fill(c, STREAMS * ROW, 2.0f);
            static float gates_before[STREAMS * GATE_ROW], c_before[STREAMS * ROW];
            memcpy(gates_before, gates, sizeof gates);
            memcpy(c_before, c, sizeof c);
            k->lstm_step(&layer, h, gates, c, out, STREAMS, scratch);
            for (size_t t = 0; t < STREAMS; t++) {
                memcpy(one_gates, gates_before + t * GATE_ROW, sizeof one_gates);
                memcpy(one_c, c_before + t * ROW, sizeof one_c);
                k->lstm_step(&layer, h + t * ROW, one_gates, one_c, one_out, 1, scratch);
                assert_memory_equal(one_out, out + t * ROW, UNITS * sizeof *out);
                assert_memory_equal(one_c, c + t * ROW, UNITS * sizeof *c);
            }
            free(memory);
        }
    free(scratch);
}

/* ---- Transform -------------------------------------------------------------------------- */

static void transform_of(size_t size)
{
    const fft *const f = fft_of(size);
    const double pi = acos(-1.0);
    const size_t bins = size / 2 + 1;
    float x[FFT_SIZE], re[FFT_BINS], im[FFT_BINS], back[FFT_SIZE];
    float first_re[FFT_BINS], first_im[FFT_BINS], first_back[FFT_SIZE];
    for (int round = 0; round < 4; round++) {
        fill(x, size, 1.0f);
        FOR_EACH_SET (k) {
            k->fft_forward(f, re, im, x);
            k->fft_inverse(f, back, re, im);
            if (k == kernels_at(0)) {
                memcpy(first_re, re, bins * sizeof *re);
                memcpy(first_im, im, bins * sizeof *im);
                memcpy(first_back, back, size * sizeof *back);
            }
            assert_memory_equal(re, first_re, bins * sizeof *re);
            assert_memory_equal(im, first_im, bins * sizeof *im);
            assert_memory_equal(back, first_back, size * sizeof *back);
        }
        for (size_t bin = 0; bin < bins; bin++) {
            double exact_re = 0.0, exact_im = 0.0;
            for (size_t n = 0; n < size; n++) {
                const double angle = -2.0 * pi * (double)(bin * n % size) / (double)size;
                exact_re += (double)x[n] * cos(angle);
                exact_im += (double)x[n] * sin(angle);
            }
            assert_true(fabs((double)re[bin] - exact_re) < 1e-5);
            assert_true(fabs((double)im[bin] - exact_im) < 1e-5);
        }
        assert_true(max_difference(x, back, size) < 5e-7f);
    }
    assert_true(im[0] == 0.0f && im[bins - 1] == 0.0f);
}

static void transform_equals_its_definition(void **unused)
{
    (void)unused;
    transform_of(FFT_SIZE);
    transform_of(FFT_SIZE / 2);
}

static void the_mask_of_sets(void **unused)
{
    (void)unused;
    assert_string_equal(kernels_at(kernels_choose(UNECHO_CPU_PLAIN))->name, "plain");
    for (size_t i = 0; i < kernels_count(); i++)
        if ((kernels_at(i)->cpu & ~kernels_cpu()) == 0)
            assert_ptr_equal(kernels_at(kernels_choose(kernels_at(i)->cpu)), kernels_at(i));
    FOR_EACH_SET (k)
        print_message("tested: %s\n", k->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigmoid_is_exact_to_3_ulps),
        cmocka_unit_test(tanh_is_exact_to_4_ulps),
        cmocka_unit_test(log_is_exact_to_3_ulps),
        cmocka_unit_test(vectors_agree),
        cmocka_unit_test(dots_agree),
        cmocka_unit_test(inner_products_agree),
        cmocka_unit_test(cross_spectra_are_exact),
        cmocka_unit_test(whitened_frames),
        cmocka_unit_test(vectors_mean_what_they_say),
        cmocka_unit_test(normalize_equals_double),
        cmocka_unit_test(normalize_of_a_constant_is_beta),
        cmocka_unit_test(f32_products),
        cmocka_unit_test(bf16_products),
        cmocka_unit_test(int8_products),
        cmocka_unit_test(extreme_products),
        cmocka_unit_test(lstm_follows_its_equations),
        cmocka_unit_test(lstm_steps_of_many_streams),
        cmocka_unit_test(transform_equals_its_definition),
        cmocka_unit_test(the_mask_of_sets),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
