/*
 * The kernels of the partitioned adaptive filter: bin by bin, the partitions in their order. Part
 * of plain.h, and so compiled with every set's flags.
 */
#ifndef UNECHO_ADAPTIVE_H
#define UNECHO_ADAPTIVE_H

/* Partition p of the filter, and the block that goes through it, or went `age` hops ago. */
typedef struct partition {
    const float *xr, *xi, *wr, *wi, *v;
} partition;

static inline partition partition_at(const partitions *f, size_t age, size_t p)
{
    const size_t later = f->newest + age + p;
    const size_t slot = later < f->ring ? later : later - f->ring;
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

/*
 * Sums are kept in arrays of their own, which nothing else points to: GCC would leave the loops
 * scalar otherwise. Four partitions a turn, so that they are loaded and stored a quarter as often.
 */
static void plain_partitions_predict(const partitions *f, float *restrict y_re,
                                     float *restrict y_im, float *restrict spread)
{
    float re[PARTITION_ROW] = {0.0f}, im[PARTITION_ROW] = {0.0f}, sum[PARTITION_ROW] = {0.0f};
    size_t p = 0;
    for (; p + 4 <= f->count; p += 4) {
        const partition a = partition_at(f, 0, p), b = partition_at(f, 0, p + 1);
        const partition c = partition_at(f, 0, p + 2), d = partition_at(f, 0, p + 3);
        for (size_t k = 0; k < PARTITION_ROW; k++) {
            predict_bin(&a, k, &re[k], &im[k], &sum[k]);
            predict_bin(&b, k, &re[k], &im[k], &sum[k]);
            predict_bin(&c, k, &re[k], &im[k], &sum[k]);
            predict_bin(&d, k, &re[k], &im[k], &sum[k]);
        }
    }
    for (; p < f->count; p++) {
        const partition a = partition_at(f, 0, p);
        for (size_t k = 0; k < PARTITION_ROW; k++)
            predict_bin(&a, k, &re[k], &im[k], &sum[k]);
    }
    memcpy(y_re, re, sizeof re);
    memcpy(y_im, im, sizeof im);
    memcpy(spread, sum, sizeof sum);
}

/* The recent change of partition p in place of its weights. */
static inline partition change_at(const partitions *f, size_t p)
{
    partition at = partition_at(f, 0, p);
    at.wr = f->change_re + p * PARTITION_ROW;
    at.wi = f->change_im + p * PARTITION_ROW;
    return at;
}

static inline void change_bin(const partition *p, size_t k, float *re, float *im)
{
    const float xr = p->xr[k], xi = p->xi[k], cr = p->wr[k], ci = p->wi[k];
    *re = fmaf(-ci, xi, fmaf(cr, xr, *re));
    *im = fmaf(ci, xr, fmaf(cr, xi, *im));
}

static void plain_partitions_change(const partitions *f, float *restrict z_re, float *restrict z_im)
{
    float re[PARTITION_ROW] = {0.0f}, im[PARTITION_ROW] = {0.0f};
    size_t p = 0;
    for (; p + 4 <= f->recent; p += 4) {
        const partition a = change_at(f, p), b = change_at(f, p + 1);
        const partition c = change_at(f, p + 2), d = change_at(f, p + 3);
        for (size_t k = 0; k < PARTITION_ROW; k++) {
            change_bin(&a, k, &re[k], &im[k]);
            change_bin(&b, k, &re[k], &im[k]);
            change_bin(&c, k, &re[k], &im[k]);
            change_bin(&d, k, &re[k], &im[k]);
        }
    }
    for (; p < f->recent; p++) {
        const partition a = change_at(f, p);
        for (size_t k = 0; k < PARTITION_ROW; k++)
            change_bin(&a, k, &re[k], &im[k]);
    }
    memcpy(z_re, re, sizeof re);
    memcpy(z_im, im, sizeof im);
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

/* What is this small is taken as 0: no product with it is subnormal. */
static inline float flush_small(float x)
{
    return fabsf(x) < 1e-15f ? 0.0f : x;
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

/* The sum of x y. */
static inline float sum_of_products(const float *restrict x, const float *restrict y)
{
    float sums[WEIGH_SUMS] = {0};
    for (size_t k = 0; k < PARTITION_ROW; k += WEIGH_SUMS)
        for (size_t i = 0; i < WEIGH_SUMS; i++)
            sums[i] = fmaf(x[k + i], y[k + i], sums[i]);
    return add_sums(sums);
}

static misfit plain_partitions_weigh(const innovation *i)
{
    const float *restrict e_re = i->e_re, *restrict e_im = i->e_im, *restrict spread = i->spread;
    const float *restrict before = i->noise, *restrict y_re = i->y_re, *restrict y_im = i->y_im;
    const float *restrict caution = i->caution;
    const float memory = i->memory, least = i->least, shrink = i->shrink;
    const float output_caution = i->output_caution, credible = i->credible, doubt = i->doubt;
    const float left_fade = i->left_fade, left_weight = i->left_weight;
    const float *restrict left_before = i->left;
    float noise[PARTITION_ROW], removal[PARTITION_ROW], weight[PARTITION_ROW];
    float gain_re[PARTITION_ROW], gain_im[PARTITION_ROW], e2[PARTITION_ROW], y2[PARTITION_ROW];
    float share[PARTITION_ROW], left[PARTITION_ROW];
    float expected[PARTITION_ROW], one[PARTITION_ROW];
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        const float er = e_re[k], ei = e_im[k], power = fmaf(er, er, ei * ei);
        const float n = fmaf(memory, before[k], (1.0f - memory) * power + 1e-15f);
        const float most = n > power ? n : power;
        const float inv = 1.0f / (fmaf(caution[k], most, spread[k]) + least);
        const float s = spread[k] + least, beyond = fmaf(-credible, most, s), per_s = 1.0f / s;
        e2[k] = power;
        y2[k] = fmaf(y_re[k], y_re[k], y_im[k] * y_im[k]);
        noise[k] = n;
        removal[k] = fmaf(shrink, inv, doubt * (beyond > 0.0f ? beyond : 0.0f) * per_s * per_s);
        weight[k] = 1.0f / (n + power + least);
        expected[k] = spread[k] * inv;
        one[k] = 1.0f;
        gain_re[k] = flush_small(er * inv);
        gain_im[k] = flush_small(ei * inv);
        const float held = left_weight * left_before[k], near = held > power ? held : power;
        share[k] =
            flush_small(spread[k] / (fmaf(output_caution * caution[k], near, spread[k]) + least));
        const float rest = 1.0f - share[k], fading = fmaf(left_fade, left_before[k], 1e-15f);
        left[k] = rest * rest * power > fading ? rest * rest * power : fading;
    }
    memcpy(i->noise, noise, sizeof noise);
    memcpy(i->removal, removal, sizeof removal);
    memcpy(i->gain_re, gain_re, sizeof gain_re);
    memcpy(i->gain_im, gain_im, sizeof gain_im);
    memcpy(i->share, share, sizeof share);
    memcpy(i->left, left, sizeof left);
    return (misfit){
        .estimate = compare(e_re, e_im, i->y_re, i->y_im, weight),
        .change = compare(e_re, e_im, i->z_re, i->z_im, weight),
        .error = sum_of_products(e2, weight),
        .echo = sum_of_products(y2, one),
        .energy = sum_of_products(e2, one),
        .expected = sum_of_products(e2, expected),
    };
}

static inline void adapt_row(const adaptation *a, float shape, const float *restrict x_re,
                             const float *restrict x_im, float *restrict w_re, float *restrict w_im,
                             float *restrict variance, float *restrict power)
{
    const float *restrict gain_re = a->gain_re, *restrict gain_im = a->gain_im;
    const float *restrict removal = a->removal, *restrict unrest = a->unrest;
    const float scale = a->scale, keep = a->keep, drift = a->drift;
    const float least = a->least, most = a->most;
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        const float xr = x_re[k], xi = x_im[k], gr = gain_re[k], gi = gain_im[k];
        const float v = variance[k];
        const float wr = fmaf(v, fmaf(xr, gr, xi * gi), scale * w_re[k]);
        const float wi = fmaf(v, fmaf(xr, gi, -(xi * gr)), scale * w_im[k]);
        const float w2 = fmaf(wr, wr, fmaf(wi, wi, 1e-30f));
        const float removed = v * fmaf(xr, xr, xi * xi) * removal[k];
        const float left = keep * fmaf(-v, removed, v);
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
        c_re[k] = flush_small(fmaf(v, fmaf(xr, gr, xi * gi), fade * c_re[k]));
        c_im[k] = flush_small(fmaf(v, fmaf(xr, gi, -(xi * gr)), fade * c_im[k]));
    }
}

static void plain_partitions_adapt(const partitions *f, const adaptation *a, float *restrict power)
{
    for (size_t k = 0; k < PARTITION_ROW; k++)
        power[k] = 0.0f;
    for (size_t p = 0; p < f->count; p++) {
        const partition at = partition_at(f, 0, p);
        const size_t w = p * PARTITION_ROW;
        if (p < f->recent)
            change_row(a, at.xr, at.xi, at.v, f->change_re + w, f->change_im + w);
        adapt_row(a, a->shape[p], at.xr, at.xi, f->w_re + w, f->w_im + w, f->variance + w, power);
    }
}

/* Three at once are written out: GCC vectorises no loop over them within that over the bins. */
_Static_assert(PARTITION_REUSED == 3, "all reused blocks in one pass over the filter");

static void plain_partitions_predict_reused(const partitions *f, const reuse *r)
{
    float re[PARTITION_REUSED][PARTITION_ROW] = {{0.0f}};
    float im[PARTITION_REUSED][PARTITION_ROW] = {{0.0f}};
    float sum[PARTITION_REUSED][PARTITION_ROW] = {{0.0f}};
    size_t p = 0;
    for (; p + 2 <= f->count; p += 2) {
        partition a[PARTITION_REUSED], b[PARTITION_REUSED];
        for (size_t i = 0; i < PARTITION_REUSED; i++) {
            a[i] = partition_at(f, r->blocks[i].age, p);
            b[i] = partition_at(f, r->blocks[i].age, p + 1);
        }
        for (size_t k = 0; k < PARTITION_ROW; k++) {
            predict_bin(&a[0], k, &re[0][k], &im[0][k], &sum[0][k]);
            predict_bin(&b[0], k, &re[0][k], &im[0][k], &sum[0][k]);
            predict_bin(&a[1], k, &re[1][k], &im[1][k], &sum[1][k]);
            predict_bin(&b[1], k, &re[1][k], &im[1][k], &sum[1][k]);
            predict_bin(&a[2], k, &re[2][k], &im[2][k], &sum[2][k]);
            predict_bin(&b[2], k, &re[2][k], &im[2][k], &sum[2][k]);
        }
    }
    for (; p < f->count; p++)
        for (size_t i = 0; i < PARTITION_REUSED; i++) {
            const partition a = partition_at(f, r->blocks[i].age, p);
            for (size_t k = 0; k < PARTITION_ROW; k++)
                predict_bin(&a, k, &re[i][k], &im[i][k], &sum[i][k]);
        }
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        memcpy(r->blocks[i].y_re, re[i], sizeof re[i]);
        memcpy(r->blocks[i].y_im, im[i], sizeof im[i]);
        memcpy(r->blocks[i].spread, sum[i], sizeof sum[i]);
    }
}

static inline void gain_of(const reused_block *b, const reuse *r, float *restrict gain_re,
                           float *restrict gain_im)
{
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        const float er = b->e_re[k], ei = b->e_im[k];
        const float e2 = fmaf(er, er, ei * ei), n = r->noise[k], most = n > e2 ? n : e2;
        const float inverse = 1.0f / (fmaf(r->caution[k], most, b->spread[k]) + r->least);
        gain_re[k] = flush_small(er * inverse);
        gain_im[k] = flush_small(ei * inverse);
    }
}

/* sums + conj(x) gain at bin k. */
static inline void step_bin(const partition *p, const float *gain_re, const float *gain_im,
                            size_t k, float *re, float *im)
{
    const float xr = p->xr[k], xi = p->xi[k], gr = gain_re[k], gi = gain_im[k];
    *re = fmaf(xr, gr, fmaf(xi, gi, *re));
    *im = fmaf(xr, gi, fmaf(-xi, gr, *im));
}

static inline void correct_row(const float *restrict variance, const float *restrict step_re,
                               const float *restrict step_im, float *restrict w_re,
                               float *restrict w_im)
{
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        w_re[k] = fmaf(variance[k], step_re[k], w_re[k]);
        w_im[k] = fmaf(variance[k], step_im[k], w_im[k]);
    }
}

static void plain_partitions_correct(const partitions *f, const reuse *r)
{
    float gain_re[PARTITION_REUSED][PARTITION_ROW], gain_im[PARTITION_REUSED][PARTITION_ROW];
    for (size_t i = 0; i < PARTITION_REUSED; i++)
        gain_of(&r->blocks[i], r, gain_re[i], gain_im[i]);
    for (size_t p = 0; p < f->count; p++) {
        const partition a = partition_at(f, r->blocks[0].age, p);
        const partition b = partition_at(f, r->blocks[1].age, p);
        const partition c = partition_at(f, r->blocks[2].age, p);
        float step_re[PARTITION_ROW], step_im[PARTITION_ROW];
        for (size_t k = 0; k < PARTITION_ROW; k++) {
            float re = 0.0f, im = 0.0f;
            step_bin(&a, gain_re[0], gain_im[0], k, &re, &im);
            step_bin(&b, gain_re[1], gain_im[1], k, &re, &im);
            step_bin(&c, gain_re[2], gain_im[2], k, &re, &im);
            step_re[k] = re;
            step_im[k] = im;
        }
        correct_row(a.v, step_re, step_im, f->w_re + p * PARTITION_ROW,
                    f->w_im + p * PARTITION_ROW);
    }
}

#endif
