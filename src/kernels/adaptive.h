/*
 * The kernels of the partitioned adaptive filter: bin by bin, the partitions in their order. Part
 * of plain.h, and so compiled with every set's flags.
 */
#ifndef UNECHO_ADAPTIVE_H
#define UNECHO_ADAPTIVE_H

/* Partition p of the filter, and the block that goes through it. */
typedef struct partition {
    const float *xr, *xi, *wr, *wi, *v;
} partition;

static inline partition partition_at(const partitions *f, size_t p)
{
    const size_t slot = f->newest + p < f->count ? f->newest + p : f->newest + p - f->count;
    const size_t x = slot * PARTITION_ROW, w = p * PARTITION_ROW;
    return (partition){f->x_re + x, f->x_im + x, f->w_re + w, f->w_im + w, f->variance + w};
}

/* sums + w x and sums + v |x|^2 at bin k. */
static inline void predict_bin(const partition *p, size_t k, float *re, float *im, float *spread)
{
    const float xr = p->xr[k], xi = p->xi[k], wr = p->wr[k], wi = p->wi[k];
    *re = fmaf(-wi, xi, fmaf(wr, xr, *re));
    *im = fmaf(wi, xr, fmaf(wr, xi, *im));
    *spread = fmaf(p->v[k], fmaf(xr, xr, xi * xi), *spread);
}

static void plain_partitions_predict(const partitions *f, float *restrict y_re,
                                     float *restrict y_im, float *restrict spread)
{
    /* Four partitions a turn: the sums are loaded and stored a quarter as often. */
    size_t p = 0;
    for (size_t k = 0; k < PARTITION_ROW; k++)
        y_re[k] = y_im[k] = spread[k] = 0.0f;
    for (; p + 4 <= f->count; p += 4) {
        const partition a = partition_at(f, p), b = partition_at(f, p + 1);
        const partition c = partition_at(f, p + 2), d = partition_at(f, p + 3);
        for (size_t k = 0; k < PARTITION_ROW; k++) {
            float re = y_re[k], im = y_im[k], s = spread[k];
            predict_bin(&a, k, &re, &im, &s);
            predict_bin(&b, k, &re, &im, &s);
            predict_bin(&c, k, &re, &im, &s);
            predict_bin(&d, k, &re, &im, &s);
            y_re[k] = re;
            y_im[k] = im;
            spread[k] = s;
        }
    }
    for (; p < f->count; p++) {
        const partition a = partition_at(f, p);
        for (size_t k = 0; k < PARTITION_ROW; k++)
            predict_bin(&a, k, &y_re[k], &y_im[k], &spread[k]);
    }
}

static void plain_partitions_change(const partitions *f, float *restrict z_re, float *restrict z_im)
{
    for (size_t k = 0; k < PARTITION_ROW; k++)
        z_re[k] = z_im[k] = 0.0f;
    for (size_t p = 0; p < f->recent; p++) {
        const partition at = partition_at(f, p);
        const float *restrict c_re = f->change_re + p * PARTITION_ROW;
        const float *restrict c_im = f->change_im + p * PARTITION_ROW;
        for (size_t k = 0; k < PARTITION_ROW; k++) {
            z_re[k] = fmaf(-c_im[k], at.xi[k], fmaf(c_re[k], at.xr[k], z_re[k]));
            z_im[k] = fmaf(c_im[k], at.xr[k], fmaf(c_re[k], at.xi[k], z_im[k]));
        }
    }
}

/* Sixteen running sums over the bins, added up pairwise at the end. */
enum { WEIGH_SUMS = 16 };

static inline float add_sums(float *sums)
{
    for (size_t half = WEIGH_SUMS / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++)
            sums[k] += sums[k + half];
    return sums[0];
}

/* error: what is left; a: what it is held against; weight: 1 / d. */
static inline likeness compare(const float *restrict e_re, const float *restrict e_im,
                               const float *restrict a_re, const float *restrict a_im,
                               const float *restrict weight)
{
    float cross[WEIGH_SUMS] = {0}, power[WEIGH_SUMS] = {0}, scatter[WEIGH_SUMS] = {0};
    for (size_t k = 0; k < PARTITION_ROW; k += WEIGH_SUMS)
        for (size_t i = 0; i < WEIGH_SUMS; i++) {
            const float er = e_re[k + i], ei = e_im[k + i], ar = a_re[k + i], ai = a_im[k + i];
            const float e2 = fmaf(er, er, ei * ei) * weight[k + i];
            const float a2 = fmaf(ar, ar, ai * ai) * weight[k + i];
            cross[i] = fmaf(fmaf(ar, er, ai * ei), weight[k + i], cross[i]);
            power[i] += a2;
            scatter[i] = fmaf(0.5f * a2, e2, scatter[i]);
        }
    return (likeness){add_sums(cross), add_sums(power), add_sums(scatter)};
}

static misfit plain_partitions_weigh(const innovation *i)
{
    const float *restrict e_re = i->e_re, *restrict e_im = i->e_im, *restrict spread = i->spread;
    float *restrict gain_re = i->gain_re, *restrict gain_im = i->gain_im;
    float *restrict inverse = i->inverse, *restrict noise = i->noise;
    const float memory = i->memory, caution = i->caution, least = i->least;
    float weight[PARTITION_ROW], error[WEIGH_SUMS] = {0};
    for (size_t k = 0; k < PARTITION_ROW; k += WEIGH_SUMS)
        for (size_t lane = 0; lane < WEIGH_SUMS; lane++) {
            const float er = e_re[k + lane], ei = e_im[k + lane];
            const float e2 = fmaf(er, er, ei * ei);
            const float n = fmaf(memory, noise[k + lane], (1.0f - memory) * e2 + 1e-15f);
            const float most = n > e2 ? n : e2;
            const float inv = 1.0f / (fmaf(caution, most, spread[k + lane]) + least);
            weight[k + lane] = 1.0f / (n + e2 + least);
            error[lane] = fmaf(e2, weight[k + lane], error[lane]);
            noise[k + lane] = n;
            inverse[k + lane] = inv;
            gain_re[k + lane] = er * inv;
            gain_im[k + lane] = ei * inv;
        }
    return (misfit){compare(e_re, e_im, i->y_re, i->y_im, weight),
                    compare(e_re, e_im, i->z_re, i->z_im, weight), add_sums(error)};
}

/* What is this small is taken as 0, so that its square is not subnormal. */
static inline float flush_weight(float w)
{
    return fabsf(w) < 1e-15f ? 0.0f : w;
}

static inline void adapt_row(const adaptation *a, float shape, const float *restrict x_re,
                             const float *restrict x_im, float *restrict w_re, float *restrict w_im,
                             float *restrict variance, float *restrict power)
{
    const float *restrict gain_re = a->gain_re, *restrict gain_im = a->gain_im;
    const float *restrict inverse = a->inverse, *restrict unrest = a->unrest;
    const float shrink = a->shrink, keep = a->keep, drift = a->drift;
    const float least = a->least, most = a->most;
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        const float xr = x_re[k], xi = x_im[k], gr = gain_re[k], gi = gain_im[k];
        const float v = variance[k];
        const float wr = flush_weight(fmaf(v, fmaf(xr, gr, xi * gi), w_re[k]));
        const float wi = flush_weight(fmaf(v, fmaf(xr, gi, -(xi * gr)), w_im[k]));
        const float w2 = fmaf(wr, wr, wi * wi);
        const float seen = v * fmaf(xr, xr, xi * xi) * inverse[k];
        const float left = keep * fmaf(-shrink * v, seen, v);
        w_re[k] = wr;
        w_im[k] = wi;
        variance[k] = clamp_(fmaf(drift, w2, fmaf(shape, unrest[k], left)), least, most);
        power[k] += w2;
    }
}

/* The same step for the recent changes, before `adapt_row` changes the variance. */
static inline void change_row(const adaptation *a, const float *restrict x_re,
                              const float *restrict x_im, const float *restrict variance,
                              float *restrict c_re, float *restrict c_im)
{
    const float *restrict gain_re = a->gain_re, *restrict gain_im = a->gain_im;
    const float fade = a->fade;
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        const float xr = x_re[k], xi = x_im[k], gr = gain_re[k], gi = gain_im[k];
        const float v = variance[k];
        c_re[k] = flush_weight(fmaf(v, fmaf(xr, gr, xi * gi), fade * c_re[k]));
        c_im[k] = flush_weight(fmaf(v, fmaf(xr, gi, -(xi * gr)), fade * c_im[k]));
    }
}

static void plain_partitions_adapt(const partitions *f, const adaptation *a, float *restrict power)
{
    for (size_t k = 0; k < PARTITION_ROW; k++)
        power[k] = 0.0f;
    for (size_t p = 0; p < f->count; p++) {
        const partition at = partition_at(f, p);
        const size_t w = p * PARTITION_ROW;
        if (p < f->recent)
            change_row(a, at.xr, at.xi, at.v, f->change_re + w, f->change_im + w);
        adapt_row(a, a->shape[p], at.xr, at.xi, f->w_re + w, f->w_im + w, f->variance + w, power);
    }
}

#endif
