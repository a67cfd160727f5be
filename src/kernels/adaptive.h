/*
 * The kernels of the partitioned adaptive filter: bin by bin, the partitions in their order. Part
 * of plain.h, and so compiled with every set's flags.
 */
#ifndef UNECHO_ADAPTIVE_H
#define UNECHO_ADAPTIVE_H

/* Inlined, so that compilers know the width. */
#define STRIP_INLINE static inline __attribute__((always_inline))

/* `width` bins of everything, from PARTITION_STRIP times the strip's number on. */
typedef struct strip {
    const uint32_t *x;
    float *filter;
    uint32_t *change;
    size_t width;
} strip;

STRIP_INLINE strip strip_of(const partitions *f, size_t s, size_t width)
{
    return (strip){
        .x = f->x + s * f->ring * PARTITION_STRIP,
        .filter = f->filter + s * FILTER_ROWS * f->count * PARTITION_STRIP,
        .change = f->change + s * f->recent * PARTITION_STRIP,
        .width = width,
    };
}

/* The block that goes through the first partition, or went `age` hops ago. */
STRIP_INLINE const uint32_t *first_block(const partitions *f, const strip *s, size_t age)
{
    return s->x + (f->newest + age) % f->ring * s->width;
}

STRIP_INLINE const uint32_t *next_block(const partitions *f, const strip *s, const uint32_t *x)
{
    const uint32_t *const next = x + s->width, *const end = s->x + f->ring * s->width;
    return next < end ? next : s->x;
}

STRIP_INLINE float *filter_at(const strip *s, size_t p)
{
    return s->filter + p * FILTER_ROWS * s->width;
}

STRIP_INLINE uint32_t *change_at(const strip *s, size_t p)
{
    return s->change + p * s->width;
}

/*
 * Sums are arrays of their own, which nothing else points to: compilers keep them in registers.
 * sum += w x, both of real and imaginary parts.
 */
STRIP_INLINE void add_product(const float *restrict w, const uint32_t *restrict x,
                              float *restrict sum_re, float *restrict sum_im, size_t width)
{
    for (size_t k = 0; k < width; k++) {
        const float xr = bf16_re(x[k]), xi = bf16_im(x[k]);
        const float wr = w[k], wi = w[width + k];
        sum_re[k] = fmaf(-wi, xi, fmaf(wr, xr, sum_re[k]));
        sum_im[k] = fmaf(wi, xr, fmaf(wr, xi, sum_im[k]));
    }
}

/* The same of a recent change w. */
STRIP_INLINE void add_change(const uint32_t *restrict w, const uint32_t *restrict x,
                             float *restrict sum_re, float *restrict sum_im, size_t width)
{
    for (size_t k = 0; k < width; k++) {
        const float xr = bf16_re(x[k]), xi = bf16_im(x[k]);
        const float wr = bf16_re(w[k]), wi = bf16_im(w[k]);
        sum_re[k] = fmaf(-wi, xi, fmaf(wr, xr, sum_re[k]));
        sum_im[k] = fmaf(wi, xr, fmaf(wr, xi, sum_im[k]));
    }
}

/* sum += v |x|^2, v the variance of that filter. */
STRIP_INLINE void add_spread(const float *restrict filter, const uint32_t *restrict x,
                             float *restrict sum, size_t width)
{
    const float *restrict v = filter + FILTER_VARIANCE * width;
    for (size_t k = 0; k < width; k++) {
        const float xr = bf16_re(x[k]), xi = bf16_im(x[k]);
        sum[k] = fmaf(v[k], fmaf(xr, xr, xi * xi), sum[k]);
    }
}

STRIP_INLINE void predict_strip(const partitions *f, const prediction *to, size_t i, size_t width)
{
    const strip s = strip_of(f, i, width);
    float y_re[PARTITION_STRIP] = {0.0f}, y_im[PARTITION_STRIP] = {0.0f};
    float z_re[PARTITION_STRIP] = {0.0f}, z_im[PARTITION_STRIP] = {0.0f};
    float spread[PARTITION_STRIP] = {0.0f};
    const uint32_t *x = first_block(f, &s, 0);
    for (size_t p = 0; p < f->count; p++, x = next_block(f, &s, x)) {
        add_product(filter_at(&s, p), x, y_re, y_im, width);
        add_spread(filter_at(&s, p), x, spread, width);
        if (p < f->recent)
            add_change(change_at(&s, p), x, z_re, z_im, width);
    }
    const size_t at = i * PARTITION_STRIP;
    memcpy(to->y_re + at, y_re, sizeof y_re);
    memcpy(to->y_im + at, y_im, sizeof y_im);
    memcpy(to->z_re + at, z_re, sizeof z_re);
    memcpy(to->z_im + at, z_im, sizeof z_im);
    memcpy(to->spread + at, spread, sizeof spread);
}

static void plain_partitions_predict(const partitions *f, const prediction *to)
{
    for (size_t i = 0; i < PARTITION_STRIPS; i++)
        predict_strip(f, to, i, PARTITION_STRIP);
    predict_strip(f, to, PARTITION_STRIPS, 1);
}

/* error: what is left; a: what it is held against; weight: 1 / d. */
static inline likeness compare(const float *restrict e_re, const float *restrict e_im,
                               const float *restrict a_re, const float *restrict a_im,
                               const float *restrict weight)
{
    float cross[RUNNING_SUMS] = {0}, power[RUNNING_SUMS] = {0}, scatter[RUNNING_SUMS] = {0};
    for (size_t k = 0; k < PARTITION_ROW; k += RUNNING_SUMS)
        for (size_t i = 0; i < RUNNING_SUMS; i++) {
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
    float sums[RUNNING_SUMS] = {0};
    for (size_t k = 0; k < PARTITION_ROW; k += RUNNING_SUMS)
        for (size_t i = 0; i < RUNNING_SUMS; i++)
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
        gain_re[k] = flush_root(er * inv);
        gain_im[k] = flush_root(ei * inv);
        const float held = left_weight * left_before[k], near = held > power ? held : power;
        share[k] =
            flush_root(spread[k] / (fmaf(output_caution * caution[k], near, spread[k]) + least));
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

/* A strip of the gains and of what else a step of the filter needs. */
typedef struct strip_step {
    const float *gain_re, *gain_im, *removal, *unrest;
} strip_step;

STRIP_INLINE void adapt_filter(const adaptation *a, const strip_step *step, float shape,
                               const uint32_t *restrict x, float *restrict filter,
                               float *restrict power, size_t width)
{
    const float *restrict gain_re = step->gain_re, *restrict gain_im = step->gain_im;
    const float *restrict removal = step->removal, *restrict unrest = step->unrest;
    const float scale = a->scale, keep = a->keep, drift = a->drift;
    const float least = a->least, most = a->most;
    float *restrict const w_re = filter, *restrict const w_im = filter + width;
    float *restrict const variance = filter + FILTER_VARIANCE * width;
    for (size_t k = 0; k < width; k++) {
        const float xr = bf16_re(x[k]), xi = bf16_im(x[k]), gr = gain_re[k], gi = gain_im[k];
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

/* The same step for the recent changes, before `adapt_filter` changes the variance. */
STRIP_INLINE void adapt_change(const adaptation *a, const strip_step *step,
                               const uint32_t *restrict x, const float *restrict filter,
                               uint32_t *restrict change, size_t width)
{
    const float *restrict gain_re = step->gain_re, *restrict gain_im = step->gain_im;
    const float *restrict variance = filter + FILTER_VARIANCE * width;
    const float fade = a->fade;
    for (size_t k = 0; k < width; k++) {
        const float xr = bf16_re(x[k]), xi = bf16_im(x[k]), gr = gain_re[k], gi = gain_im[k];
        const float v = variance[k];
        const float re = fmaf(v, fmaf(xr, gr, xi * gi), fade * bf16_re(change[k]));
        const float im = fmaf(v, fmaf(xr, gi, -(xi * gr)), fade * bf16_im(change[k]));
        change[k] = bf16_pair(re, im);
    }
}

STRIP_INLINE void adapt_strip(const partitions *f, const adaptation *a, float *to, size_t i,
                              size_t width)
{
    const strip s = strip_of(f, i, width);
    const size_t at = i * PARTITION_STRIP;
    const strip_step step = {a->gain_re + at, a->gain_im + at, a->removal + at, a->unrest + at};
    float power[PARTITION_STRIP] = {0.0f};
    const uint32_t *x = first_block(f, &s, 0);
    for (size_t p = 0; p < f->count; p++, x = next_block(f, &s, x)) {
        if (p < f->recent)
            adapt_change(a, &step, x, filter_at(&s, p), change_at(&s, p), width);
        adapt_filter(a, &step, a->shape[p], x, filter_at(&s, p), power, width);
    }
    memcpy(to + at, power, sizeof power);
}

/* All blocks in one pass: written out, as GCC vectorises no loop over them. */
_Static_assert(PARTITION_REUSED == 3, "all reused blocks in one pass over the filter");

STRIP_INLINE void predict_reused(const partitions *f, const reuse *r, size_t i, size_t width)
{
    const strip s = strip_of(f, i, width);
    float re[PARTITION_REUSED][PARTITION_STRIP] = {{0.0f}};
    float im[PARTITION_REUSED][PARTITION_STRIP] = {{0.0f}};
    float spread[PARTITION_REUSED][PARTITION_STRIP] = {{0.0f}};
    const uint32_t *a = first_block(f, &s, r->blocks[0].age);
    const uint32_t *b = first_block(f, &s, r->blocks[1].age);
    const uint32_t *c = first_block(f, &s, r->blocks[2].age);
    for (size_t p = 0; p < f->count; p++) {
        const float *const filter = filter_at(&s, p);
        add_product(filter, a, re[0], im[0], width);
        add_product(filter, b, re[1], im[1], width);
        add_product(filter, c, re[2], im[2], width);
        add_spread(filter, a, spread[0], width);
        add_spread(filter, b, spread[1], width);
        add_spread(filter, c, spread[2], width);
        a = next_block(f, &s, a);
        b = next_block(f, &s, b);
        c = next_block(f, &s, c);
    }
    for (size_t k = 0; k < PARTITION_REUSED; k++) {
        const reused_block *const block = &r->blocks[k];
        memcpy(block->y_re + i * PARTITION_STRIP, re[k], sizeof re[k]);
        memcpy(block->y_im + i * PARTITION_STRIP, im[k], sizeof im[k]);
        memcpy(block->spread + i * PARTITION_STRIP, spread[k], sizeof spread[k]);
    }
}

static void plain_partitions_adapt(const partitions *f, const adaptation *a, float *power,
                                   const reuse *r)
{
    for (size_t i = 0; i < PARTITION_STRIPS; i++) {
        adapt_strip(f, a, power, i, PARTITION_STRIP);
        if (r)
            predict_reused(f, r, i, PARTITION_STRIP);
    }
    adapt_strip(f, a, power, PARTITION_STRIPS, 1);
    if (r)
        predict_reused(f, r, PARTITION_STRIPS, 1);
}

static inline void gain_of(const reused_block *b, const reuse *r, float *restrict gain_re,
                           float *restrict gain_im)
{
    for (size_t k = 0; k < PARTITION_ROW; k++) {
        const float er = b->e_re[k], ei = b->e_im[k];
        const float e2 = fmaf(er, er, ei * ei), n = r->noise[k], most = n > e2 ? n : e2;
        const float inverse = 1.0f / (fmaf(r->caution[k], most, b->spread[k]) + r->least);
        gain_re[k] = flush_root(er * inverse);
        gain_im[k] = flush_root(ei * inverse);
    }
}

/* step += conj(x) gain */
STRIP_INLINE void add_step(const uint32_t *restrict x, const float *restrict gain_re,
                           const float *restrict gain_im, float *restrict step_re,
                           float *restrict step_im, size_t width)
{
    for (size_t k = 0; k < width; k++) {
        const float xr = bf16_re(x[k]), xi = bf16_im(x[k]), gr = gain_re[k], gi = gain_im[k];
        step_re[k] = fmaf(xr, gr, fmaf(xi, gi, step_re[k]));
        step_im[k] = fmaf(xr, gi, fmaf(-xi, gr, step_im[k]));
    }
}

STRIP_INLINE void correct_filter(float *restrict filter, const float *restrict step_re,
                                 const float *restrict step_im, size_t width)
{
    float *restrict const w_re = filter, *restrict const w_im = filter + width;
    const float *restrict variance = filter + FILTER_VARIANCE * width;
    for (size_t k = 0; k < width; k++) {
        w_re[k] = fmaf(variance[k], step_re[k], w_re[k]);
        w_im[k] = fmaf(variance[k], step_im[k], w_im[k]);
    }
}

STRIP_INLINE void correct_strip(const partitions *f, const reuse *r,
                                float (*gain_re)[PARTITION_ROW], float (*gain_im)[PARTITION_ROW],
                                size_t i, size_t width)
{
    const strip s = strip_of(f, i, width);
    const size_t at = i * PARTITION_STRIP;
    const uint32_t *a = first_block(f, &s, r->blocks[0].age);
    const uint32_t *b = first_block(f, &s, r->blocks[1].age);
    const uint32_t *c = first_block(f, &s, r->blocks[2].age);
    for (size_t p = 0; p < f->count; p++) {
        float re[PARTITION_STRIP] = {0.0f}, im[PARTITION_STRIP] = {0.0f};
        add_step(a, gain_re[0] + at, gain_im[0] + at, re, im, width);
        add_step(b, gain_re[1] + at, gain_im[1] + at, re, im, width);
        add_step(c, gain_re[2] + at, gain_im[2] + at, re, im, width);
        correct_filter(filter_at(&s, p), re, im, width);
        a = next_block(f, &s, a);
        b = next_block(f, &s, b);
        c = next_block(f, &s, c);
    }
}

static void plain_partitions_correct(const partitions *f, const reuse *r)
{
    float gain_re[PARTITION_REUSED][PARTITION_ROW], gain_im[PARTITION_REUSED][PARTITION_ROW];
    for (size_t b = 0; b < PARTITION_REUSED; b++)
        gain_of(&r->blocks[b], r, gain_re[b], gain_im[b]);
    for (size_t i = 0; i < PARTITION_STRIPS; i++)
        correct_strip(f, r, gain_re, gain_im, i, PARTITION_STRIP);
    correct_strip(f, r, gain_re, gain_im, PARTITION_STRIPS, 1);
}

#endif
