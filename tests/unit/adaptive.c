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
    float x[2][RING_MOST * ROW], w[2][COUNT_MOST * ROW], v[COUNT_MOST * ROW];
    float change[2][COUNT_MOST * ROW];
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

static void fill_filter(filter *f)
{
    memset(f, 0, sizeof *f);
    for (int i = 0; i < 2; i++) {
        fill_rows(f->x[i], RING_MOST, 10.0f);
        fill_rows(f->w[i], COUNT_MOST, 0.3f);
        fill_rows(f->change[i], COUNT_MOST, 0.1f);
        fill_rows(f->e[i], 1, 2.0f);
        for (size_t b = 0; b < PARTITION_REUSED; b++)
            fill_rows(f->reused_e[b][i], 1, 2.0f);
    }
    fill_rows(f->v, COUNT_MOST, 0.1f);
    fill_rows(f->noise, 1, 3.0f);
    fill_rows(f->left, 1, 0.5f);
    fill_rows(f->caution, 1, 8.0f);
    fill_rows(f->unrest, 1, 0.5f);
    fill(f->shape, COUNT_MOST, 1.0f);
    make_positive(f->v, COUNT_MOST * ROW);
    make_positive(f->noise, ROW);
    make_positive(f->left, ROW);
    make_positive(f->caution, ROW);
    make_positive(f->unrest, ROW);
    make_positive(f->shape, COUNT_MOST);
}

static partitions partitions_of(filter *f, const shape *s)
{
    return (partitions){
        .count = s->count,
        .ring = s->ring,
        .newest = s->newest,
        .x_re = f->x[0],
        .x_im = f->x[1],
        .w_re = f->w[0],
        .w_im = f->w[1],
        .variance = f->v,
        .recent = s->count < RECENT_MOST ? s->count : RECENT_MOST,
        .change_re = f->change[0],
        .change_im = f->change[1],
    };
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
    k->partitions_predict(&p, f->y[0], f->y[1], f->spread);
    k->partitions_change(&p, f->z[0], f->z[1]);
    f->misfit = k->partitions_weigh(&i);
    k->partitions_adapt(&p, &a, f->power);
}

static int is_near(float got, double exact, double scale)
{
    return fabs((double)got - exact) <= 1e-5 * (scale + fabs(exact));
}

/* The reference: the equations in kernels.h, in double, bin by bin. */
static void check_bin(const filter *before, const filter *after, const shape *s, size_t k)
{
    const size_t count = s->count, recent = count < RECENT_MOST ? count : RECENT_MOST;
    double y[2] = {0.0}, z[2] = {0.0}, spread = 0.0, power = 0.0;
    for (size_t p = 0; p < count; p++) {
        const size_t x = (s->newest + p) % s->ring * ROW + k, w = p * ROW + k;
        const double xr = (double)before->x[0][x], xi = (double)before->x[1][x];
        const double wr = (double)before->w[0][w], wi = (double)before->w[1][w];
        const double cr = (double)before->change[0][w], ci = (double)before->change[1][w];
        y[0] += wr * xr - wi * xi;
        y[1] += wr * xi + wi * xr;
        z[0] += p < recent ? cr * xr - ci * xi : 0.0;
        z[1] += p < recent ? cr * xi + ci * xr : 0.0;
        spread += (double)before->v[w] * (xr * xr + xi * xi);
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
        const size_t x = (s->newest + p) % s->ring * ROW + k, w = p * ROW + k;
        const double xr = (double)before->x[0][x], xi = (double)before->x[1][x];
        const double v = (double)before->v[w], x2 = xr * xr + xi * xi;
        const double step[2] = {v * (xr * er + xi * ei) * inverse,
                                v * (xr * ei - xi * er) * inverse};
        double w2 = 0.0;
        for (int i = 0; i < 2; i++) {
            const double new = 0.95 * (double)before->w[i][w] + step[i];
            const double change = p < recent ? 0.9 * (double)before->change[i][w] + step[i]
                                             : (double)before->change[i][w];
            assert_true(is_near(after->w[i][w], new, 0.1));
            assert_true(is_near(after->change[i][w], change, 0.1));
            w2 += new *new;
        }
        const double variance = 0.999 * v * (1.0 - v * x2 * removal) + 0.01 * w2 +
                                (double)before->shape[p] * (double)before->unrest[k];
        assert_true(is_near(after->v[w], variance, 0.01));
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
        fill_filter(&before);
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

static void reuse_blocks(const kernels *k, filter *f, const shape *s)
{
    const partitions p = partitions_of(f, s);
    reuse r = {.noise = f->noise, .caution = f->caution, .least = 1e-6f};
    for (size_t i = 0; i < PARTITION_REUSED; i++)
        r.blocks[i] = (reused_block){s->ages[i],          f->reused_y[i][0], f->reused_y[i][1],
                                     f->reused_spread[i], f->reused_e[i][0], f->reused_e[i][1]};
    k->partitions_predict_reused(&p, &r);
    k->partitions_correct(&p, &r);
}

static void check_reused_bin(const filter *before, const filter *after, const shape *s, size_t k)
{
    double gain[PARTITION_REUSED][2];
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        double y[2] = {0.0}, spread = 0.0;
        for (size_t p = 0; p < s->count; p++) {
            const size_t x = (s->newest + s->ages[i] + p) % s->ring * ROW + k, w = p * ROW + k;
            const double xr = (double)before->x[0][x], xi = (double)before->x[1][x];
            const double wr = (double)before->w[0][w], wi = (double)before->w[1][w];
            y[0] += wr * xr - wi * xi;
            y[1] += wr * xi + wi * xr;
            spread += (double)before->v[w] * (xr * xr + xi * xi);
        }
        assert_true(is_near(after->reused_y[i][0][k], y[0], 10.0));
        assert_true(is_near(after->reused_y[i][1][k], y[1], 10.0));
        assert_true(is_near(after->reused_spread[i][k], spread, 0.0));
        const double er = (double)before->reused_e[i][0][k], ei = (double)before->reused_e[i][1][k];
        const double noise = fmax((double)before->noise[k], er * er + ei * ei);
        const double caution = (double)before->caution[k];
        gain[i][0] = er / (spread + caution * noise + 1e-6);
        gain[i][1] = ei / (spread + caution * noise + 1e-6);
    }
    for (size_t p = 0; p < s->count; p++) {
        const size_t w = p * ROW + k;
        double new[2] = {(double)before->w[0][w], (double)before->w[1][w]};
        for (size_t i = 0; i < PARTITION_REUSED; i++) {
            const size_t x = (s->newest + s->ages[i] + p) % s->ring * ROW + k;
            const double xr = (double)before->x[0][x], xi = (double)before->x[1][x];
            new[0] += (double)before->v[w] * (xr * gain[i][0] + xi * gain[i][1]);
            new[1] += (double)before->v[w] * (xr * gain[i][1] - xi * gain[i][0]);
        }
        assert_true(is_near(after->w[0][w], new[0], 0.1) && is_near(after->w[1][w], new[1], 0.1));
    }
}

static void reused_blocks_follow_their_equations(void **unused)
{
    (void)unused;
    static filter before, plain;
    for (int round = 0; round < ROUNDS; round++) {
        const shape s = any_shape();
        fill_filter(&before);
        plain = before;
        reuse_blocks(kernels_at(0), &plain, &s);
        for (size_t k = 0; k < PARTITION_BINS; k++)
            check_reused_bin(&before, &plain, &s, k);
        assert_memory_equal(plain.v, before.v, sizeof plain.v);
        every_set_agrees(reuse_blocks, &before, &plain, &s);
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
