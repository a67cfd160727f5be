/*
 * Stockham's transform of half the length, whose real and imaginary parts are the even and odd
 * samples of the real signal: radix 4, in order from stage to stage between two buffers, so that
 * the innermost loops run over neighbours and compilers make vectors of them. Lanes are neighbours
 * already: their transform stays in one buffer, half as much cache, and leaves the bins where they
 * fall.
 */
#include "dsp/fft.h"

#include "dsp/clones.h"
#include "dsp/dot.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

/* Buffers begin at a cache line, and lie so many floats further apart than they are long: a load
 * waits for an earlier store whose address has the same last 12 bits. */
enum { LINE = 64, APART = 80 };

typedef struct buffer {
    float *re, *im; /* [size / 2] */
} buffer;

struct real_fft {
    size_t size;
    float *memory;
    buffer turns; /* exp(-2 pi i k / size) */
    /* Of each stage of radix 4, for p up to n / 4: exp(-2 pi i p / n), its square and its cube. */
    float *stage_turns;
    buffer buffers[2];
    uint32_t *places; /* with lanes, [size / 2]: where the bins of the transform are */
};

/* The stages of radix 4 of a transform of n values take so many floats of turns. */
static size_t stage_turn_count(size_t n)
{
    size_t count = 0;
    for (; n >= 4; n /= 4)
        count += 6 * (n / 4);
    return count;
}

/* An eighth of the circle is computed, the rest is its mirror image, and of that eighth only a row
 * of turns and a step from row to row: tables take longer than short recordings. */
static void fill_turns(const buffer *turns, size_t size)
{
    enum { ROW = 64 };
    const size_t quarter = size / 4;
    const double step = 2.0 * PI / (double)size;
    double row_re[ROW], row_im[ROW];
    for (size_t i = 0; i < ROW; i++) {
        row_re[i] = cos(step * (double)i);
        row_im[i] = sin(step * (double)i);
    }
    for (size_t first = 0; first <= size / 8; first += ROW) {
        const double at_re = cos(step * (double)first), at_im = sin(step * (double)first);
        for (size_t i = 0, k = first; i < ROW && k <= size / 8; i++, k++) {
            const float re = (float)(at_re * row_re[i] - at_im * row_im[i]);
            const float im = (float)(at_re * row_im[i] + at_im * row_re[i]);
            turns->re[k] = re;
            turns->im[k] = -im;
            turns->re[quarter - k] = im;
            turns->im[quarter - k] = -re;
        }
    }
    for (size_t k = 1; k < quarter; k++) {
        turns->re[quarter + k] = -turns->re[quarter - k];
        turns->im[quarter + k] = turns->im[quarter - k];
    }
}

/* all: n turns, around half the circle. */
static void fill_stage_turns(float *turns, size_t n, const buffer *all)
{
    const size_t half = n;
    for (; n >= 4; turns += 6 * (n / 4), n /= 4)
        for (size_t p = 0; p < n / 4; p++)
            for (size_t power = 1; power <= 3; power++) {
                const size_t k = power * p * (2 * half / n);
                const bool beyond = k >= half;
                const float re = all->re[k - beyond * half], im = all->im[k - beyond * half];
                turns[(2 * power - 2) * (n / 4) + p] = beyond ? -re : re;
                turns[(2 * power - 1) * (n / 4) + p] = beyond ? -im : im;
            }
}

/* After the stages of radix 4 in place, and one of radix 2 where that is left over. */
static void fill_places(uint32_t *places, size_t n)
{
    for (size_t place = 0; place < n; place++) {
        size_t bin = 0, step = 1, at = place;
        for (size_t left = n; left > 1;) {
            const size_t radix = left >= 4 ? 4 : 2;
            left /= radix;
            bin += step * (at / left);
            at %= left;
            step *= radix;
        }
        places[bin] = (uint32_t)place;
    }
}

static real_fft *create(size_t size, size_t lanes)
{
    const size_t n = size / 2;
    real_fft *f = malloc(sizeof *f);
    const size_t apart = n * lanes + APART, buffers = lanes > 1 ? 1 : 2;
    const size_t place_count = lanes > 1 ? n : 0;
    float *memory = malloc((2 * n + 2 * buffers * apart + stage_turn_count(n)) * sizeof *memory +
                           place_count * sizeof(uint32_t) + LINE);
    if (!f || !memory) {
        free(f);
        free(memory);
        return NULL;
    }
    float *const turns = memory + LINE / sizeof *memory - (uintptr_t)memory % LINE / sizeof *memory;
    float *values = turns + 2 * n;
    *f = (real_fft){.size = size, .memory = memory, .turns = {turns, turns + n}};
    for (size_t i = 0; i < buffers; i++, values += 2 * apart)
        f->buffers[i] = (buffer){values, values + apart};
    f->stage_turns = values;
    f->places = (uint32_t *)(f->stage_turns + stage_turn_count(n));
    fill_turns(&f->turns, size);
    fill_stage_turns(f->stage_turns, n, &f->turns);
    fill_places(f->places, place_count);
    return f;
}

real_fft *real_fft_new(size_t size)
{
    return create(size, 1);
}

real_fft *real_fft_new_lanes(size_t size)
{
    return create(size, FFT_LANES);
}

void real_fft_free(real_fft *f)
{
    if (!f)
        return;
    free(f->memory);
    free(f);
}

/* ---- Stages ----------------------------------------------------------------------------- */

/*
 * Stages go from one buffer to another. A stage does `stride` transforms of n values, whose values
 * lie side by side, and leaves four times as many of a quarter of the length. turns: those of this
 * n.
 */

static inline four_floats load(const float *x)
{
    return *(const four_floats *)x;
}

static inline void store(float *x, four_floats value)
{
    *(four_floats *)x = value;
}

typedef struct four_complex {
    four_floats re, im;
} four_complex;

/* The transform of four values, four times side by side. */
static inline void transform_4(four_complex y[4], const four_complex x[4])
{
    const four_complex sum = {x[0].re + x[2].re, x[0].im + x[2].im};
    const four_complex difference = {x[0].re - x[2].re, x[0].im - x[2].im};
    const four_complex other = {x[1].re + x[3].re, x[1].im + x[3].im};
    /* i (x1 - x3) */
    const four_complex turned = {x[3].im - x[1].im, x[1].re - x[3].re};
    y[0] = (four_complex){sum.re + other.re, sum.im + other.im};
    y[1] = (four_complex){difference.re - turned.re, difference.im - turned.im};
    y[2] = (four_complex){sum.re - other.re, sum.im - other.im};
    y[3] = (four_complex){difference.re + turned.re, difference.im + turned.im};
}

/* Stride 1: the four beside each other differ in p. */
static void first_stage(const buffer *from, const buffer *to, size_t n, const float *turns)
{
    const size_t quarter = n / 4;
    for (size_t p = 0; p < quarter; p += 4) {
        four_complex x[4], y[4];
        for (size_t i = 0; i < 4; i++)
            x[i] =
                (four_complex){load(from->re + i * quarter + p), load(from->im + i * quarter + p)};
        transform_4(y, x);
        for (size_t i = 1; i < 4; i++) {
            const four_floats re = load(turns + (2 * i - 2) * quarter + p);
            const four_floats im = load(turns + (2 * i - 1) * quarter + p);
            y[i] = (four_complex){re * y[i].re - im * y[i].im, re * y[i].im + im * y[i].re};
        }
        for (size_t k = 0; k < 4; k++) {
            store(to->re + 4 * (p + k),
                  (four_floats){y[0].re[k], y[1].re[k], y[2].re[k], y[3].re[k]});
            store(to->im + 4 * (p + k),
                  (four_floats){y[0].im[k], y[1].im[k], y[2].im[k], y[3].im[k]});
        }
    }
}

static inline const eight_floats *eight(const float *x)
{
    return (const eight_floats *)x;
}

/* What the three of four values are turned by that are not the first. */
typedef struct three_turns {
    float re1, im1, re2, im2, re3, im3;
} three_turns;

static inline three_turns turns_at(const float *turns, size_t quarter, size_t p)
{
    return (three_turns){turns[p],
                         turns[quarter + p],
                         turns[2 * quarter + p],
                         turns[3 * quarter + p],
                         turns[4 * quarter + p],
                         turns[5 * quarter + p]};
}

/* The transform of four values, turned, eight times side by side. x: `apart` from each other, y:
 * `step`; y may be x if these are the same. Inlined into what is compiled for several machines. */
static inline __attribute__((always_inline)) void
transform_eights(eight_floats *y_re, eight_floats *y_im, size_t step, const eight_floats *x_re,
                 const eight_floats *x_im, size_t apart, three_turns t)
{
    const eight_floats sum_re = x_re[0] + x_re[2 * apart];
    const eight_floats sum_im = x_im[0] + x_im[2 * apart];
    const eight_floats difference_re = x_re[0] - x_re[2 * apart];
    const eight_floats difference_im = x_im[0] - x_im[2 * apart];
    const eight_floats other_re = x_re[apart] + x_re[3 * apart];
    const eight_floats other_im = x_im[apart] + x_im[3 * apart];
    /* i (x1 - x3) */
    const eight_floats turned_re = x_im[3 * apart] - x_im[apart];
    const eight_floats turned_im = x_re[apart] - x_re[3 * apart];
    const eight_floats a_re = difference_re - turned_re, a_im = difference_im - turned_im;
    const eight_floats b_re = sum_re - other_re, b_im = sum_im - other_im;
    const eight_floats c_re = difference_re + turned_re, c_im = difference_im + turned_im;
    y_re[0] = sum_re + other_re;
    y_im[0] = sum_im + other_im;
    y_re[step] = t.re1 * a_re - t.im1 * a_im;
    y_im[step] = t.re1 * a_im + t.im1 * a_re;
    y_re[2 * step] = t.re2 * b_re - t.im2 * b_im;
    y_im[2 * step] = t.re2 * b_im + t.im2 * b_re;
    y_re[3 * step] = t.re3 * c_re - t.im3 * c_im;
    y_im[3 * step] = t.re3 * c_im + t.im3 * c_re;
}

/* stride: a multiple of 8. The same as later_stage, in wider vectors. */
CLONED static void wide_stage(const buffer *from, const buffer *to, size_t n, size_t stride,
                              const float *turns)
{
    const size_t quarter = n / 4, apart = quarter * stride / 8, step = stride / 8;
    for (size_t p = 0; p < quarter; p++) {
        const eight_floats *x_re = eight(from->re + p * stride);
        const eight_floats *x_im = eight(from->im + p * stride);
        eight_floats *y_re = (eight_floats *)(to->re + 4 * p * stride);
        eight_floats *y_im = (eight_floats *)(to->im + 4 * p * stride);
        const three_turns t = turns_at(turns, quarter, p);
        for (size_t k = 0; k < step; k++)
            transform_eights(y_re + k, y_im + k, step, x_re + k, x_im + k, apart, t);
    }
}

/* stride: 4 or more. */
static void later_stage(const buffer *from, const buffer *to, size_t n, size_t stride,
                        const float *turns)
{
    const size_t quarter = n / 4;
    for (size_t p = 0; p < quarter; p++) {
        for (size_t k = 0; k < stride; k += 4) {
            const size_t at = p * stride + k, out = 4 * p * stride + k;
            four_complex x[4], y[4];
            for (size_t i = 0; i < 4; i++)
                x[i] = (four_complex){load(from->re + i * quarter * stride + at),
                                      load(from->im + i * quarter * stride + at)};
            transform_4(y, x);
            for (size_t i = 1; i < 4; i++) {
                const float re = turns[(2 * i - 2) * quarter + p];
                const float im = turns[(2 * i - 1) * quarter + p];
                y[i] = (four_complex){re * y[i].re - im * y[i].im, re * y[i].im + im * y[i].re};
            }
            for (size_t i = 0; i < 4; i++) {
                store(to->re + out + i * stride, y[i].re);
                store(to->im + out + i * stride, y[i].im);
            }
        }
    }
}

/* Where the length is no power of four; stride: a multiple of 8. */
static void last_stage(const buffer *from, const buffer *to, size_t stride)
{
    for (size_t k = 0; k < stride; k += 4) {
        const four_floats a_re = load(from->re + k), b_re = load(from->re + k + stride);
        const four_floats a_im = load(from->im + k), b_im = load(from->im + k + stride);
        store(to->re + k, a_re + b_re);
        store(to->im + k, a_im + b_im);
        store(to->re + k + stride, a_re - b_re);
        store(to->im + k + stride, a_im - b_im);
    }
}

/* Of the first buffer. Returns the one with the result. */
static const buffer *transform(const real_fft *f)
{
    const buffer *from = &f->buffers[0], *to = &f->buffers[1];
    const float *turns = f->stage_turns;
    size_t n = f->size / 2, stride = 1;
    for (; n >= 2; n /= 4, stride *= 4) {
        if (n == 2)
            last_stage(from, to, stride);
        else if (stride == 1)
            first_stage(from, to, n, turns);
        else if (stride % 8 == 0)
            wide_stage(from, to, n, stride, turns);
        else
            later_stage(from, to, n, stride, turns);
        turns += 6 * (n / 4);
        const buffer *const result = to;
        to = from;
        from = result;
    }
    return from;
}

/* ---- Real signals ----------------------------------------------------------------------- */

CLONED static void part(const buffer *z, const float *restrict x, size_t n)
{
    float *restrict const re = z->re, *restrict const im = z->im;
    for (size_t i = 0; i < n; i++) {
        re[i] = x[2 * i];
        im[i] = x[2 * i + 1];
    }
}

/* The transforms of the even and of the odd samples are those of the real signal's halves. */
CLONED static void join(const real_fft *f, float *restrict re, float *restrict im, const buffer *a)
{
    const size_t n = f->size / 2;
    const float *restrict const a_re = a->re, *restrict const a_im = a->im;
    const float *restrict const turn_re = f->turns.re, *restrict const turn_im = f->turns.im;
    for (size_t k = 1; k < n; k++) {
        const float b_re = a_re[n - k], b_im = a_im[n - k];
        const float even_re = 0.5f * (a_re[k] + b_re), even_im = 0.5f * (a_im[k] - b_im);
        const float odd_re = 0.5f * (a_im[k] + b_im), odd_im = 0.5f * (b_re - a_re[k]);
        re[k] = even_re + (odd_re * turn_re[k] - odd_im * turn_im[k]);
        im[k] = even_im + (odd_re * turn_im[k] + odd_im * turn_re[k]);
    }
}

void real_fft_forward(real_fft *f, float *re, float *im, const float *x)
{
    const size_t n = f->size / 2;
    part(&f->buffers[0], x, n);
    const buffer *const a = transform(f);
    re[0] = a->re[0] + a->im[0];
    re[n] = a->re[0] - a->im[0];
    im[0] = im[n] = 0.0f;
    join(f, re, im, a);
}

/* ---- Lanes ------------------------------------------------------------------------------ */

/* In blocks of n values: transforms of four, of values a quarter apart. */
CLONED static void stage_in_place(const buffer *z, size_t all, size_t n, const float *turns)
{
    _Static_assert(FFT_LANES == 8, "a value of all lanes is a vector");
    const size_t quarter = n / 4;
    for (size_t block = 0; block < all; block += n)
        for (size_t p = 0; p < quarter; p++) {
            eight_floats *const re = (eight_floats *)z->re + block + p;
            eight_floats *const im = (eight_floats *)z->im + block + p;
            transform_eights(re, im, quarter, re, im, quarter, turns_at(turns, quarter, p));
        }
}

CLONED static void pairs_in_place(const buffer *z, size_t all)
{
    for (size_t p = 0; p < all; p += 2) {
        eight_floats *const re = (eight_floats *)z->re + p, *const im = (eight_floats *)z->im + p;
        const eight_floats a_re = re[0], a_im = im[0];
        re[0] = a_re + re[1];
        im[0] = a_im + im[1];
        re[1] = a_re - re[1];
        im[1] = a_im - im[1];
    }
}

static void transform_in_place(const real_fft *f)
{
    const size_t all = f->size / 2;
    const float *turns = f->stage_turns;
    size_t n = all;
    for (; n >= 4; turns += 6 * (n / 4), n /= 4)
        stage_in_place(&f->buffers[0], all, n, turns);
    if (n == 2)
        pairs_in_place(&f->buffers[0], all);
}

/* As real_fft_forward joins them. */
CLONED static void join_lanes(const real_fft *f, float *restrict re, float *restrict im)
{
    const size_t n = f->size / 2;
    const eight_floats *const z_re = (const eight_floats *)f->buffers[0].re;
    const eight_floats *const z_im = (const eight_floats *)f->buffers[0].im;
    eight_floats *const to_re = (eight_floats *)re, *const to_im = (eight_floats *)im;
    to_re[0] = z_re[0] + z_im[0];
    to_re[n] = z_re[0] - z_im[0];
    to_im[0] = to_im[n] = (eight_floats){0};
    for (size_t k = 1; k < n; k++) {
        const eight_floats a_re = z_re[f->places[k]], a_im = z_im[f->places[k]];
        const eight_floats b_re = z_re[f->places[n - k]], b_im = z_im[f->places[n - k]];
        const eight_floats even_re = 0.5f * (a_re + b_re), even_im = 0.5f * (a_im - b_im);
        const eight_floats odd_re = 0.5f * (a_im + b_im), odd_im = 0.5f * (b_re - a_re);
        const float turn_re = f->turns.re[k], turn_im = f->turns.im[k];
        to_re[k] = even_re + (odd_re * turn_re - odd_im * turn_im);
        to_im[k] = even_im + (odd_re * turn_im + odd_im * turn_re);
    }
}

void real_fft_lanes(const real_fft *f, float **even, float **odd)
{
    *even = f->buffers[0].re;
    *odd = f->buffers[0].im;
}

void real_fft_forward_lanes(real_fft *f, float *re, float *im)
{
    transform_in_place(f);
    join_lanes(f, re, im);
}

/* ---- And back --------------------------------------------------------------------------- */

/* Real and imaginary part exchanged. */
CLONED static void part_bins(const real_fft *f, const float *restrict re, const float *restrict im)
{
    const size_t n = f->size / 2;
    float *restrict const z_re = f->buffers[0].re, *restrict const z_im = f->buffers[0].im;
    const float *restrict const turn_re = f->turns.re, *restrict const turn_im = f->turns.im;
    for (size_t k = 0; k < n; k++) {
        const float even_re = re[k] + re[n - k], even_im = im[k] - im[n - k];
        const float turned_re = re[k] - re[n - k], turned_im = im[k] + im[n - k];
        const float odd_re = turned_re * turn_re[k] + turned_im * turn_im[k];
        const float odd_im = turned_im * turn_re[k] - turned_re * turn_im[k];
        z_im[k] = even_re - odd_im;
        z_re[k] = even_im + odd_re;
    }
}

CLONED static void interleave(float *restrict x, const buffer *z, size_t n)
{
    const float *restrict const re = z->re, *restrict const im = z->im;
    for (size_t i = 0; i < n; i++) {
        x[2 * i] = im[i];
        x[2 * i + 1] = re[i];
    }
}

/* The inverse transform is the forward transform with real and imaginary part exchanged, before and
 * after. */
void real_fft_inverse(real_fft *f, float *x, const float *re, const float *im)
{
    part_bins(f, re, im);
    interleave(x, transform(f), f->size / 2);
}
