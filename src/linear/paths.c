#include "paths.h"

#include <string.h>

/* The mean power below which a block of a lane is taken as silent: -90 dB of full scale. */
static const double silent_power = 1e-9;

enum { HOP = UNECHO_HOP, BLOCK = 2 * UNECHO_HOP };

/* ---- Memory ------------------------------------------------------------------------------ */

static void layout_path(echo_path *p, arena *a, const partitions *sizes)
{
    partitions *const f = &p->filter;
    *f = *sizes;
    f->x = arena_take(a, partitions_words(sizes->ring) * sizeof *f->x);
    f->filter = arena_floats(a, partitions_words(FILTER_ROWS * sizes->count));
    f->change = arena_take(a, partitions_words(sizes->recent) * sizeof *f->change);
    p->power = arena_floats(a, PARTITION_ROW);
    p->history = arena_floats(a, HOP);
}

void paths_layout(echo_paths *e, arena *a, size_t count, const partitions *sizes)
{
    e->count = count;
    for (size_t i = 0; i < count; i++)
        layout_path(&e->all[i], a, sizes);
}

void paths_start(echo_paths *e, const kernels *k)
{
    e->k = k;
    e->fft = fft_of(BLOCK);
}

void paths_restart(echo_paths *e, const float *variance)
{
    for (size_t i = 0; i < e->count; i++) {
        echo_path *const path = &e->all[i];
        for (size_t p = 0; p < path->filter.count; p++) {
            float row[PARTITION_ROW];
            for (size_t k = 0; k < PARTITION_ROW; k++)
                row[k] = variance[p];
            strips_write(partitions_filter(&path->filter, p, FILTER_VARIANCE), row);
        }
        path->filter.newest = 0;
        path->history_energy = 0.0;
        path->silent = path->filter.count;
        path->constrained = 0;
    }
}

static void forget_far_end(echo_path *p)
{
    partitions *const f = &p->filter;
    memset(f->x, 0, partitions_words(f->ring) * sizeof *f->x);
    memset(f->change, 0, partitions_words(f->recent) * sizeof *f->change);
    memset(p->history, 0, HOP * sizeof(float));
    p->history_energy = 0.0;
    p->silent = f->count;
}

void paths_forget_far_end(echo_paths *e)
{
    for (size_t i = 0; i < e->count; i++)
        forget_far_end(&e->all[i]);
}

/* ---- The far end ------------------------------------------------------------------------- */

/* The lane's newest block becomes the newest of the ring. */
static void take_lane(echo_paths *e, echo_path *p, const float *far, double energy)
{
    partitions *const f = &p->filter;
    f->newest = (f->newest + f->ring - 1) % f->ring;
    float re[PARTITION_ROW] = {0.0f}, im[PARTITION_ROW] = {0.0f};
    if (energy + p->history_energy > silent_power * (double)BLOCK) {
        float block[BLOCK];
        memcpy(block, p->history, HOP * sizeof(float));
        memcpy(block + HOP, far, HOP * sizeof(float));
        e->k->fft_forward(e->fft, re, im, block);
        p->silent = 0;
    } else {
        p->silent += p->silent < f->count;
    }
    pairs_write(f->x, f->ring, f->newest, re, im);
    memcpy(p->history, far, HOP * sizeof(float));
    p->history_energy = energy;
}

double paths_take(echo_paths *e, const float *const *far)
{
    double sum = 0.0;
    for (size_t i = 0; i < e->count; i++) {
        const double energy = e->k->inner(far[i], far[i], HOP);
        take_lane(e, &e->all[i], far[i], energy);
        sum += energy;
    }
    return sum;
}

static int sounds(const echo_path *p)
{
    return p->silent < p->filter.count;
}

int paths_silent(const echo_paths *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (sounds(&e->all[i]))
            return 0;
    return 1;
}

/* ---- Sums over the paths ----------------------------------------------------------------- */

static void add(float *restrict sum, const float *restrict part)
{
    for (size_t k = 0; k < PARTITION_ROW; k++)
        sum[k] += part[k];
}

void paths_predict(echo_paths *e, const prediction *to)
{
    float rows[5][PARTITION_ROW];
    const prediction part = {rows[0], rows[1], rows[2], rows[3], rows[4]};
    int first = 1;
    for (size_t i = 0; i < e->count; i++) {
        const echo_path *const p = &e->all[i];
        if (!sounds(p))
            continue;
        e->k->partitions_predict(&p->filter, first ? to : &part);
        if (!first) {
            add(to->y_re, part.y_re);
            add(to->y_im, part.y_im);
            add(to->spread, part.spread);
            add(to->z_re, part.z_re);
            add(to->z_im, part.z_im);
        }
        first = 0;
    }
}

/* ---- Learning ---------------------------------------------------------------------------- */

void paths_correct(echo_paths *e, const reuse *r)
{
    for (size_t i = 0; i < e->count; i++)
        if (sounds(&e->all[i]))
            e->k->partitions_correct(&e->all[i].filter, r);
}

/* One more path: what it makes of the blocks is added to what is there. */
static void adapt_more(echo_paths *e, const echo_path *p, const adaptation *a, const reuse *r)
{
    float rows[PARTITION_REUSED][3][PARTITION_ROW];
    reuse part = *r;
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        part.blocks[i].y_re = rows[i][0];
        part.blocks[i].y_im = rows[i][1];
        part.blocks[i].spread = rows[i][2];
    }
    e->k->partitions_adapt(&p->filter, a, p->power, &part);
    for (size_t i = 0; i < PARTITION_REUSED; i++) {
        add(r->blocks[i].y_re, rows[i][0]);
        add(r->blocks[i].y_im, rows[i][1]);
        add(r->blocks[i].spread, rows[i][2]);
    }
}

static void spread_unrest(const echo_path *p, float rest, float *unrest)
{
    float sum = 0.0f;
    for (size_t k = 0; k < PARTITION_BINS; k++)
        sum += p->power[k];
    const float mean = sum / (float)PARTITION_BINS;
    for (size_t k = 0; k < PARTITION_ROW; k++)
        unrest[k] = rest * (p->power[k] + mean);
}

void paths_adapt(echo_paths *e, const adaptation *a, float rest, float *unrest, const reuse *r)
{
    int first = 1;
    for (size_t i = 0; i < e->count; i++) {
        const echo_path *const p = &e->all[i];
        if (!sounds(p))
            continue;
        spread_unrest(p, rest, unrest);
        if (!r || first)
            e->k->partitions_adapt(&p->filter, a, p->power, r);
        else
            adapt_more(e, p, a, r);
        first = 0;
    }
}

float paths_energy(const echo_paths *e)
{
    float sum = 0.0f;
    for (size_t i = 0; i < e->count; i++)
        for (size_t k = 0; k < PARTITION_BINS; k++)
            sum += e->all[i].power[k];
    return sum / (float)HOP;
}

void paths_read_filter(const echo_paths *e, const echo_path *p, size_t partition, float *response)
{
    float re[PARTITION_ROW], im[PARTITION_ROW], both[BLOCK];
    strips_read(partitions_filter(&p->filter, partition, FILTER_RE), re);
    strips_read(partitions_filter(&p->filter, partition, FILTER_IM), im);
    e->k->fft_inverse(e->fft, both, re, im);
    memcpy(response, both, HOP * sizeof(float));
}

void paths_write_filter(const echo_paths *e, const echo_path *p, size_t partition,
                        const float *response)
{
    float re[PARTITION_ROW] = {0.0f}, im[PARTITION_ROW] = {0.0f}, both[BLOCK] = {0.0f};
    memcpy(both, response, HOP * sizeof(float));
    e->k->fft_forward(e->fft, re, im, both);
    strips_write(partitions_filter(&p->filter, partition, FILTER_RE), re);
    strips_write(partitions_filter(&p->filter, partition, FILTER_IM), im);
}

static void constrain_next(echo_paths *e, size_t lane, kept_path *keep)
{
    echo_path *const p = &e->all[lane];
    float response[HOP];
    paths_read_filter(e, p, p->constrained, response);
    paths_write_filter(e, p, p->constrained, response);
    if (keep)
        kept_take(keep, lane, p->constrained, response);
    p->constrained = (p->constrained + 1) % p->filter.count;
}

void paths_constrain(echo_paths *e, size_t count, kept_path *keep)
{
    for (size_t i = 0; i < e->count; i++)
        for (size_t n = 0; sounds(&e->all[i]) && n < count; n++)
            constrain_next(e, i, keep);
}
