/*
 * The kernels that compilers vectorise well. Every set includes them, so that all run the same
 * operations.
 */
#ifndef UNECHO_PLAIN_H
#define UNECHO_PLAIN_H

#include "kernels.h"
#include "scalar.h"

#include "../dsp/dot.h"
#include "../dsp/energy.h"

#include <string.h>

/* Values this small become 0, so that a decaying state never becomes subnormal. */
static inline float flush(float x)
{
    return fabsf(x) < 1e-30f ? 0.0f : x;
}

/* The same of what is multiplied with its like: no product of two is subnormal. */
static inline float flush_root(float x)
{
    return fabsf(x) < 1e-15f ? 0.0f : x;
}

/* The cell update of one panel: its units' gates i, f, g, o stand side by side in z. */
static inline void update_cells(const float *restrict z, float *restrict c, float *restrict h)
{
    for (size_t u = 0; u < PANEL_UNITS; u++) {
        const float i = sigmoid_(z[u]);
        const float f = sigmoid_(z[PANEL_UNITS + u]);
        const float g = tanh_(z[2 * PANEL_UNITS + u]);
        const float o = sigmoid_(z[3 * PANEL_UNITS + u]);
        c[u] = flush(fmaf(f, c[u], i * g));
        h[u] = flush(o * tanh_(c[u]));
    }
}

/* Running sums, element k in sum k mod 16, added up pairwise at the end: as many as the widest
 * vectors have elements, so that all give the same bits. */
enum { RUNNING_SUMS = 16 };

static inline float add_sums(float *sums)
{
    for (size_t half = RUNNING_SUMS / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            sums[k] += sums[k + half];
    return sums[0];
}

static inline float whiten_into(int8_t *restrict y, float *restrict level, const float *restrict re,
                                const float *restrict im, float rate, float quiet, size_t n)
{
    float sums[RUNNING_SUMS] = {0.0f};
    for (size_t k = 0; k < n; k += RUNNING_SUMS) {
        float parts[2][RUNNING_SUMS];
        for (size_t i = 0; i < RUNNING_SUMS; i++) {
            const float r = re[k + i], m = im[k + i], before = level[k + i];
            const float magnitude = sqrtf(r * r + m * m) + 1e-6f;
            const float now = before + (before > 0.0f ? rate : 1.0f) * (magnitude - before);
            const float scale = 1.0f / (magnitude + quiet * now);
            level[k + i] = now;
            parts[0][i] = r * scale;
            parts[1][i] = m * scale;
            sums[i] += parts[0][i] * parts[0][i] + parts[1][i] * parts[1][i];
        }
        for (size_t i = 0; i < RUNNING_SUMS; i++) {
            y[k + i] = (int8_t)round_(parts[0][i] * (float)CROSS_ONE);
            y[n + k + i] = (int8_t)round_(parts[1][i] * (float)CROSS_ONE);
        }
    }
    return add_sums(sums) / (float)n;
}

static float plain_whiten(int8_t *y, float *level, const float *re, const float *im, float rate,
                          float quiet, size_t n)
{
    return whiten_into(y, level, re, im, rate, quiet, n);
}

/* The sum of two products of bytes fits into 16 bits. */
static inline void add_cross(int32_t *restrict re, int32_t *restrict im, const int8_t *restrict mic,
                             const int8_t *restrict far, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const int16_t same = (int16_t)(mic[k] * far[k] + mic[n + k] * far[n + k]);
        const int16_t other = (int16_t)(mic[n + k] * far[k] - mic[k] * far[n + k]);
        re[k] += same;
        im[k] += other;
    }
}

static void plain_cross_spectrum(int32_t *re, int32_t *im, const int8_t *const *mic,
                                 const int8_t *const *far, size_t count, size_t n)
{
    memset(re, 0, n * sizeof *re);
    memset(im, 0, n * sizeof *im);
    for (size_t f = 0; f < count; f++)
        add_cross(re, im, mic[f], far[f], n);
}

static void plain_gru_update(const float *x, const float *sums, const float *h_before, float *h,
                             size_t units)
{
    for (size_t u = 0; u < units; u++) {
        const float z = sigmoid_(x[u] + sums[u]);
        const float r = sigmoid_(x[units + u] + sums[units + u]);
        const float n = tanh_(fmaf(r, sums[2 * units + u], x[2 * units + u]));
        h[u] = flush(fmaf(z, h_before[u] - n, n));
    }
}

/*
 * The input of one hop as the words that the format takes: two bf16 or four int8, padded with
 * zeros. Returns the scale of the integers (1 for bf16).
 */
static inline float prepare_words(uint32_t *restrict words, const float *restrict x, size_t columns,
                                  dense_format format)
{
    if (format == DENSE_BF16) {
        for (size_t k = 0; k < columns / 2; k++)
            words[k] = bf16_(x[2 * k]) | (uint32_t)bf16_(x[2 * k + 1]) << 16;
        if (columns % 2 != 0)
            words[columns / 2] = bf16_(x[columns - 1]);
        return 1.0f;
    }
    int8_t *const bytes = (int8_t *)words;
    /* The largest magnitude by its bits, a search that compilers vectorise. */
    uint32_t most_bits = 0;
    for (size_t k = 0; k < columns; k++) {
        const uint32_t magnitude = bits_of_float(x[k]) & 0x7fffffffu;
        most_bits = magnitude > most_bits ? magnitude : most_bits;
    }
    const float most = float_of_bits(most_bits);
    /* Below this 127 / most could overflow: take it as 0. */
    const float inverse = most > 1e-30f ? 127.0f / most : 0.0f;
    for (size_t k = 0; k < columns; k++)
        bytes[k] = (int8_t)round_(x[k] * inverse);
    for (size_t k = columns; k % 4 != 0; k++)
        bytes[k] = 0;
    return most * (1.0f / 127.0f);
}

static void plain_sigmoid(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = sigmoid_(x[i]);
}

static void plain_tanh(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = tanh_(x[i]);
}

static void plain_raise(float *y, const float *x, float exponent, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = raise_(x[i], exponent);
}

static void plain_decibels(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = 0x1.15f2cep2f * log_(x[i] + 1e-12f); /* 10 / ln 10 */
}

static void plain_multiply(float *y, const float *x, const float *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = flush(x[i] * m[i]);
}

static void plain_log_power(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = log_(fmaf(x[i], x[i], 1e-7f));
}

/*
 * The same in double, because the deviations of a nearly constant vector (a silent block) are
 * divided by something near sqrt(1e-7): the rounding of a float mean would become signal.
 */
static double add_double_sums(double *sums)
{
    for (size_t half = RUNNING_SUMS / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            sums[k] += sums[k + half];
    return sums[0];
}

static void plain_normalize(float *y, const float *x, const float *gamma, const float *beta,
                            size_t n)
{
    double sums[RUNNING_SUMS] = {0};
    double squares[RUNNING_SUMS] = {0};
    const size_t whole = n / RUNNING_SUMS * RUNNING_SUMS;

    for (size_t i = 0; i < whole; i += RUNNING_SUMS)
        for (size_t k = 0; k < RUNNING_SUMS; k++)
            sums[k] += (double)x[i + k];
    for (size_t i = whole; i < n; i++)
        sums[i - whole] += (double)x[i];
    const double mean = add_double_sums(sums) / (double)n;

    for (size_t i = 0; i < whole; i += RUNNING_SUMS)
        for (size_t k = 0; k < RUNNING_SUMS; k++) {
            const double d = (double)x[i + k] - mean;
            squares[k] = fma(d, d, squares[k]);
        }
    for (size_t i = whole; i < n; i++) {
        const double d = (double)x[i] - mean;
        squares[i - whole] = fma(d, d, squares[i - whole]);
    }
    const double variance = add_double_sums(squares) / (double)n;
    const float scale = (float)(1.0 / sqrt(variance + (double)1e-7f));

    for (size_t i = 0; i < n; i++)
        y[i] = fmaf((float)((double)x[i] - mean) * scale, gamma[i], beta[i]);
}

static void plain_magnitude(float *y, const float *re, const float *im, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = sqrtf(fmaf(re[i], re[i], im[i] * im[i]));
}

static void plain_smooth_power(float *restrict smooth, float *restrict power, float *restrict re,
                               float *restrict im, float memory, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float r = flush_root(re[i]), m = flush_root(im[i]);
        const float now = fmaf(r, r, m * m);
        re[i] = r;
        im[i] = m;
        power[i] = now;
        smooth[i] = flush(fmaf(memory, smooth[i], (1.0f - memory) * now));
    }
}

static inline float smooth_cross(float before, float now, float memory)
{
    return flush_root(fmaf(memory, before, (1.0f - memory) * now));
}

/* With all pointers as parameters: GCC does not see through a struct that they do not overlap. */
static inline void coherence_of(float *restrict y, float *restrict cr, float *restrict ci,
                                const float *restrict ar, const float *restrict ai,
                                const float *restrict br, const float *restrict bi,
                                const float *restrict ap, const float *restrict bp, float memory,
                                size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float re = smooth_cross(cr[i], fmaf(ar[i], br[i], ai[i] * bi[i]), memory);
        const float im = smooth_cross(ci[i], fmaf(ai[i], br[i], -(ar[i] * bi[i])), memory);
        cr[i] = re;
        ci[i] = im;
        y[i] = fmaf(re, re, im * im) / fmaf(ap[i], bp[i], 1e-18f);
    }
}

static void plain_coherence(float *y, const spectrum_pair *p, float memory, size_t n)
{
    coherence_of(y, p->cross_re, p->cross_im, p->a_re, p->a_im, p->b_re, p->b_im, p->a_power,
                 p->b_power, memory, n);
}

/* One element of each row. */
enum { ROWS_WIDE = TRIANGLES_ROWS_MOST };
typedef float eight_rows __attribute__((vector_size(4 * ROWS_WIDE), aligned(4), may_alias));

/* Written out: GCC vectorises stores side by side, but no loop over them. */
static inline void interleave_rows(float *restrict to, const float *const *from, size_t n)
{
    const float *restrict a = from[0], *restrict b = from[1], *restrict c = from[2];
    const float *restrict d = from[3], *restrict e = from[4], *restrict f = from[5];
    const float *restrict g = from[6], *restrict h = from[7];
    for (size_t i = 0; i < n; i++) {
        float *const all = to + i * ROWS_WIDE;
        all[0] = a[i];
        all[1] = b[i];
        all[2] = c[i];
        all[3] = d[i];
        all[4] = e[i];
        all[5] = f[i];
        all[6] = g[i];
        all[7] = h[i];
    }
}

/* All rows side by side, as the sums of a single row depend on each other. */
static void plain_triangle_means(const triangles *t, float *y, const float *x, size_t stride,
                                 size_t rows)
{
    float sides[FFT_BINS * ROWS_WIDE], means[TRIANGLES_MOST * ROWS_WIDE];
    const float *from[ROWS_WIDE];
    for (size_t r = 0; r < ROWS_WIDE; r++)
        from[r] = x + (r < rows ? r : 0) * stride;
    const size_t last = t->count - 1;
    interleave_rows(sides, from, t->first[last]);
    eight_rows upper = {0.0f}; /* what the bins before the centre add */
    for (size_t i = 0; i < last; i++) {
        eight_rows sum = {0.0f}, part = {0.0f};
        for (size_t k = t->first[i]; k < t->first[i + 1]; k++) {
            const eight_rows values = *(const eight_rows *)(sides + k * ROWS_WIDE);
            sum += values;
            part += t->share[k] * values;
        }
        *(eight_rows *)(means + i * ROWS_WIDE) = t->scale[i] * (upper + (sum - part));
        upper = part;
    }
    *(eight_rows *)(means + last * ROWS_WIDE) = t->scale[last] * upper;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < t->count; i++)
            y[r * t->count + i] = means[i * ROWS_WIDE + r];
}

#include "adaptive.h"
#include "fourier.h"

/* The entries of a kernel table that every set takes from here. */
#define PLAIN_KERNELS                                                                              \
    .gru_update = plain_gru_update, .sigmoid = plain_sigmoid, .tanh = plain_tanh,                  \
    .raise = plain_raise, .decibels = plain_decibels, .dot = dsp_dot, .inner = dsp_inner,          \
    .whiten = plain_whiten, .cross_spectrum = plain_cross_spectrum, .multiply = plain_multiply,    \
    .smooth_power = plain_smooth_power, .coherence = plain_coherence,                              \
    .triangle_means = plain_triangle_means, .log_power = plain_log_power,                          \
    .normalize = plain_normalize, .fft_forward = plain_fft_forward,                                \
    .fft_inverse = plain_fft_inverse, .magnitude = plain_magnitude,                                \
    .partitions_predict = plain_partitions_predict, .partitions_weigh = plain_partitions_weigh,    \
    .partitions_adapt = plain_partitions_adapt, .partitions_correct = plain_partitions_correct

#endif
