#include "retrace.h"

#include <math.h>
#include <string.h>

/* In standard deviations of unrelated signals, seen once or twice at one lag; and above the next
 * peak that is not the same. */
static const float once_height = 7.0f, twice_height = 5.0f, prominence = 1.4f;
/* Lags so near are one; by so little clocks move an echo, which is not for us to follow. */
static const int64_t near = 2, little = 8;
/* How much louder than the echo estimate the microphone may be: the near end's own voice in the far
 * end is alike, but far fainter than in the microphone. */
static const float louder_most = 4.0f;
/* The share of the path's energy below which a filter has unlearnt it. */
static const float unlearnt_share = 0.1f;
/* After so many hops without the echo. */
static const int due[] = {5, 8, 11, 16, 24, 36, 54};
/* A frame's power from which it counts, and magnitudes below this share of the mean less. */
static const double least_energy = 1e-8 * (double)UNECHO_HOP;
static const float quiet_share = 0.3f, level_rate = 0.1f;

int retrace_is_due(const kalman *c)
{
    if (!c->kept.more || !kept_is_whole(&c->kept))
        return 0;
    for (size_t i = 0; i < sizeof due / sizeof *due; i++)
        if (c->kept.lost == due[i])
            return 1;
    return 0;
}

/* The first of those neighbours that have most of the path's energy. */
static size_t strongest(const kept_path *k, size_t n)
{
    float most = -1.0f;
    size_t best = 0;
    for (size_t p = 0; p + n <= k->count; p++) {
        float sum = 0.0f;
        for (size_t i = 0; i < n; i++)
            sum += kept_energy(k, p + i);
        if (sum > most) {
            most = sum;
            best = p;
        }
    }
    return best;
}

/* The lower bins of a block's spectrum, [RETRACE_ROW] each. */
static void transform(const kalman *c, const float *first, const float *second, float *re,
                      float *im)
{
    float block[KALMAN_BLOCK], all_re[PARTITION_ROW], all_im[PARTITION_ROW];
    memcpy(block, first, KALMAN_HOP * sizeof *first);
    memcpy(block + KALMAN_HOP, second, KALMAN_HOP * sizeof *second);
    c->k->fft_forward(c->paths.fft, all_re, all_im, block);
    memcpy(re, all_re, RETRACE_ROW * sizeof *re);
    memcpy(im, all_im, RETRACE_ROW * sizeof *im);
}

int64_t retrace_start(retrace *r, const kalman *c)
{
    static const float zeros[KALMAN_HOP];
    memset(r, 0, sizeof *r);
    r->filter = c;
    r->hops = c->kept.lost < RETRACE_HOPS ? (size_t)c->kept.lost : RETRACE_HOPS;
    r->first = strongest(&c->kept, RETRACE_PARTITIONS);
    for (size_t lane = 0; lane < c->kept.lanes; lane++)
        for (size_t p = 0; p < RETRACE_PARTITIONS; p++) {
            float response[KALMAN_HOP];
            kept_read(&c->kept, lane, r->first + p, response);
            transform(c, response, zeros, r->path[lane][p][0], r->path[lane][p][1]);
        }
    return (int64_t)(r->hops - 1 + RETRACE_REACH + r->first + RETRACE_PARTITIONS);
}

/* The echo estimate's next hop. */
static void estimate(const retrace *r, float *hop)
{
    const kalman *const c = r->filter;
    float re[PARTITION_ROW] = {0.0f}, im[PARTITION_ROW] = {0.0f}, block[KALMAN_BLOCK];
    for (size_t lane = 0; lane < c->kept.lanes; lane++)
        for (size_t p = 0; p < RETRACE_PARTITIONS; p++) {
            const size_t at = (r->taken + RETRACE_PARTITIONS - p) % RETRACE_PARTITIONS;
            const float *const w_re = r->path[lane][p][0], *const w_im = r->path[lane][p][1];
            const float *const x_re = r->far[lane][at][0], *const x_im = r->far[lane][at][1];
            for (size_t k = 0; k < RETRACE_ROW; k++) {
                re[k] += w_re[k] * x_re[k] - w_im[k] * x_im[k];
                im[k] += w_re[k] * x_im[k] + w_im[k] * x_re[k];
            }
        }
    c->k->fft_inverse(c->paths.fft, block, re, im);
    memcpy(hop, block + KALMAN_HOP, KALMAN_HOP * sizeof *hop);
}

static double energy(const kalman *c, const float *hop)
{
    return c->k->inner(hop, hop, KALMAN_HOP);
}

static retrace_frame whitened(const kalman *c, const float *first, const float *second,
                              float *level)
{
    retrace_frame frame = {.square = 0.0f};
    float re[RETRACE_ROW], im[RETRACE_ROW];
    if (energy(c, first) + energy(c, second) < least_energy)
        return frame;
    transform(c, first, second, re, im);
    for (size_t k = RETRACE_BIN_FIRST; k < RETRACE_BIN_FIRST + RETRACE_BINS; k++)
        frame.power += re[k] * re[k] + im[k] * im[k];
    frame.square = c->k->whiten(frame.x, level, re + RETRACE_BIN_FIRST, im + RETRACE_BIN_FIRST,
                                level_rate, quiet_share, RETRACE_BINS);
    return frame;
}

int retrace_take(retrace *r, const float *const *far)
{
    const kalman *const c = r->filter;
    const size_t at = r->taken % RETRACE_PARTITIONS;
    for (size_t lane = 0; lane < c->kept.lanes; lane++) {
        transform(c, r->far_before[lane], far[lane], r->far[lane][at][0], r->far[lane][at][1]);
        memcpy(r->far_before[lane], far[lane], KALMAN_HOP * sizeof(float));
    }
    /* The first hop gives no block, and the filter's first blocks no whole estimate. */
    if (r->taken >= RETRACE_PARTITIONS) {
        const size_t echoes = r->taken - RETRACE_PARTITIONS;
        float hop[KALMAN_HOP];
        estimate(r, hop);
        if (echoes > 0)
            r->echo[echoes - 1] = whitened(c, r->echo_before, hop, r->level);
        memcpy(r->echo_before, hop, sizeof hop);
    }
    r->taken++;
    return r->taken < RETRACE_PARTITIONS + r->hops + 2 * RETRACE_REACH;
}

/* Hop `age` of the microphone after silence, without a beginning and an end. */
static retrace_frame mic_frame(const retrace *r, size_t age, float *level)
{
    static const float zeros[KALMAN_HOP];
    float hop[KALMAN_HOP];
    kalman_mic(r->filter, age, hop);
    for (int i = 0; i < KALMAN_HOP; i++) {
        const float u = ((float)i + 0.5f) * (2.0f / (float)KALMAN_HOP) - 1.0f;
        hop[i] *= 1.0f - u * u;
    }
    return whitened(r->filter, zeros, hop, level);
}

/* The correlation at lags from 0 on behind block `behind` of the echo estimate, in standard
 * deviations. */
static void correlate(const retrace *r, const retrace_frame *mic, size_t behind, float *lags)
{
    static const float unit = 1.0f / ((float)CROSS_ONE * (float)CROSS_ONE);
    const kalman *const c = r->filter;
    const int8_t *mics[RETRACE_HOPS], *echoes[RETRACE_HOPS];
    float weight = 0.0f;
    for (size_t i = 0; i < r->hops; i++) {
        const retrace_frame *const echo = &r->echo[behind + i];
        mics[i] = mic[i].x;
        echoes[i] = echo->x;
        weight += mic[i].square * echo->square;
    }
    int32_t sum_re[RETRACE_BINS], sum_im[RETRACE_BINS];
    float re[PARTITION_ROW] = {0.0f}, im[PARTITION_ROW] = {0.0f}, block[KALMAN_BLOCK];
    c->k->cross_spectrum(sum_re, sum_im, mics, echoes, r->hops, RETRACE_BINS);
    for (size_t k = 0; k < RETRACE_BINS; k++) {
        re[RETRACE_BIN_FIRST + k] = unit * (float)sum_re[k];
        im[RETRACE_BIN_FIRST + k] = unit * (float)sum_im[k];
    }
    c->k->fft_inverse(c->paths.fft, block, re, im);
    const float deviation =
        2.0f / (float)KALMAN_BLOCK * sqrtf(0.5f * (float)RETRACE_BINS * weight) + 1e-9f;
    for (size_t i = 0; i < KALMAN_HOP; i++)
        lags[i] = block[i] / deviation;
}

/* The lags in groups of GROUP, with the most of each. */
enum { GROUP = 16, GROUPS = 2 * RETRACE_REACH * KALMAN_HOP / GROUP };

typedef struct summit {
    int64_t lag;
    float height, other; /* the most further away */
    int plausible;       /* whether the microphone is no louder than that echo may be */
} summit;

/* The block of the echo estimate that the first frame of the microphone is held against, for the
 * lags of hop b. */
static size_t behind(size_t b)
{
    return 2 * RETRACE_REACH - 1 - b;
}

/* The microphone's frames, of half their samples, are tapered to 8/15 of their power. */
static int is_plausible(const retrace *r, const retrace_frame *mic, size_t behind)
{
    float heard = 0.0f, estimated = 0.0f;
    for (size_t i = 0; i < r->hops; i++) {
        heard += 15.0f / 8.0f * mic[i].power;
        estimated += 0.5f * r->echo[behind + i].power;
    }
    return heard <= louder_most * estimated;
}

static summit highest(const retrace *r)
{
    float level[RETRACE_BINS] = {0.0f}, most[GROUPS] = {0.0f};
    retrace_frame mic[RETRACE_HOPS];
    summit top = {0};
    for (size_t i = 0; i < r->hops; i++)
        mic[i] = mic_frame(r, r->hops - 1 - i, level);
    for (size_t b = 0; b < 2 * RETRACE_REACH; b++) {
        float lags[KALMAN_HOP];
        correlate(r, mic, behind(b), lags);
        for (size_t i = 0; i < KALMAN_HOP; i++) {
            float *const group = &most[(b * KALMAN_HOP + i) / GROUP];
            *group = fmaxf(*group, lags[i]);
            if (lags[i] > top.height) {
                top.height = lags[i];
                top.lag = (int64_t)(b * KALMAN_HOP + i);
            }
        }
    }
    for (int64_t g = 0; g < GROUPS; g++)
        if (g < top.lag / GROUP - 1 || g > top.lag / GROUP + 1)
            top.other = fmaxf(top.other, most[g]);
    top.plausible = is_plausible(r, mic, behind((size_t)top.lag / KALMAN_HOP));
    return top;
}

static int is_near(int64_t a, int64_t b, int64_t most)
{
    return a >= b - most && a <= b + most;
}

static int has_unlearnt(const kalman *c)
{
    float sum = 0.0f;
    for (size_t p = 0; p < c->kept.count; p++)
        sum += kept_energy(&c->kept, p);
    return c->kept.unlearnt || paths_energy(&c->paths) < unlearnt_share * sum;
}

retrace_answer retrace_find(const retrace *r, kept_path *k, int64_t *to)
{
    const summit top = highest(r);
    const int64_t later = top.lag - RETRACE_REACH * KALMAN_HOP;
    if (top.height < twice_height || top.height < prominence * top.other)
        return RETRACE_UNKNOWN;
    const int in_place = is_near(later, 0, little);
    if (in_place && !has_unlearnt(r->filter)) {
        kept_confirm(k);
        return RETRACE_IN_PLACE;
    }
    /* In its place it may be louder than this part of the path makes it. */
    if (!top.plausible && !(in_place && top.height >= once_height))
        return RETRACE_UNKNOWN;
    const int again = is_near(later, k->candidate, near);
    k->candidate = later;
    *to = in_place ? 0 : later;
    return again || top.height >= once_height ? RETRACE_MOVED : RETRACE_UNKNOWN;
}
