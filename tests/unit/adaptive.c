/*
 * The kernels of the adaptive filter over random shapes: the plain set against their equations in
 * double, every other set of this CPU against the plain one, bit for bit.
 */
#include "check.h"
#include "each_set.h"

#include <math.h>
#include <string.h>

enum { COUNT_MOST = 11, RING_MOST = 20, RECENT_MOST = 5, ROW = PARTITION_ROW };

/* A complete filter; as in src/linear, the bins between the used ones are zero. */
typedef struct filter {
    uint32_t x[RING_MOST * ROW], change[RECENT_MOST * ROW];
    float filter[FILTER_ROWS * COUNT_MOST * ROW];
    float e[2][ROW], y[2][ROW], z[2][ROW], spread[ROW], noise[ROW], left[ROW];
    float gain[2][ROW], removal[ROW], share[ROW], power[ROW], unrest[ROW], shape[COUNT_MOST];
    misfit misfit;
    float reused_y[PARTITION_REUSED][2][ROW], reused_spread[PARTITION_REUSED][ROW];
    float reused_e[PARTITION_REUSED][2][ROW];
    float caution[ROW];
} filter;

/* Lengths of filter and ring, where the ring begins, and the ages of the blocks that are reused. */
typedef struct shape {
    size_t count, ring, newest, ages[PARTITION_REUSED];
} shape;

static shape any_shape(void)
{
    shape s = {.count = between(1, COUNT_MOST)};
    s.ring = between(s.count, RING_MOST);
    s.newest = between(0, s.ring - 1);
    for (size_t i = 0; i < PARTITION_REUSED; i++)
        s.ages[i] = between(0, s.ring - s.count);
    return s;
}

static void fill_rows(float *rows, size_t count, float scale)
{
    for (size_t p = 0; p < count; p++)
        fill(rows + p * ROW, PARTITION_BINS, scale);
}

static void make_positive(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = fabsf(x[i]);
}

static partitions partitions_of(filter *f, const shape *s)
{
    return (partitions){
        .count = s->count,
        .ring = s->ring,
        .newest = s->newest,
        .x = f->x,
        .filter = f->filter,
        .recent = s->count < RECENT_MOST ? s->count : RECENT_MOST,
        .change = f->change,
    };
}

static void fill_strips(strips to, float scale)
{
    float row[ROW] = {0.0f};
    fill(row, PARTITION_BINS, scale);
    strips_write(to, row);
}

static void fill_pairs(uint32_t *pairs, size_t slots, float scale)
{
    for (size_t at = 0; at < slots; at++) {
        float re[ROW] = {0.0f}, im[ROW] = {0.0f};
        fill(re, PARTITION_BINS, scale);
        fill(im, PARTITION_BINS, scale);
        pairs_write(pairs, slots, at, re, im);
    }
}

static void fill_partitions(const partitions *p)
{
    fill_pairs(p->x, p->ring, 10.0f);
    fill_pairs(p->change, p->recent, 0.1f);
    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < p->count; i++)
            fill_strips(partitions_filter(p, i, part), 0.3f);
    for (size_t i = 0; i < p->count; i++) {
        float row[ROW] = {0.0f};
        fill(row, PARTITION_BINS, 0.1f);
        make_positive(row, ROW);
        strips_write(partitions_filter(p, i, FILTER_VARIANCE), row);
    }
}

static void fill_filter(filter *f, const shape *s)
{
    memset(f, 0, sizeof *f);
    const partitions p = partitions_of(f, s);
    fill_partitions(&p);
    for (int i = 0; i < 2; i++) {
        fill_rows(f->e[i], 1, 2.0f);
        for (size_t b = 0; b < PARTITION_REUSED; b++)
            fill_rows(f->reused_e[b][i], 1, 2.0f);
    }
    fill_rows(f->noise, 1, 3.0f);
    fill_rows(f->left, 1, 0.5f);
    fill_rows(f->caution, 1, 8.0f);
    fill_rows(f->unrest, 1, 0.5f);
    fill(f->shape, COUNT_MOST, 1.0f);
    make_positive(f->noise, ROW);
    make_positive(f->left, ROW);
    make_positive(f->caution, ROW);
    make_positive(f->unrest, ROW);
    make_positive(f->shape, COUNT_MOST);
}

static adaptation adaptation_of(const filter *f)
{
    return (adaptation){
        .gain_re = f->gain[0],
        .gain_im = f->gain[1],
        .removal = f->removal,
        .scale = 0.95f,
        .fade = 0.9f,
        .keep = 0.999f,
        .drift = 0.01f,
        .unrest = f->unrest,
        .shape = f->shape,
        .least = 1e-10f,
        .most = 1e4f,
    };
}

/* One hop of a set's kernels. */
static void run_filter(const kernels *k, filter *f, const shape *s)
{
    const partitions p = partitions_of(f, s);
    const innovation i = {
        .e_re = f->e[0],
        .e_im = f->e[1],
        .y_re = f->y[0],
        .y_im = f->y[1],
        .z_re = f->z[0],
        .z_im = f->z[1],
        .spread = f->spread,
        .noise = f->noise,
        .memory = 0.95f,
        .caution = f->caution,
        .output_caution = 3.0f,
        .left = f->left,
        .left_fade = 0.9f,
        .left_weight = 5.0f,
        .least = 1e-6f,
        .shrink = 0.25f,
        .credible = 2.0f,
        .doubt = 0.5f,
        .gain_re = f->gain[0],
        .gain_im = f->gain[1],
        .removal = f->removal,
        .share = f->share,
    };
    const adaptation a = adaptation_of(f);
    k->partitions_predict(&p, &(prediction){f->y[0], f->y[1], f->spread, f->z[0], f->z[1]});
    f->misfit = k->partitions_weigh(&i);
    k->partitions_adapt(&p, &a, f->power, NULL);
}

/* Bin k of a row. */
static double bin(strips from, size_t k)
{
    return (double)(k == PARTITION_LAST
                        ? *from.last
                        : from.first[k / PARTITION_STRIP * from.distance + k % PARTITION_STRIP]);
}

static void bin_of_pairs(const uint32_t *pairs, size_t slots, size_t at, size_t k, double *to)
{
    const size_t strip = k / PARTITION_STRIP * slots * PARTITION_STRIP;
    const uint32_t pair = k == PARTITION_LAST
                              ? pairs[strip + at]
                              : pairs[strip + at * PARTITION_STRIP + k % PARTITION_STRIP];
    to[0] = (double)bf16_re(pair);
    to[1] = (double)bf16_im(pair);
}

/* What of a filter the equations go by, at one bin of partition p. */
typedef struct terms {
    double x[2], w[2], v, change[2];
} terms;

static terms terms_at(filter *of, const shape *s, size_t age, size_t p, size_t k)
{
    const partitions f = partitions_of(of, s);
    const size_t slot = (s->newest + age + p) % s->ring;
    terms t = {.v = bin(partitions_filter(&f, p, FILTER_VARIANCE), k)};
    bin_of_pairs(f.x, f.ring, slot, k, t.x);
    if (p < f.recent)
        bin_of_pairs(f.change, f.recent, p, k, t.change);
    for (size_t part = 0; part < 2; part++)
        t.w[part] = bin(partitions_filter(&f, p, part), k);
    return t;
}

static int is_near(float got, double exact, double scale)
{
    return fabs((double)got - exact) <= 1e-5 * (scale + fabs(exact));
}

/* The reference: the equations in kernels.h, in double, bin by bin. */
static void check_bin(filter *before, filter *after, const shape *s, size_t k)
{
    const size_t count = s->count, recent = count < RECENT_MOST ? count : RECENT_MOST;
    double y[2] = {0.0}, z[2] = {0.0}, spread = 0.0, power = 0.0;
    for (size_t p = 0; p < count; p++) {
        const terms t = terms_at(before, s, 0, p, k);
        const double xr = t.x[0], xi = t.x[1], wr = t.w[0], wi = t.w[1];
        const double cr = t.change[0], ci = t.change[1];
        y[0] += wr * xr - wi * xi;
        y[1] += wr * xi + wi * xr;
        z[0] += cr * xr - ci * xi;
        z[1] += cr * xi + ci * xr;
        spread += t.v * (xr * xr + xi * xi);
    }
    const double er = (double)before->e[0][k], ei = (double)before->e[1][k], e2 = er * er + ei * ei;
    const double noise = 0.95 * (double)before->noise[k] + 0.05 * e2;
    const double caution = (double)before->caution[k], most = fmax(noise, e2);
    const double inverse = 1.0 / (spread + caution * most + 1e-6);
    const double held = (double)before->left[k], near = fmax(e2, 5.0 * held);
    const double share = spread / (spread + 3.0 * caution * near + 1e-6);
    const double least_spread = spread + 1e-6;
    const double left = fmax((1.0 - share) * (1.0 - share) * e2, 0.9 * held);
    const double beyond = fmax(least_spread - 2.0 * most, 0.0);
    const double removal = 0.25 * inverse + 0.5 * beyond / (least_spread * least_spread);
    assert_true(is_near(after->y[0][k], y[0], 10.0) && is_near(after->y[1][k], y[1], 10.0));
    assert_true(is_near(after->z[0][k], z[0], 10.0) && is_near(after->z[1][k], z[1], 10.0));
    assert_true(is_near(after->spread[k], spread, 0.0) && is_near(after->noise[k], noise, 0.0));
    assert_true(is_near(after->removal[k], removal, 0.5 / least_spread));
    assert_true(is_near(after->share[k], share, 0.0) && is_near(after->left[k], left, 0.0));
    for (size_t p = 0; p < count; p++) {
        const terms t = terms_at(before, s, 0, p, k), to = terms_at(after, s, 0, p, k);
        const double xr = t.x[0], xi = t.x[1], v = t.v, x2 = xr * xr + xi * xi;
        const double step[2] = {v * (xr * er + xi * ei) * inverse,
                                v * (xr * ei - xi * er) * inverse};
        double w2 = 0.0;
        for (int i = 0; i < 2; i++) {
            const double new = 0.95 * t.w[i] + step[i];
            assert_true(is_near((float)to.w[i], new, 0.1));
            /* Rounded to bf16, 8 bits. */
            const double change = 0.9 * t.change[i] + step[i];
            assert_true(p >= recent || fabs(to.change[i] - change) <=
                                           0x1p-8 * fabs(change) + 1e-6 * (1.0 + fabs(change)));
            w2 += new *new;
        }
        const double variance = 0.999 * v * (1.0 - v * x2 * removal) + 0.01 * w2 +
                                (double)before->shape[p] * (double)before->unrest[k];
        assert_true(is_near((float)to.v, variance, 0.01));
        power += w2;
    }
    assert_true(is_near(after->power[k], power, 0.1));
}

static void check_likeness(const likeness *got, float a[2][ROW], const filter *f)
{
    double cross = 0.0, power = 0.0, scatter = 0.0;
    for (size_t k = 0; k < PARTITION_BINS; k++) {
        const double er = (double)f->e[0][k], ei = (double)f->e[1][k], e2 = er * er + ei * ei;
        const double a2 = (double)a[0][k] * (double)a[0][k] + (double)a[1][k] * (double)a[1][k];
        const double weight = 1.0 / ((double)f->noise[k] + e2 + 1e-6);
        cross += ((double)a[0][k] * er + (double)a[1][k] * ei) * weight;
        power += a2 * weight;
        scatter += 0.5 * a2 * e2 * weight * weight;
    }
    assert_true(is_near(got->cross, cross, power));
    assert_true(is_near(got->power, power, 0.0) && is_near(got->scatter, scatter, 0.0));
}

static void check_energies(const filter *f)
{
    double error = 0.0, echo = 0.0, energy = 0.0, expected = 0.0;
    for (size_t k = 0; k < PARTITION_BINS; k++) {
        const double er = (double)f->e[0][k], ei = (double)f->e[1][k], e2 = er * er + ei * ei;
        error += e2 / ((double)f->noise[k] + e2 + 1e-6);
        const double spread = (double)f->spread[k];
        echo += pow((double)f->y[0][k], 2.0) + pow((double)f->y[1][k], 2.0);
        energy += e2;
        expected +=
            e2 * spread / (spread + (double)f->caution[k] * fmax((double)f->noise[k], e2) + 1e-6);
    }
    assert_true(is_near(f->misfit.error, error, 0.0) && is_near(f->misfit.energy, energy, 0.0));
    assert_true(is_near(f->misfit.echo, echo, 0.0));
    assert_true(is_near(f->misfit.expected, expected, 0.0));
}

static void every_set_agrees(void (*run)(const kernels *, filter *, const shape *),
                             const filter *before, const filter *plain, const shape *s)
{
    static filter other;
    FOR_EACH_SET (k) {
        other = *before;
        run(k, &other, s);
        assert_memory_equal(&other, plain, sizeof other);
    }
}

static void adaptive_filters_follow_their_equations(void **unused)
{
    (void)unused;
    static filter before, plain;
    for (int round = 0; round < ROUNDS; round++) {
        const shape s = any_shape();
        fill_filter(&before, &s);
        plain = before;
        run_filter(kernels_at(0), &plain, &s);
        for (size_t k = 0; k < PARTITION_BINS; k++)
            check_bin(&before, &plain, &s, k);
        check_likeness(&plain.misfit.estimate, plain.y, &plain);
        check_likeness(&plain.misfit.change, plain.z, &plain);
        check_energies(&plain);
        every_set_agrees(run_filter, &before, &plain, &s);
    }
}

static reuse reuse_of(filter *f, const shape *s)
{
    reuse r = {.noise = f->noise, .caution = f->caution, .least = 1e-6f};
    for (size_t i = 0; i < PARTITION_REUSED; i++)
        r.blocks[i] = (reused_block){s->ages[i],          f->reused_y[i][0], f->reused_y[i][1],
                                     f->reused_spread[i], f->reused_e[i][0], f->reused_e[i][1]};
    return r;
}

static void adapt_and_predict(const kernels *k, filter *f, const shape *s)
{
    const partitions p = partitions_of(f, s);
    const adaptation a = adaptation_of(f);
    const reuse r = reuse_of(f, s);
    k->partitions_adapt(&p, &a, f->power, &r);
}

static void only_adapt(const kernels *k, filter *f, const shape *s)
{
    const partitions p = partitions_of(f, s);
    const adaptation a = adaptation_of(f);
    k->partitions_adapt(&p, &a, f->power, NULL);
}

static void correct(const kernels *k, filter *f, const shape *s)
{
    const partitions p = partitions_of(f, s);
    const reuse r = reuse_of(f, s);
    k->partitions_correct(&p, &r);
}

static void check_reused_bin(filter *adapted, filter *corrected, const shape *s, size_t k)
{
    double gain[PARTITION_REUSED][2];
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        double y[2] = {0.0}, spread = 0.0;
        for (size_t p = 0; p < s->count; p++) {
            const terms t = terms_at(adapted, s, s->ages[i], p, k);
            y[0] += t.w[0] * t.x[0] - t.w[1] * t.x[1];
            y[1] += t.w[0] * t.x[1] + t.w[1] * t.x[0];
            spread += t.v * (t.x[0] * t.x[0] + t.x[1] * t.x[1]);
        }
        assert_true(is_near(adapted->reused_y[i][0][k], y[0], 10.0));
        assert_true(is_near(adapted->reused_y[i][1][k], y[1], 10.0));
        assert_true(is_near(adapted->reused_spread[i][k], spread, 0.0));
        const double er = (double)adapted->reused_e[i][0][k];
        const double ei = (double)adapted->reused_e[i][1][k];
        const double noise = fmax((double)adapted->noise[k], er * er + ei * ei);
        const double caution = (double)adapted->caution[k];
        gain[i][0] = er / (spread + caution * noise + 1e-6);
        gain[i][1] = ei / (spread + caution * noise + 1e-6);
    }
    for (size_t p = 0; p < s->count; p++) {
        const terms from = terms_at(adapted, s, 0, p, k), to = terms_at(corrected, s, 0, p, k);
        double new[2] = {from.w[0], from.w[1]};
        for (size_t i = 0; i < PARTITION_REUSED; i++) {
            const terms t = terms_at(adapted, s, s->ages[i], p, k);
            new[0] += t.v *(t.x[0] * gain[i][0] + t.x[1] * gain[i][1]);
            new[1] += t.v *(t.x[0] * gain[i][1] - t.x[1] * gain[i][0]);
        }
        assert_true(from.v == to.v);
        for (int i = 0; i < 2; i++)
            assert_true(is_near((float)to.w[i], new[i], 0.1));
    }
}

static void reused_blocks_follow_their_equations(void **unused)
{
    (void)unused;
    static filter before, alone, adapted, corrected;
    for (int round = 0; round < ROUNDS; round++) {
        const shape s = any_shape();
        fill_filter(&before, &s);
        fill_rows(before.gain[0], 1, 0.1f);
        fill_rows(before.gain[1], 1, 0.1f);
        alone = adapted = before;
        adapt_and_predict(kernels_at(0), &adapted, &s);
        only_adapt(kernels_at(0), &alone, &s);
        assert_memory_equal(adapted.filter, alone.filter, sizeof alone.filter);
        corrected = adapted;
        correct(kernels_at(0), &corrected, &s);
        for (size_t k = 0; k < PARTITION_BINS; k++)
            check_reused_bin(&adapted, &corrected, &s, k);
        every_set_agrees(adapt_and_predict, &before, &adapted, &s);
        every_set_agrees(correct, &adapted, &corrected, &s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaptive_filters_follow_their_equations),
        cmocka_unit_test(reused_blocks_follow_their_equations),
    };
    return cmocka_run_group_tests_name("adaptive", tests, NULL, NULL);
}
