#include "delay.h"

#include "parabola.h"

#include <math.h>
#include <string.h>

/* How much of the long correlation is left after a frame with an active far end: 2 s. */
static const float memory = 1.0f - 0.016f / 2.0f;
/* Mean power from which a far-end frame is active, after pre-emphasis: -80 dB of full scale. */
static const float active_power = 1e-8f;
/* Magnitudes below this share of the bin's mean count less, whatever the level. */
static const float quiet_share = 0.3f;
static const float level_rate = 0.03f;
static const float emphasis = 0.9f;

/* A frame that counts less than this does not count. */
static const float least_share = 1e-4f;

/* How many partitions are looked at in a hop, and in a hurry. */
enum { LOOKS = 2, LOOKS_HURRY = 4 };
/* How many are watched, one a hop, and after how many hops again. */
enum { WATCHED = 3, WATCHED_BEFORE = 1, WATCH_HOPS = 24 };
/*
 * The long correlation is kept in these units, as integers of 16 bits. A frame adds 0.5 at most and
 * 125 frames last, so that it fits; what chance makes of the first two frames has a deviation of
 * about 12 units, and of many frames far more.
 */
static const float slow_unit = 1.0f / 512.0f;
/* Of a whitened frame: real and imaginary parts. */
enum { FRAME_SIZE = 2 * DELAY_BINS };

void delay_layout(delay *d, arena *a, size_t most, size_t late)
{
    d->frames_late = (late + DELAY_FRAME - 1) / DELAY_FRAME;
    d->partitions = most / DELAY_FRAME + 1 + d->frames_late;
    /* As many as come until all partitions have been looked at. */
    d->mic_ring = d->partitions * UNECHO_HOP / (LOOKS * DELAY_FRAME) + 2;
    /* The far end is looked at as it comes, a frame or two before the microphone. */
    d->far_ring = d->partitions + d->mic_ring + 2;
    d->slow = arena_take(a, d->partitions * DELAY_FRAME * sizeof *d->slow);
    d->far_level = arena_floats(a, DELAY_BINS);
    d->mic_level = arena_floats(a, DELAY_BINS);
    d->far = arena_take(a, d->far_ring * FRAME_SIZE * sizeof *d->far);
    d->mic = arena_take(a, d->mic_ring * FRAME_SIZE * sizeof *d->mic);
    d->fars = arena_take(a, d->far_ring * sizeof *d->fars);
    d->mics = arena_take(a, d->mic_ring * sizeof *d->mics);
    d->doubts = arena_take(a, d->mic_ring * sizeof *d->doubts);
    d->found = arena_take(a, d->partitions * sizeof *d->found);
}

void delay_start(delay *d, const kernels *k, const fft *f)
{
    d->k = k;
    d->fft = f;
}

void delay_forget(delay *d)
{
    memset(d->slow, 0, d->partitions * DELAY_FRAME * sizeof *d->slow);
    for (size_t p = 0; p < d->partitions; p++)
        d->found[p] = (delay_partition){
            .from = d->mic_end,
            .coupling = {.usual = d->found[p].coupling.usual, .heard = d->found[p].coupling.heard},
        };
    d->next = 0;
    d->last = d->partitions - 1;
    d->looks = LOOKS;
    d->heard = 0;
    d->watching = 0;
}

void delay_expect_none(delay *d)
{
    d->echo = d->partitions;
    d->seen = 0;
}

static size_t partition_of(const delay *d, double lag)
{
    const double at = floor(lag / (double)DELAY_FRAME) + (double)d->frames_late;
    return at < 0.0 ? 0 : at < (double)d->partitions ? (size_t)at : d->partitions - 1;
}

void delay_expect(delay *d, double lag)
{
    const size_t echo = partition_of(d, lag);
    if (d->echo < d->partitions) {
        d->found[echo].coupling.usual = d->found[d->echo].coupling.usual;
        d->found[echo].coupling.heard = d->found[d->echo].coupling.heard;
    }
    d->echo = echo;
    d->seen = 1;
}

void delay_confirm(delay *d, int seen)
{
    d->seen = seen;
}

/* A partition moves up or down, as far as there are any. */
static size_t slid(size_t partition, int frames, size_t most)
{
    if (frames < 0)
        return partition > 0 ? partition - 1 : 0;
    return partition < most ? partition + 1 : most;
}

/* The partition next to one in that direction, in a ring. */
static size_t turned(size_t partition, int frames, size_t most)
{
    if (frames < 0)
        return partition > 0 ? partition - 1 : most;
    return partition < most ? partition + 1 : 0;
}

void delay_slide(delay *d, int frames)
{
    const size_t kept = d->partitions - 1;
    const size_t from = (frames < 0), to = (frames > 0);
    const size_t freed = frames < 0 ? kept : 0;
    d->slid += frames;
    memmove(d->slow + to * DELAY_FRAME, d->slow + from * DELAY_FRAME,
            kept * DELAY_FRAME * sizeof *d->slow);
    memset(d->slow + freed * DELAY_FRAME, 0, DELAY_FRAME * sizeof *d->slow);
    memmove(d->found + to, d->found + from, kept * sizeof *d->found);
    d->found[freed] = (delay_partition){.from = d->mic_end};
    for (size_t p = 0; p < d->partitions; p++) {
        d->found[p].fresh.lag += frames * DELAY_FRAME;
        d->found[p].slow.lag += frames * DELAY_FRAME;
    }
    for (size_t i = 0; i < d->mic_ring; i++)
        d->doubts[i].before = (uint32_t)slid(d->doubts[i].before, frames, kept);
    if (d->watching) {
        d->next = slid(d->next, frames, d->partitions - WATCHED);
    } else {
        d->next = turned(d->next, frames, kept);
        d->last = turned(d->last, frames, kept);
    }
    if (d->echo < d->partitions)
        d->echo = slid(d->echo, frames, kept);
}

void delay_restart(delay *d)
{
    delay_expect_none(d);
    d->mic_end = 0;
    memset(d->found, 0, d->partitions * sizeof *d->found);
    delay_forget(d);
    memset(d->far_level, 0, DELAY_BINS * sizeof *d->far_level);
    memset(d->mic_level, 0, DELAY_BINS * sizeof *d->mic_level);
    memset(d->fars, 0, d->far_ring * sizeof *d->fars);
    memset(d->mics, 0, d->mic_ring * sizeof *d->mics);
}

void delay_reset(delay *d)
{
    d->slid = 0;
    delay_restart(d);
}

/* High frequencies raised, so that whitening has less to do. Returns the mean power. */
static float emphasize(const delay *d, float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i + 1] - emphasis * x[i];
    return (float)d->k->inner(y, y, n) / (float)n;
}

/* The block's spectrum with magnitudes of at most 1 to y; level [DELAY_BINS]. Returns the mean
 * square. */
static float whiten(const delay *d, const float *block, int8_t *y, float *level)
{
    float re[KERNEL_PAD(FFT_BINS)], im[KERNEL_PAD(FFT_BINS)];
    d->k->fft_forward(d->fft, re, im, block);
    return d->k->whiten(y, level, re + DELAY_BIN_FIRST, im + DELAY_BIN_FIRST, level_rate,
                        quiet_share, DELAY_BINS);
}

/* As it is in a slot; rings are far shorter than what differs by 2^32. */
static uint32_t name_of(uint64_t frame)
{
    return (uint32_t)(frame + 1);
}

void delay_add_far(delay *d, uint64_t frame, const float *x)
{
    const size_t at = (size_t)(frame % d->far_ring);
    delay_slot *const slot = &d->fars[at];
    float block[FFT_SIZE];
    const float before = emphasize(d, block, x, DELAY_FRAME);
    const float power = emphasize(d, block + DELAY_FRAME, x + DELAY_FRAME, DELAY_FRAME);
    *slot = (delay_slot){.power = 0.5f * (before + power)};
    if (power <= active_power)
        return;
    slot->frame = name_of(frame);
    slot->square = whiten(d, block, d->far + at * FRAME_SIZE, d->far_level);
}

/* The far end's frame that partition p holds against a frame of the microphone; NULL: it was
 * silent, or is not there. */
static const delay_slot *opposite(const delay *d, size_t p, uint64_t frame)
{
    const int64_t number = (int64_t)(frame + d->frames_late) + d->slid - (int64_t)p;
    if (number < 0)
        return NULL;
    const uint64_t wanted = (uint64_t)number;
    const delay_slot *const slot = &d->fars[wanted % d->far_ring];
    return slot->frame == name_of(wanted) ? slot : NULL;
}

/* Without it a tone leaks into all bins, which whitening makes as loud as the tone: its correlation
 * then peaks at the frames' borders. */
static void taper(float *frame)
{
    for (int i = 0; i < DELAY_FRAME; i++) {
        const float u = ((float)i + 0.5f) * (2.0f / (float)DELAY_FRAME) - 1.0f;
        const float bell = 1.0f - u * u;
        frame[i] *= bell * bell;
    }
}

/* What comes before the echo, or before the far end. */
static delay_doubt doubt_now(const delay *d)
{
    if (d->echo == d->partitions)
        return (delay_doubt){(uint32_t)d->frames_late, 0.0f};
    const size_t before = d->echo > d->frames_late ? d->echo : d->frames_late;
    return (delay_doubt){(uint32_t)before, coupling_most(&d->found[d->echo].coupling)};
}

/* How loud the microphone is: where the echo is seen, or wherever it may be before the far end. */
static void follow_ratios(delay *d, uint64_t frame, float power)
{
    const int known = d->echo < d->partitions;
    const size_t first = known ? d->echo : 0, count = known ? (size_t)d->seen : d->frames_late;
    for (size_t p = first; p < first + count; p++) {
        const delay_slot *const far = opposite(d, p, frame);
        if (far)
            coupling_follow(&d->found[p].coupling, power / far->power, known);
    }
}

/*
 * How much a frame counts for partition p, 0 to 1. The far end may hold the user's own voice, which
 * looks like an echo that comes early. But then there are frames in which the far end plays and the
 * microphone has nothing of it, or its echo; and those in which it is much louder say nothing about
 * an echo.
 */
static float share_of(const delay *d, size_t p, const delay_doubt *doubt, const delay_slot *mic,
                      const delay_slot *far)
{
    if (p >= doubt->before)
        return 1.0f;
    const float most = doubt->most > 0.0f ? doubt->most : coupling_most(&d->found[p].coupling);
    const float share = most / (mic->power / far->power);
    return share >= 1.0f ? 1.0f : share * share;
}

void delay_add_mic(delay *d, uint64_t frame, const float *x)
{
    frame -= (uint64_t)d->slid;
    const size_t at = (size_t)(frame % d->mic_ring);
    delay_slot *const slot = &d->mics[at];
    d->mic_end = frame + 1;
    float block[FFT_SIZE] = {0.0f};
    const float power = emphasize(d, block + DELAY_FRAME, x, DELAY_FRAME);
    *slot = (delay_slot){.power = power};
    if (power <= 0.0f)
        return;
    taper(block + DELAY_FRAME);
    slot->frame = name_of(frame);
    slot->square = whiten(d, block, d->mic + at * FRAME_SIZE, d->mic_level);
    d->doubts[at] = doubt_now(d);
    follow_ratios(d, frame, power);
}

/* Of signals that have nothing in common: DELAY_BINS spectral values and their conjugates, each
 * with the mean square `weight` and of random phase. */
static float deviation(float weight)
{
    return 2.0f / (float)FFT_SIZE * sqrtf(0.5f * (float)DELAY_BINS * weight);
}

/* The highest magnitude in a partition's correlation, whose terms have the sum of squares
 * `weight`. */
static delay_peak peak_of(const float *c, float weight, double first)
{
    if (weight <= 0.0f)
        return (delay_peak){0};
    /* In lanes, and the place afterwards: one loop for both would stay scalar. */
    float most[16] = {0};
    for (size_t i = 0; i < DELAY_FRAME; i += 16)
        for (size_t j = 0; j < 16; j++)
            most[j] = fabsf(c[i + j]) > most[j] ? fabsf(c[i + j]) : most[j];
    for (size_t j = 1; j < 16; j++)
        most[0] = most[j] > most[0] ? most[j] : most[0];
    size_t top = 0;
    while (top + 1 < DELAY_FRAME && fabsf(c[top]) < most[0])
        top++;
    const double inside = top > 0 && top + 1 < DELAY_FRAME
                              ? parabola_top(fabsf(c[top - 1]), fabsf(c[top]), fabsf(c[top + 1]))
                              : 0.0;
    return (delay_peak){fabsf(c[top]) / deviation(weight), weight, first + (double)top + inside};
}

/* The frames that partition p adds up. */
typedef struct delay_pairs {
    const int8_t *mic[CROSS_FRAMES_MOST], *far[CROSS_FRAMES_MOST];
    size_t count;
    float weight, played;
    float age; /* a sum, in frames, each times its weight */
} delay_pairs;

/* A copy of a frame, times `share`. */
static const int8_t *lessened(const int8_t *x, float share, int8_t *y)
{
    for (size_t i = 0; i < FRAME_SIZE; i++) {
        /* floorf, for which not every instruction set has vectors. */
        const float value = share * (float)x[i] + 0.5f;
        const int32_t whole = (int32_t)value;
        y[i] = (int8_t)(whole - ((float)whole > value));
    }
    return y;
}

/* Gather the frames that have come since the last time; room: for as many copies. */
static void gather(delay *d, size_t p, delay_pairs *to, int8_t *room)
{
    const uint64_t kept = d->mic_end < d->mic_ring ? 0 : d->mic_end - d->mic_ring;
    uint64_t frame = d->found[p].from > kept ? d->found[p].from : kept;
    for (; frame < d->mic_end; frame++) {
        const size_t at = (size_t)(frame % d->mic_ring);
        const delay_slot *const mic = &d->mics[at], *const far = opposite(d, p, frame);
        if (mic->frame != name_of(frame) || !far)
            continue;
        to->played += far->power;
        const float share = share_of(d, p, &d->doubts[at], mic, far);
        if (share < least_share)
            continue;
        const int8_t *const x = d->mic + at * FRAME_SIZE;
        to->mic[to->count] = share == 1.0f ? x : lessened(x, share, room + to->count * FRAME_SIZE);
        to->far[to->count] = d->far + (size_t)(far - d->fars) * FRAME_SIZE;
        to->weight += share * share * mic->square * far->square;
        to->age += share * share * mic->square * far->square * (float)(d->mic_end - frame);
        to->count++;
    }
    d->found[p].from = d->mic_end;
}

/* The correlation of these frames to c [FFT_SIZE]. */
static void correlate(const delay *d, const delay_pairs *pairs, float *c)
{
    static const float unit = 1.0f / ((float)CROSS_ONE * (float)CROSS_ONE);
    int32_t sum_re[DELAY_BINS], sum_im[DELAY_BINS];
    float re[FFT_BINS] = {0.0f}, im[FFT_BINS] = {0.0f};
    d->k->cross_spectrum(sum_re, sum_im, pairs->mic, pairs->far, pairs->count, DELAY_BINS);
    for (size_t i = 0; i < DELAY_BINS; i++) {
        re[DELAY_BIN_FIRST + i] = unit * (float)sum_re[i];
        im[DELAY_BIN_FIRST + i] = unit * (float)sum_im[i];
    }
    d->k->fft_inverse(d->fft, c, re, im);
}

/* To the nearest. Written so that compilers find vectors for it. */
static int16_t in_units(float correlation)
{
    const float shift = 0x1.8p23f, at = correlation * (1.0f / slow_unit) + shift;
    int32_t bits, zero;
    memcpy(&bits, &at, sizeof bits);
    memcpy(&zero, &shift, sizeof zero);
    return (int16_t)(bits - zero);
}

/* Correlate what has come for partition p since the last time, and look for peaks. */
static void look(delay *d, size_t p)
{
    delay_partition *const found = &d->found[p];
    float c[FFT_SIZE], slow[DELAY_FRAME];
    int16_t *const kept = d->slow + p * DELAY_FRAME;
    const double first = ((double)p - (double)d->frames_late) * (double)DELAY_FRAME;
    int8_t room[CROSS_FRAMES_MOST * FRAME_SIZE];
    delay_pairs pairs = {.count = 0};
    found->fresh = (delay_peak){0};
    found->age += (float)(d->mic_end - found->from);
    gather(d, p, &pairs, room);
    found->played = pairs.played;
    if (pairs.count == 0)
        return;
    d->heard = 1;
    correlate(d, &pairs, c);
    float keep = 1.0f;
    for (size_t i = 0; i < pairs.count; i++)
        keep *= memory;
    for (size_t i = 0; i < DELAY_FRAME; i++) {
        slow[i] = keep * slow_unit * (float)kept[i] + c[i];
        kept[i] = in_units(slow[i]);
    }
    const float left = keep * keep * found->weight;
    found->weight = left + pairs.weight;
    if (found->weight > 0.0f)
        found->age = (left * found->age + pairs.age) / found->weight;
    found->fresh = peak_of(c, pairs.weight, first);
    found->slow = peak_of(slow, found->weight, first);
}

static int take_heard(delay *d)
{
    const int heard = d->heard;
    d->heard = 0;
    return heard;
}

static int look_at_watched(delay *d)
{
    if (d->left <= WATCHED)
        look(d, d->next + WATCHED - d->left);
    if (--d->left > 0)
        return 0;
    d->left = WATCH_HOPS;
    return take_heard(d);
}

int delay_look(delay *d)
{
    if (d->watching)
        return look_at_watched(d);
    for (size_t i = 0; i < d->looks; i++) {
        const size_t p = d->next;
        look(d, p);
        d->next = (p + 1) % d->partitions;
        if (p == d->last) {
            d->looks = LOOKS;
            return take_heard(d);
        }
    }
    return 0;
}

void delay_watch(delay *d, double lag)
{
    const size_t at = partition_of(d, lag), most = d->partitions - WATCHED;
    const size_t first = at > WATCHED_BEFORE ? at - WATCHED_BEFORE : 0;
    d->next = first < most ? first : most;
    for (size_t p = 0; p < d->partitions; p++)
        if (p < d->next || p >= d->next + WATCHED)
            d->found[p].fresh = (delay_peak){0};
    if (!d->watching)
        d->left = WATCH_HOPS;
    d->watching = 1;
}

void delay_search(delay *d, int hurry)
{
    if (!d->watching)
        return;
    d->watching = 0;
    d->looks = hurry ? LOOKS_HURRY : LOOKS;
    d->last = d->next + WATCHED - 1;
    d->next = (d->last + 1) % d->partitions;
}

static delay_view view_of(const delay *d, const delay_peak *(*peak)(const delay_partition *))
{
    delay_view view = {0};
    size_t best = 0;
    for (size_t p = 1; p < d->partitions; p++)
        best = peak(&d->found[p])->height > peak(&d->found[best])->height ? p : best;
    view.best = *peak(&d->found[best]);
    for (size_t p = 0; p < d->partitions; p++) {
        const delay_peak *const x = peak(&d->found[p]);
        if (fabs(x->lag - view.best.lag) > (double)DELAY_ROOM && x->height > view.runner_up)
            view.runner_up = x->height;
    }
    return view;
}

static const delay_peak *slow_peak(const delay_partition *p)
{
    return &p->slow;
}

static const delay_peak *fresh_peak(const delay_partition *p)
{
    return &p->fresh;
}

delay_view delay_seen(const delay *d)
{
    return view_of(d, slow_peak);
}

delay_view delay_seen_fresh(const delay *d)
{
    return view_of(d, fresh_peak);
}

delay_peak delay_near_fresh(const delay *d, double lag, double gate)
{
    delay_peak best = {0};
    for (size_t p = 0; p < d->partitions; p++) {
        const delay_peak *const peak = &d->found[p].fresh;
        if (fabs(peak->lag - lag) <= gate && peak->height > best.height)
            best = *peak;
    }
    return best;
}

double delay_age(const delay *d, double lag)
{
    const delay_partition *const found = &d->found[partition_of(d, lag)];
    return (double)found->age + (double)(d->mic_end - found->from);
}

float delay_played_fresh(const delay *d, double lag)
{
    return d->found[partition_of(d, lag)].played;
}

void delay_pattern(const delay *d, int64_t first, float *to, size_t n)
{
    const int64_t least = -(int64_t)(d->frames_late * DELAY_FRAME);
    const int64_t count = (int64_t)(d->partitions * DELAY_FRAME);
    for (size_t i = 0; i < n; i++) {
        const int64_t at = first + (int64_t)i - least;
        const float weight = at < 0 || at >= count ? 0.0f : d->found[at / DELAY_FRAME].weight;
        to[i] = weight > 0.0f ? slow_unit * (float)d->slow[at] / deviation(weight) : 0.0f;
    }
}
