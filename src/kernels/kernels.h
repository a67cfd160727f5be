/*
 * The kernels: the inner loops, one table of functions per instruction set, chosen when a stream is
 * opened. They know vectors and panels, not what a layer means.
 *
 * Exactness: every set gives the same bits. A sum is one running sum per output, in input order,
 * with fused multiply-add; everything else is element by element in the operations that the plain
 * set (plain.c) spells out, which is the definition.
 *
 * Memory: rows have room for KERNEL_PAD(n) elements; kernels may write the padding, and leave in it
 * finite numbers. Pointers need the alignment of float only, unless a kernel says otherwise.
 */
#ifndef UNECHO_KERNELS_H
#define UNECHO_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Row lengths are rounded up to this: the widest panel of any set. */
#define KERNEL_ROW 64
#define KERNEL_PAD(n) (((n) + KERNEL_ROW - 1) / KERNEL_ROW * KERNEL_ROW)

enum { FFT_SIZE = 512, FFT_BINS = 257 };

/* Twiddle factors of the 512-point real transform; the same for every set. */
typedef struct fft {
    /* Radix-4 passes over 256, 64 and 16 points: cos and -sin of the 1st, 2nd and 3rd factor. */
    float pass256[6][64];
    float pass64[6][16];
    float pass16[6][4];
    /* cos and -sin of 2 pi k / 512, k = 0..128: between 256 complex and 512 real points. */
    float split[2][129];
} fft;

void fft_init(fft *f);

/*
 * A weight matrix [rows, columns] in a set's own arrangement, with an optional bias, made by
 * kernels.linear_pack. Immutable after that.
 */
typedef struct linear {
    size_t rows, columns;
    const void *weights;
    const float *bias; /* as many as the weights have rows, padding included; NULL: none */
} linear;

/*
 * How the rows of a matrix are arranged. LSTM matrices come as four gates of rows / 4 units each
 * (i, f, g, o); a set may put the gates of a unit side by side, and its lstm_step knows how.
 */
typedef enum linear_rows { ROWS_PLAIN, ROWS_GATES } linear_rows;

typedef struct kernels {
    const char *name;
    uint32_t cpu; /* the UNECHO_CPU_* flags that it needs */

    /* Bytes that linear_pack fills, weights and bias, a multiple of 64. */
    size_t (*linear_size)(size_t rows, size_t columns, linear_rows order);
    /*
     * weights: [rows, columns], row-major. bias: [rows] or NULL. memory: linear_size() bytes,
     * aligned to 64, which must outlive the result.
     */
    void (*linear_pack)(linear *layer, void *memory, const float *weights, const float *bias,
                        size_t rows, size_t columns, linear_rows order);

    /*
     * y[t] = W x[t] + b for t < count; row t of x at x + t * x_stride, columns long (rows of x may
     * overlap), row t of y at y + t * y_stride. x and y must not overlap.
     */
    void (*linear)(const linear *layer, const float *x, size_t x_stride, float *y, size_t y_stride,
                   size_t count);

    /*
     * One step of an LSTM of layer->rows / 4 units: gates += U h_before, then the cell update
     *     c = sigmoid(f) c + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(c).
     * gates: what `linear` made of W x + b with ROWS_GATES; overwritten. h may be h_before.
     */
    void (*lstm_step)(const linear *recurrent, const float *h_before, float *gates, float *c,
                      float *h);

    /* y = sigmoid(x), n elements; y may be x. */
    void (*sigmoid)(float *y, const float *x, size_t n);
    /* y = x * m, n elements; y may be x. */
    void (*multiply)(float *y, const float *x, const float *m, size_t n);
    /* y = ln(x^2 + 1e-7), n elements; y may be x. */
    void (*log_power)(float *y, const float *x, size_t n);
    /* Layer norm: y = (x - mean) / sqrt(variance + 1e-7) * gamma + beta; y may be x. */
    void (*normalize)(float *y, const float *x, const float *gamma, const float *beta, size_t n);

    /* re, im [FFT_BINS] = unnormalised forward transform of x [FFT_SIZE]. */
    void (*fft_forward)(const fft *f, float *re, float *im, const float *x);
    /* x [FFT_SIZE] = inverse transform with factor 1 / 512; im of bins 0 and 256 is taken as 0. */
    void (*fft_inverse)(const fft *f, float *x, const float *re, const float *im);
    /* y = sqrt(re^2 + im^2), n elements. */
    void (*magnitude)(float *y, const float *re, const float *im, size_t n);
} kernels;

/* All sets of this build, the plain one first, the fastest last. */
enum { KERNEL_SETS_MAX = 8 };
size_t kernels_count(void);
const kernels *kernels_at(size_t index);

/* The UNECHO_CPU_* flags that this build and this CPU have. */
uint32_t kernels_cpu(void);

/* The index of the fastest set that needs no more than `allowed`; always one: 0 is the plain set. */
size_t kernels_choose(uint32_t allowed);

#endif
