/*
 * The kernels of the real Fourier transform. Part of plain.h, and so compiled with every set's
 * flags.
 */
#ifndef UNECHO_FOURIER_H
#define UNECHO_FOURIER_H

#define NOT_INLINED __attribute__((noinline))

/*
 * The transform of n = 256 or 128 complex points: radix 4, decimated in frequency. After two passes
 * over columns of n / 16 points the points are transposed, so that the last passes run over rows of
 * 16, and every pass over whole vectors. A function for each, not inlined: GCC sees only of
 * parameters that they do not overlap.
 */
enum { HALF_MOST = FFT_SIZE / 2, FFT_ROW = 16 };

/* Factors of a butterfly. */
typedef struct turns {
    float c1, s1, c2, s2, c3, s3;
} turns;

/* y of the butterfly of x[0], x[x_apart], ... */
static inline void butterfly4(const float *restrict xr, const float *restrict xi, size_t x_apart,
                              float *restrict yr, float *restrict yi, size_t y_apart, turns w)
{
    const float ar = xr[0], ai = xi[0];
    const float br = xr[x_apart], bi = xi[x_apart];
    const float cr = xr[2 * x_apart], ci = xi[2 * x_apart];
    const float dr = xr[3 * x_apart], di = xi[3 * x_apart];
    const float acr = ar + cr, aci = ai + ci, bdr = br + dr, bdi = bi + di;
    const float amr = ar - cr, ami = ai - ci;
    /* i (b - d) */
    const float jr = di - bi, ji = br - dr;
    const float ur = amr - jr, ui = ami - ji, vr = acr - bdr, vi = aci - bdi;
    const float tr = amr + jr, ti = ami + ji;
    yr[0] = acr + bdr;
    yi[0] = aci + bdi;
    yr[y_apart] = fmaf(ur, w.c1, -(ui * w.s1));
    yi[y_apart] = fmaf(ur, w.s1, ui * w.c1);
    yr[2 * y_apart] = fmaf(vr, w.c2, -(vi * w.s2));
    yi[2 * y_apart] = fmaf(vr, w.s2, vi * w.c2);
    yr[3 * y_apart] = fmaf(tr, w.c3, -(ti * w.s3));
    yi[3 * y_apart] = fmaf(tr, w.s3, ti * w.c3);
}

/* Butterfly p < factors has its own factors. */
static inline turns turns_at(const float *w, size_t factors, size_t p)
{
    return (turns){w[p],
                   w[factors + p],
                   w[2 * factors + p],
                   w[3 * factors + p],
                   w[4 * factors + p],
                   w[5 * factors + p]};
}

static inline void columns4(const float *restrict xr, const float *restrict xi, float *restrict yr,
                            float *restrict yi, const float *restrict w, size_t quarter)
{
    for (size_t p = 0; p < quarter; p++)
        butterfly4(xr + p, xi + p, quarter, yr + p, yi + p, quarter, turns_at(w, quarter, p));
}

#define COLUMNS4(quarter)                                                                          \
    static NOT_INLINED void columns4_##quarter(const float *restrict xr, const float *restrict xi, \
                                               float *restrict yr, float *restrict yi,             \
                                               const float *restrict w)                            \
    {                                                                                              \
        columns4(xr, xi, yr, yi, w, quarter);                                                      \
    }
COLUMNS4(64)
COLUMNS4(32)
COLUMNS4(16)
COLUMNS4(8)

static NOT_INLINED void rows4(const float *restrict xr, const float *restrict xi, size_t x_apart,
                              float *restrict yr, float *restrict yi, size_t y_apart,
                              const turns *w)
{
    const turns same = *w;
    for (size_t l = 0; l < FFT_ROW; l++)
        butterfly4(xr + l, xi + l, x_apart, yr + l, yi + l, y_apart, same);
}

static NOT_INLINED void rows2(const float *restrict xr, const float *restrict xi,
                              float *restrict yr, float *restrict yi)
{
    for (size_t l = 0; l < FFT_ROW; l++) {
        const float ar = xr[l], ai = xi[l], br = xr[FFT_ROW + l], bi = xi[FFT_ROW + l];
        yr[l] = ar + br;
        yi[l] = ai + bi;
        yr[4 * FFT_ROW + l] = ar - br;
        yi[4 * FFT_ROW + l] = ai - bi;
    }
}

/* Column l of y, [n][16], is row 4 (l % 4) + l / 4 of x, [16][n]. */
static inline void transpose(float *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float *const to = y + i * FFT_ROW;
        const float *const from = x + i;
        to[0] = from[0];
        to[1] = from[4 * n];
        to[2] = from[8 * n];
        to[3] = from[12 * n];
        to[4] = from[n];
        to[5] = from[5 * n];
        to[6] = from[9 * n];
        to[7] = from[13 * n];
        to[8] = from[2 * n];
        to[9] = from[6 * n];
        to[10] = from[10 * n];
        to[11] = from[14 * n];
        to[12] = from[3 * n];
        to[13] = from[7 * n];
        to[14] = from[11 * n];
        to[15] = from[15 * n];
    }
}

static NOT_INLINED void transpose_16(float *restrict y, const float *restrict x)
{
    transpose(y, x, 16);
}

static NOT_INLINED void transpose_8(float *restrict y, const float *restrict x)
{
    transpose(y, x, 8);
}

/* 256 points; x is overwritten. */
static inline void fft_256(const fft *f, float *xr, float *xi, float *yr, float *yi)
{
    static const turns none = {1.0f, 0.0f, 1.0f, 0.0f, 1.0f, 0.0f};
    columns4_64(xr, xi, yr, yi, f->first);
    for (size_t i = 0; i < 256; i += 64)
        columns4_16(yr + i, yi + i, xr + i, xi + i, f->second);
    transpose_16(yr, xr);
    transpose_16(yi, xi);
    for (size_t p = 0; p < 4; p++) {
        const turns w = turns_at(f->third, 4, p);
        const size_t at = p * FFT_ROW;
        rows4(yr + at, yi + at, 4 * FFT_ROW, xr + at, xi + at, 4 * FFT_ROW, &w);
    }
    for (size_t m = 0; m < 4; m++)
        rows4(xr + 64 * m, xi + 64 * m, FFT_ROW, yr + FFT_ROW * m, yi + FFT_ROW * m, 4 * FFT_ROW,
              &none);
}

static inline void fft_128(const fft *f, float *xr, float *xi, float *yr, float *yi)
{
    columns4_32(xr, xi, yr, yi, f->first);
    for (size_t i = 0; i < 128; i += 32)
        columns4_8(yr + i, yi + i, xr + i, xi + i, f->second);
    transpose_8(yr, xr);
    transpose_8(yi, xi);
    for (size_t p = 0; p < 2; p++) {
        const turns w = turns_at(f->third, 2, p);
        const size_t at = p * FFT_ROW;
        rows4(yr + at, yi + at, 2 * FFT_ROW, xr + at, xi + at, 2 * FFT_ROW, &w);
    }
    for (size_t m = 0; m < 4; m++)
        rows2(xr + 32 * m, xi + 32 * m, yr + FFT_ROW * m, yi + FFT_ROW * m);
}

static inline void fft_complex(const fft *f, size_t n, float *xr, float *xi, float *yr, float *yi)
{
    if (n == 256)
        fft_256(f, xr, xi, yr, yi);
    else
        fft_128(f, xr, xi, yr, yi);
}

/*
 * 2 n real points as n complex ones, even samples real, odd samples imaginary. With Z their
 * transform, E = (Z[k] + Z*[n-k]) / 2 and O = (Z[k] - Z*[n-k]) / 2i are those of the even and the
 * odd samples, X[k] = E + w^k O and X[n-k] = (E - w^k O)*. high is the bins from n / 2 on.
 */
static inline void join_bin(const fft *f, size_t n, size_t k, const float *zr, const float *zi,
                            float *re, float *im, float *high_re, float *high_im)
{
    const size_t j = n - k;
    const float c = f->split[0][k], s = f->split[1][k];
    const float er = 0.5f * (zr[k] + zr[j]), ei = 0.5f * (zi[k] - zi[j]);
    const float odd_r = 0.5f * (zi[k] + zi[j]), odd_i = 0.5f * (zr[j] - zr[k]);
    const float wr = fmaf(odd_r, c, -(odd_i * s)), wi = fmaf(odd_r, s, odd_i * c);
    re[k] = er + wr;
    im[k] = ei + wi;
    high_re[n / 2 - k] = er - wr;
    high_im[n / 2 - k] = wi - ei;
}

/* From 0 on, as whole vectors are faster than the rest of one: what is made of bin 0 is no bin. */
static NOT_INLINED void join_bins(const fft *restrict f, size_t n, const float *restrict zr,
                                  const float *restrict zi, float *restrict re, float *restrict im,
                                  float *restrict high_re, float *restrict high_im)
{
    for (size_t k = 0; k < n / 2; k++)
        join_bin(f, n, k, zr, zi, re, im, high_re, high_im);
}

static inline void forward_of(const fft *f, size_t n, float *re, float *im, const float *x)
{
    float zr[HALF_MOST + 1], zi[HALF_MOST + 1], xr[HALF_MOST], xi[HALF_MOST];
    for (size_t i = 0; i < n; i++) {
        xr[i] = x[2 * i];
        xi[i] = x[2 * i + 1];
    }
    fft_complex(f, n, xr, xi, zr, zi);
    zr[n] = zi[n] = 0.0f;
    join_bins(f, n, zr, zi, re, im, re + n / 2, im + n / 2);
    join_bin(f, n, n / 2, zr, zi, re, im, re + n / 2, im + n / 2);
    re[0] = zr[0] + zi[0];
    im[0] = 0.0f;
    re[n] = zr[0] - zi[0];
    im[n] = 0.0f;
}

/* The same backwards: Z = E + i O, its inverse transform taken as a forward one, parts swapped. */
static inline void part_bin(const fft *f, size_t n, size_t k, const float *re, const float *im,
                            float *zr, float *zi, float *high_r, float *high_i)
{
    const size_t j = n - k;
    const float c = f->split[0][k], s = f->split[1][k];
    const float er = re[k] + re[j], ei = im[k] - im[j];
    const float dr = re[k] - re[j], di = im[k] + im[j];
    const float odd_r = fmaf(dr, c, di * s), odd_i = fmaf(di, c, -(dr * s));
    zr[k] = er - odd_i;
    zi[k] = ei + odd_r;
    high_r[n / 2 - k] = er + odd_i;
    high_i[n / 2 - k] = odd_r - ei;
}

static NOT_INLINED void part_bins(const fft *restrict f, size_t n, const float *restrict re,
                                  const float *restrict im, float *restrict zr, float *restrict zi,
                                  float *restrict high_r, float *restrict high_i)
{
    for (size_t k = 0; k < n / 2; k++)
        part_bin(f, n, k, re, im, zr, zi, high_r, high_i);
}

static inline void inverse_of(const fft *f, size_t n, float *x, const float *re, const float *im)
{
    float zr[HALF_MOST + 1], zi[HALF_MOST + 1], yr[HALF_MOST], yi[HALF_MOST];
    const float scale = 0.5f / (float)n;
    part_bins(f, n, re, im, zr, zi, zr + n / 2, zi + n / 2);
    part_bin(f, n, n / 2, re, im, zr, zi, zr + n / 2, zi + n / 2);
    zr[0] = re[0] + re[n];
    zi[0] = re[0] - re[n];
    fft_complex(f, n, zi, zr, yi, yr);
    for (size_t k = 0; k < n; k++) {
        x[2 * k] = yr[k] * scale;
        x[2 * k + 1] = yi[k] * scale;
    }
}

/* One call for each size, so that compilers know the lengths of the loops. */
static void plain_fft_forward(const fft *f, float *re, float *im, const float *x)
{
    if (f->size == FFT_SIZE)
        forward_of(f, FFT_SIZE / 2, re, im, x);
    else
        forward_of(f, FFT_SIZE / 4, re, im, x);
}

static void plain_fft_inverse(const fft *f, float *x, const float *re, const float *im)
{
    if (f->size == FFT_SIZE)
        inverse_of(f, FFT_SIZE / 2, x, re, im);
    else
        inverse_of(f, FFT_SIZE / 4, x, re, im);
}

#endif
