/*
 * The kernels: the inner loops, one table of functions for each instruction set, chosen when a
 * stream is opened. They know vectors and panels, not what a layer means.
 *
 * Exactness: every set gives the same bits. A sum is one running sum per output, in input order,
 * with fused multiply-add; everything else performs, element by element, the operations of the
 * plain set (plain.c), which defines the result. WebAssembly has bits of its own (scalar.h).
 *
 * Memory: rows of matrices and of LSTM states have room for KERNEL_PAD(n) elements; kernels may
 * write finite numbers to the padding. Pointers need the alignment of float only, unless a kernel
 * says otherwise.
 */
#ifndef UNECHO_KERNELS_H
#define UNECHO_KERNELS_H

#include "partitions.h"
#include "unecho.h"

#include <stddef.h>
#include <stdint.h>

/* Row lengths are rounded up to this: the widest panel of any set. */
#define KERNEL_ROW    64
#define KERNEL_PAD(n) (((n) + KERNEL_ROW - 1) / KERNEL_ROW * KERNEL_ROW)

enum { FFT_SIZE = 512, FFT_BINS = 257 };

/* Twiddle factors of a real transform of 512 or 256 points; the same for every set, and for all
 * streams. */
typedef struct fft {
    size_t size;
    /*
     * Radix-4 passes over n, n / 4 and n / 16 points, n = size / 2: cos and -sin of the 1st, 2nd
     * and 3rd factor, [6][points / 4].
     */
    float first[6 * 64];
    float second[6 * 16];
    float third[6 * 4];
    /* cos and -sin of 2 pi k / size, k = 0..size / 4: between n complex and size real points. */
    float split[2][129];
} fft;

/* size: FFT_SIZE or FFT_SIZE / 2. */
const fft *fft_of(size_t size);

/* ---- Matrices --------------------------------------------------------------------------- */

/* Rows of a panel: as many outputs as are summed side by side; the units whose four gates they
 * are. */
enum { PANEL_ROWS = KERNEL_ROW, PANEL_UNITS = PANEL_ROWS / 4 };

typedef enum dense_format {
    DENSE_F32,
    DENSE_BF16, /* weights and inputs rounded to bf16, sums in float */
    DENSE_INT8  /* weights per row, inputs per hop as multiples of max / 127, exact sums */
} dense_format;

/*
 * How the rows of a matrix are arranged. LSTM matrices come as four gates of rows / 4 units each
 * (i, f, g, o); packed, a panel holds PANEL_UNITS units, all their i, all their f, and so on.
 */
typedef enum dense_rows { ROWS_PLAIN, ROWS_GATES } dense_rows;

/*
 * A weight matrix [rows, columns] as panels of 64 rows, with an optional bias. A panel is a
 * sequence of steps, each one 32-bit word for every row: one float, two bf16 or four int8 of
 * neighbouring columns, filled up with zeros. Immutable.
 */
typedef struct dense {
    size_t rows, columns;
    size_t used; /* packed rows, without those of the last panel that are only padding */
    dense_format format;
    const void *weights;
    const float *bias; /* per packed row; NULL: none */
    /* DENSE_INT8, per packed row: the scale of the weights, and -128 times their sum, for
     * instructions that take the inputs unsigned, 128 higher. DENSE_BF16: factors that the
     * caller applies to the results; NULL: none. */
    const float *scales;
    const int32_t *offsets;
} dense;

static inline size_t dense_steps(const dense *layer)
{
    const size_t per_step = layer->format == DENSE_F32 ? 1 : layer->format == DENSE_BF16 ? 2 : 4;
    return (layer->columns + per_step - 1) / per_step;
}

static inline const void *dense_panel(const dense *layer, size_t panel)
{
    return (const uint32_t *)layer->weights + panel * dense_steps(layer) * PANEL_ROWS;
}

/* Bytes that dense_pack fills, a multiple of 64. */
size_t dense_size(size_t rows, size_t columns, dense_rows order, dense_format format);

/* A layer before it is packed. */
typedef struct dense_values {
    size_t rows, columns;
    dense_rows order;
    const float *weights; /* [rows, columns], row-major */
    /* [rows], factors of the weights, which are then integers from -127 to 127 (not with
     * DENSE_F32); NULL: none. */
    const float *scales;
    const float *bias; /* [rows] or NULL */
} dense_values;

/* memory: dense_size() bytes, aligned to 64, which must outlive the result. */
void dense_pack(dense *layer, void *memory, const dense_values *from, dense_format format);

/* Bytes of scratch that the matrix kernels need for `count` inputs of that many columns. */
#define DENSE_SCRATCH(columns, count) (((columns) + 64) * 2 * (count))

/* ---- Pairs of spectra ------------------------------------------------------------------- */

/* How alike two spectra a and b are over time, bin by bin. */
typedef struct spectrum_pair {
    const float *a_re, *a_im, *b_re, *b_im;
    const float *a_power, *b_power; /* smoothed, as of `smooth_power` */
    float *cross_re, *cross_im;     /* a conj(b), smoothed */
} spectrum_pair;

/*
 * Overlapping triangles over the bins of a spectrum: those from first[b] to first[b + 1] - 1 follow
 * the centre of triangle b and belong to it and the next one in part.
 */
typedef struct triangles {
    size_t count;
    const size_t *first; /* [count]; first[0] is 0, first[count - 1] the number of bins */
    const float *share;  /* of a bin in the triangle after it; the rest is in the one before */
    const float *scale;  /* [count]: 1 over the sum of a triangle's shares */
} triangles;

enum { TRIANGLES_MOST = 128, TRIANGLES_ROWS_MOST = 8 };

/* ---- Adaptive filters ------------------------------------------------------------------- */

/* Output of `partitions_predict`, each a row of PARTITION_ROW. */
typedef struct prediction {
    float *y_re, *y_im, *spread, *z_re, *z_im;
} prediction;

/* Input and output of `partitions_weigh`, each a row of PARTITION_ROW. */
typedef struct innovation {
    const float *e_re, *e_im; /* spectra of the error, */
    const float *y_re, *y_im; /* of the echo estimate, */
    const float *z_re, *z_im; /* of the filter's recent changes */
    const float *spread;      /* variance of the error that the filter's variance explains */
    float *noise;             /* tracked variance of the rest of the error */
    float memory;             /* of that, hop to hop */
    const float *caution;     /* a row: factor on it in the gain, */
    float output_caution;     /* times this on the error in the share */
    float *left;              /* most power of late that the shares have left of the error */
    float left_fade;          /* of that, hop to hop, */
    float left_weight;        /* and its weight beside the newest error */
    float least;              /* added to every variance that is divided by */
    float shrink;             /* share of the filter's variance that an observation removes */
    float credible;           /* how much of the error its spread may explain, */
    float doubt;              /* and what share of the variance beyond that a hop removes */
    float *gain_re, *gain_im; /* error over innovation variance */
    float *removal;           /* what an observation removes of the filter's variance */
    float *share;             /* of the error, that the filter's variance explains */
} innovation;

/* A spectrum a against the error e, whitened, summed over the bins. */
typedef struct likeness {
    float cross;   /* Re(conj(a) e) / d */
    float power;   /* |a|^2 / d */
    float scatter; /* |a|^2 |e|^2 / 2 d^2: the variance of `cross` if both are unrelated */
} likeness;

typedef struct misfit {
    likeness estimate, change; /* of y and of z */
    float error;               /* sum of |e|^2 / d */
    float echo;                /* sum of |y|^2 */
    float energy, expected;    /* sums of |e|^2 and of |e|^2 spread inverse */
} misfit;

/* Parameters of `partitions_adapt`. */
typedef struct adaptation {
    const float *gain_re, *gain_im; /* of `partitions_weigh` */
    const float *removal;
    float scale;         /* factor on the weights */
    float fade;          /* factor on the recent changes */
    float keep;          /* factor on the variance, hop to hop */
    float drift;         /* share of |w|^2 that is added to it */
    const float *unrest; /* also added: row `unrest`, */
    const float *shape;  /* times shape[p] in partition p */
    float least, most;   /* bounds of the variance */
} adaptation;

/* A block of `age` hops ago, age + count <= ring, with the present filter. Each a row. */
typedef struct reused_block {
    size_t age;
    float *y_re, *y_im, *spread; /* as of `partitions_predict`, by `partitions_adapt` */
    float *e_re, *e_im;          /* spectra of the error */
} reused_block;

/* The blocks, and the weights of their errors; see `innovation`. */
typedef struct reuse {
    reused_block blocks[PARTITION_REUSED];
    const float *noise, *caution;
    float least;
} reuse;

/* ---- The table -------------------------------------------------------------------------- */

typedef struct kernels {
    const char *name;
    uint32_t cpu; /* the UNECHO_CPU_* flags that it needs */

    /*
     * y[t] = W x[t] + b for t < count; row t of x at x + t * x_stride, columns long (rows of x may
     * overlap), row t of y at y + t * y_stride. x and y must not overlap. scratch:
     * DENSE_SCRATCH(columns, count) bytes, aligned to 64.
     */
    void (*dense)(const dense *layer, const float *x, size_t x_stride, float *y, size_t y_stride,
                  size_t count, void *scratch);

    /*
     * One step of an LSTM of layer->columns units, for `count` streams that share its weights:
     * gates += U h_before, then the cell update
     *     c = sigmoid(f) c + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(c).
     * gates: what `dense` made of W x + b with ROWS_GATES, rows KERNEL_PAD(4 * units) apart;
     * overwritten. Rows of h_before, c and h are KERNEL_PAD(units) apart; h must not be h_before.
     * scratch: DENSE_SCRATCH(units, count) bytes, aligned to 64.
     */
    void (*lstm_step)(const dense *recurrent, const float *h_before, float *gates, float *c,
                      float *h, size_t count, void *scratch);

    /*
     * The cell update of a GRU whose reset gate acts on the recurrent product. x and sums
     * [3 * units] are what the input and the state before contribute to z, r and n in turn:
     *     z = sigmoid(x_z + sums_z),  r = sigmoid(x_r + sums_r),  n = tanh(x_n + r sums_n),
     *     h = n + z (h_before - n).
     * h may be h_before.
     */
    void (*gru_update)(const float *x, const float *sums, const float *h_before, float *h,
                       size_t units);

    /* y = sigmoid(x), n elements; y may be x. */
    void (*sigmoid)(float *y, const float *x, size_t n);
    /* y = tanh(x), n elements; y may be x. */
    void (*tanh)(float *y, const float *x, size_t n);
    /* y = x^exponent for 2^-64 <= x <= 1 and exponent >= 0, n elements; y may be x. */
    void (*raise)(float *y, const float *x, float exponent, size_t n);
    /* y = 10 log10(x + 1e-12) for x >= 0, n elements; y may be x. */
    void (*decibels)(float *y, const float *x, size_t n);
    /*
     * The sum of x * y over n elements, a multiple of 16: sixteen sums side by side, each product
     * rounded before it is added, then added up in pairs i and i + 8, i and i + 4, and so on.
     */
    float (*dot)(const float *x, const float *y, size_t n);
    /* The same in double, of n elements, a multiple of 8, in eight sums. */
    double (*inner)(const float *x, const float *y, size_t n);
    /*
     * A frame with magnitudes of at most 1: y [2][n] = the real parts, then the imaginary ones of
     * (re + i im) / (m + quiet level) in units of 1 / CROSS_ONE, m = sqrt(re^2 + im^2) + 1e-6.
     * level is the running mean of m, level += rate (m - level); where it is 0, m. n is a multiple
     * of 16. Returns the mean of |y|^2 before rounding.
     */
    float (*whiten)(int8_t *y, float *level, const float *re, const float *im, float rate,
                    float quiet, size_t n);
    /*
     * re + i im = the sum over `count` frames of mic conj(far), n bins, a multiple of 16; exact for
     * up to CROSS_FRAMES_MOST frames.
     */
    void (*cross_spectrum)(int32_t *re, int32_t *im, const int8_t *const *mic,
                           const int8_t *const *far, size_t count, size_t n);
    /* y = x * m, n elements; y may be x. */
    void (*multiply)(float *y, const float *x, const float *m, size_t n);
    /* y = ln(x^2 + 1e-7), n elements; y may be x. */
    void (*log_power)(float *y, const float *x, size_t n);
    /* Layer norm: y = (x - mean) / sqrt(variance + 1e-7) * gamma + beta; y may be x. */
    void (*normalize)(float *y, const float *x, const float *gamma, const float *beta, size_t n);

    /* re, im [size / 2 + 1] = unnormalised forward transform of x [size], size that of f. */
    void (*fft_forward)(const fft *f, float *re, float *im, const float *x);
    /* x [size] = inverse transform with factor 1 / size; im of the first and the last bin is taken
     * as 0. */
    void (*fft_inverse)(const fft *f, float *x, const float *re, const float *im);
    /* y = sqrt(re^2 + im^2), n elements. */
    void (*magnitude)(float *y, const float *re, const float *im, size_t n);
    /*
     * re and im below 1e-15 become 0, so that no product of two is subnormal. power = re^2 + im^2,
     * smooth = memory smooth + (1 - memory) power, flushed below 1e-30; n elements.
     */
    void (*smooth_power)(float *smooth, float *power, float *re, float *im, float memory, size_t n);
    /*
     * cross = memory cross + (1 - memory) a conj(b), flushed below 1e-15, and the coherence
     * y = |cross|^2 / (a_power b_power + 1e-18); n elements.
     */
    void (*coherence)(float *y, const spectrum_pair *pair, float memory, size_t n);
    /*
     * y [rows][t->count] = the mean of each triangle in each of up to TRIANGLES_ROWS_MOST rows of
     * up to FFT_BINS bins, `stride` apart: with s the sum of the bins after a centre, p that of
     * their parts in the next triangle, and u that of the bins before, scale (u + (s - p)).
     */
    void (*triangle_means)(const triangles *t, float *y, const float *x, size_t stride,
                           size_t rows);

    /*
     * Rows of PARTITION_ROW. y = sum over p of w[p] x[p]; spread = sum of variance[p] |x[p]|^2;
     * z = sum over p < recent of change[p] x[p]. None may overlap the filter.
     */
    void (*partitions_predict)(const partitions *f, const prediction *to);
    /*
     * Per bin, with n the noise before, e and y of the innovation:
     *     n = memory n + (1 - memory) |e|^2,  d = n + |e|^2 + least,  m = max(n, |e|^2),
     *     inverse = 1 / (spread + caution m + least),  gain = e inverse,
     *     share = spread / (spread + output_caution caution max(|e|^2, left_weight left) + least),
     *     left = max((1 - share)^2 |e|^2, left_fade left),
     *     removal = shrink inverse + doubt max(s - credible m, 0) / s^2,  s = spread + least,
     * gain and share flushed below 1e-15.
     */
    misfit (*partitions_weigh)(const innovation *i);
    /*
     * For each partition, with g = gain, v = variance before:
     *     w = scale w + v conj(x) g,  change = fade change + v conj(x) g where there is one,
     *     v  = keep v (1 - v |x|^2 removal) + drift |w|^2 + shape[p] unrest,
     * v kept within least and most, change rounded to bf16. power = sum over p of |w|^2. Then
     * what the new filter makes of the blocks of r, their y and spread; r NULL: none.
     */
    void (*partitions_adapt)(const partitions *f, const adaptation *a, float *power,
                             const reuse *r);
    /*
     * w += v times the sum over the blocks of conj(x) gain, each block's
     * gain = e / (spread + caution max(noise, |e|^2) + least). v stays.
     */
    void (*partitions_correct)(const partitions *f, const reuse *r);
} kernels;

/* For whiten and cross_spectrum. */
enum { CROSS_ONE = 127, CROSS_FRAMES_MOST = 40 };

/* All sets of this build, the plain one first, the fastest last; in WebAssembly a single one. */
enum { KERNEL_SETS_MAX = 8 };
size_t kernels_count(void);
const kernels *kernels_at(size_t index);

/* The UNECHO_CPU_* flags that this build and this CPU have. */
uint32_t kernels_cpu(void);

/* The index of the fastest set that needs no more than `allowed`; 0, the plain set or the only one,
 * always fits. */
size_t kernels_choose(uint32_t allowed);

#endif
