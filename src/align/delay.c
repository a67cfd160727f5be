#include "delay.h"

#include <math.h>
#include <string.h>

/* How much of the long correlation is left after a frame with an active far end: 2 s. */
static const float memory = 1.0f - 0.016f / 2.0f;
/* Mean power from which a far-end frame is active, after pre-emphasis: -80 dB of full scale. */
static const float active_power = 1e-8f;
/* Magnitudes below this share of the bin's mean count less, whatever the level. */
static const float quiet_share = 0.3f;
static const float level_rate = 0.03f;
static const float least_magnitude = 1e-6f;
static const float emphasis = 0.9f;

/* The usual ratio of microphone and far end (`follow_usual`) follows the lowest ninth, by 0.1 dB a
 * frame down and an eighth of that up, after some frames of half a decibel either way that find the
 * middle. 10 dB above it a frame is much louder than usual. */
static const float usual_down = 1.0f / 1.02329f, usual_up = 1.00288f, usual_most = 10.0f;
static const float usual_first = 1.122f, usual_louder = 1.00096f;
enum { USUAL_FRAMES = 32 };
/* As many much louder frames in a row, a second, and none between them: no talker is so steady, it
 * is the echo that is louder now. */
enum { LOUDER_FRAMES = 64 };
/* A frame that counts less than this does not count. */
static const float least_share = 1e-4f;

/* How many partitions are looked at in a hop. */
enum { LOOKS = 2 };

void delay_layout(delay *d, arena *a, size_t most, size_t late)
{
    d->frames_late = (late + DELAY_FRAME - 1) / DELAY_FRAME;
    d->partitions = most / DELAY_FRAME + 1 + d->frames_late;
    /* The far end is looked at as it comes, a frame or two before the microphone. */
    d->ring = d->partitions + 2;
    d->cross_re = arena_floats(a, d->partitions * DELAY_BINS);
    d->cross_im = arena_floats(a, d->partitions * DELAY_BINS);
    d->slow = arena_floats(a, d->partitions * DELAY_FRAME);
    d->far_level = arena_floats(a, DELAY_BINS);
    d->mic_level = arena_floats(a, DELAY_BINS);
    d->far_re = arena_floats(a, d->ring * DELAY_BINS);
    d->far_im = arena_floats(a, d->ring * DELAY_BINS);
    d->slots = arena_take(a, d->ring * sizeof *d->slots);
    d->found = arena_take(a, d->partitions * sizeof *d->found);
    d->block = arena_floats(a, FFT_SIZE);
    d->re = arena_floats(a, KERNEL_PAD(FFT_BINS));
    d->im = arena_floats(a, KERNEL_PAD(FFT_BINS));
}

void delay_start(delay *d, const kernels *k, const fft *f)
{
    d->k = k;
    d->fft = f;
}

void delay_forget(delay *d)
{
    memset(d->cross_re, 0, d->partitions * DELAY_BINS * sizeof *d->cross_re);
    memset(d->cross_im, 0, d->partitions * DELAY_BINS * sizeof *d->cross_im);
    memset(d->slow, 0, d->partitions * DELAY_FRAME * sizeof *d->slow);
    for (size_t p = 0; p < d->partitions; p++)
        d->found[p] = (delay_partition){.usual = d->found[p].usual, .heard = d->found[p].heard};
    d->next = 0;
    d->heard = 0;
}

void delay_expect_none(delay *d)
{
    d->doubtful = d->frames_late;
    d->echo = d->partitions;
    d->seen = 0;
}

void delay_expect(delay *d, double lag)
{
    const double at = floor(lag / DELAY_FRAME) + (double)d->frames_late;
    const size_t echo = at < 0.0 ? 0 : at < (double)d->partitions ? (size_t)at : d->partitions - 1;
    if (d->echo < d->partitions) {
        d->found[echo].usual = d->found[d->echo].usual;
        d->found[echo].heard = d->found[d->echo].heard;
    }
    d->echo = echo;
    d->seen = 1;
    d->doubtful = echo > d->frames_late ? echo : d->frames_late;
}

void delay_confirm(delay *d, int seen)
{
    d->seen = seen;
}

void delay_reset(delay *d)
{
    delay_expect_none(d);
    memset(d->found, 0, d->partitions * sizeof *d->found);
    delay_forget(d);
    memset(d->far_level, 0, DELAY_BINS * sizeof *d->far_level);
    memset(d->mic_level, 0, DELAY_BINS * sizeof *d->mic_level);
    memset(d->slots, 0, d->ring * sizeof *d->slots);
}

/* High frequencies raised, so that whitening has less to do. Returns the mean power. */
static float emphasize(float *y, const float *x, size_t n)
{
    float power = 0.0f;
    for (size_t i = 0; i < n; i++) {
        y[i] = x[i + 1] - emphasis * x[i];
        power += y[i] * y[i];
    }
    return power / (float)n;
}

/* The block's spectrum with magnitudes of at most 1; re, im, level [DELAY_BINS]. Returns the mean
 * square. */
static float whiten(delay *d, float *re, float *im, float *level)
{
    d->k->fft_forward(d->fft, d->re, d->im, d->block);
    float square = 0.0f;
    for (size_t i = 0; i < DELAY_BINS; i++) {
        const float x = d->re[DELAY_BIN_FIRST + i], y = d->im[DELAY_BIN_FIRST + i];
        const float magnitude = sqrtf(x * x + y * y) + least_magnitude;
        /* The first frame makes the mean. */
        level[i] += (level[i] > 0.0f ? level_rate : 1.0f) * (magnitude - level[i]);
        const float scale = 1.0f / (magnitude + quiet_share * level[i]);
        re[i] = x * scale;
        im[i] = y * scale;
        square += re[i] * re[i] + im[i] * im[i];
    }
    return square / DELAY_BINS;
}

void delay_add_far(delay *d, uint64_t frame, const float *x)
{
    const size_t at = (size_t)(frame % d->ring);
    delay_slot *const slot = &d->slots[at];
    const float before = emphasize(d->block, x, DELAY_FRAME);
    const float power = emphasize(d->block + DELAY_FRAME, x + DELAY_FRAME, DELAY_FRAME);
    slot->frame = frame + 1;
    slot->power = 0.5f * (before + power);
    slot->active = power > active_power;
    if (slot->active)
        slot->square =
            whiten(d, d->far_re + at * DELAY_BINS, d->far_im + at * DELAY_BINS, d->far_level);
}

/* Add mic * conj(far) to the sums of a partition. */
static void add(float *restrict sum_re, float *restrict sum_im, const float *restrict mic_re,
                const float *restrict mic_im, const float *restrict far_re,
                const float *restrict far_im)
{
    for (size_t i = 0; i < DELAY_BINS; i++) {
        sum_re[i] += mic_re[i] * far_re[i] + mic_im[i] * far_im[i];
        sum_im[i] += mic_im[i] * far_re[i] - mic_re[i] * far_im[i];
    }
}

/* Without it a tone leaks into all bins, which whitening makes as loud as the tone: its correlation
 * then peaks at the frames' borders. */
static void taper(float *frame)
{
    for (size_t i = 0; i < DELAY_FRAME; i++) {
        const float u = ((float)i + 0.5f) * (2.0f / DELAY_FRAME) - 1.0f;
        const float bell = 1.0f - u * u;
        frame[i] *= bell * bell;
    }
}

/* A frame with so loud a microphone for that much of a far end. */
static void follow_usual(delay_partition *found, float ratio, int is_echo)
{
    const int first = found->heard < USUAL_FRAMES;
    const int louder = !first && ratio > usual_most * found->usual;
    found->least = found->louder == 0 || ratio < found->least ? ratio : found->least;
    found->louder = louder && is_echo ? found->louder + 1 : 0;
    if (found->louder == LOUDER_FRAMES) {
        found->usual = found->least;
        found->louder = 0;
    }
    if (found->heard == 0)
        found->usual = ratio;
    else if (ratio < found->usual)
        found->usual *= first ? 1.0f / usual_first : usual_down;
    else if (first)
        found->usual *= usual_first;
    else
        found->usual *= louder ? usual_louder : usual_up;
    found->heard += (unsigned)first;
}

/*
 * How much a frame counts for a doubtful lag. The far end may hold the user's own voice, which
 * looks like an echo that comes early. But then there are frames in which the far end plays and the
 * microphone has nothing of it, or its echo; and those in which it is much louder say nothing about
 * an echo.
 */
static float doubt(delay *d, size_t p, float ratio)
{
    const delay_partition *const by = &d->found[d->echo < d->partitions ? d->echo : p];
    const float most = usual_most * by->usual;
    const float share = most / ratio;
    return by->heard < USUAL_FRAMES || share >= 1.0f ? 1.0f : share * share;
}

/* A whitened frame of the microphone. */
typedef struct delay_frame {
    float re[DELAY_BINS], im[DELAY_BINS];
    float square, power; /* means: of its magnitudes, and of its samples after pre-emphasis */
} delay_frame;

static delay_frame scaled(const delay_frame *f, float scale)
{
    delay_frame to = {.square = scale * scale * f->square};
    for (size_t i = 0; i < DELAY_BINS; i++) {
        to.re[i] = scale * f->re[i];
        to.im[i] = scale * f->im[i];
    }
    return to;
}

static void add_to(delay *d, size_t p, size_t slot, const delay_frame *f)
{
    const size_t sums = p * DELAY_BINS, far = slot * DELAY_BINS;
    add(d->cross_re + sums, d->cross_im + sums, f->re, f->im, d->far_re + far, d->far_im + far);
    d->found[p].fresh_weight += f->square * d->slots[slot].square;
    d->found[p].fresh_frames++;
}

static void add_in_doubt(delay *d, size_t p, size_t slot, const delay_frame *f)
{
    const float share = doubt(d, p, f->power / d->slots[slot].power);
    if (share == 1.0f) {
        add_to(d, p, slot, f);
        return;
    }
    if (share < least_share)
        return;
    const delay_frame less = scaled(f, share);
    add_to(d, p, slot, &less);
}

void delay_add_mic(delay *d, uint64_t frame, const float *x)
{
    delay_frame f;
    memset(d->block, 0, DELAY_FRAME * sizeof *d->block);
    f.power = emphasize(d->block + DELAY_FRAME, x, DELAY_FRAME);
    if (f.power <= 0.0f)
        return;
    taper(d->block + DELAY_FRAME);
    f.square = whiten(d, f.re, f.im, d->mic_level);
    for (size_t p = 0; p < d->partitions && p <= frame + d->frames_late; p++) {
        const uint64_t wanted = frame + d->frames_late - p;
        const size_t at = (size_t)(wanted % d->ring);
        const delay_slot *const slot = &d->slots[at];
        if (slot->frame != wanted + 1 || !slot->active)
            continue;
        if ((p == d->echo && d->seen) || (d->echo == d->partitions && p < d->frames_late))
            follow_usual(&d->found[p], f.power / slot->power, p == d->echo);
        if (p < d->doubtful)
            add_in_doubt(d, p, at, &f);
        else
            add_to(d, p, at, &f);
    }
}

/* The top of the parabola through three neighbours, relative to the middle one. */
static double between(float before, float top, float after)
{
    const float bend = before - 2.0f * top + after;
    return bend < 0.0f ? (double)(0.5f * (before - after) / bend) : 0.0;
}

/* Of signals that have nothing in common: DELAY_BINS spectral values and their conjugates, each
 * with the mean square `weight` and of random phase. */
static float deviation(float weight)
{
    return 2.0f / FFT_SIZE * sqrtf(0.5f * (float)DELAY_BINS * weight);
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
                              ? between(fabsf(c[top - 1]), fabsf(c[top]), fabsf(c[top + 1]))
                              : 0.0;
    return (delay_peak){fabsf(c[top]) / deviation(weight), weight, first + (double)top + inside};
}

/* Transform what has been added to partition p since the last time, and look for peaks. */
static void look(delay *d, size_t p)
{
    delay_partition *const found = &d->found[p];
    float *const cross_re = d->cross_re + p * DELAY_BINS, *const cross_im =
                                                              d->cross_im + p * DELAY_BINS;
    float *const c = d->block, *const slow = d->slow + p * DELAY_FRAME;
    const double first = ((double)p - (double)d->frames_late) * DELAY_FRAME;
    found->fresh = (delay_peak){0};
    if (found->fresh_frames == 0)
        return;
    d->heard = 1;
    memset(d->re, 0, FFT_BINS * sizeof *d->re);
    memset(d->im, 0, FFT_BINS * sizeof *d->im);
    memcpy(d->re + DELAY_BIN_FIRST, cross_re, DELAY_BINS * sizeof *d->re);
    memcpy(d->im + DELAY_BIN_FIRST, cross_im, DELAY_BINS * sizeof *d->im);
    memset(cross_re, 0, DELAY_BINS * sizeof *cross_re);
    memset(cross_im, 0, DELAY_BINS * sizeof *cross_im);
    d->k->fft_inverse(d->fft, c, d->re, d->im);
    float keep = 1.0f;
    for (unsigned i = 0; i < found->fresh_frames; i++)
        keep *= memory;
    for (size_t i = 0; i < DELAY_FRAME; i++)
        slow[i] = keep * slow[i] + c[i];
    found->weight = keep * keep * found->weight + found->fresh_weight;
    found->fresh = peak_of(c, found->fresh_weight, first);
    found->slow = peak_of(slow, found->weight, first);
    found->fresh_weight = 0.0f;
    found->fresh_frames = 0;
}

int delay_look(delay *d)
{
    for (size_t i = 0; i < LOOKS; i++) {
        look(d, d->next);
        d->next = (d->next + 1) % d->partitions;
        if (d->next == 0) {
            const int heard = d->heard;
            d->heard = 0;
            return heard;
        }
    }
    return 0;
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
        if (fabs(x->lag - view.best.lag) > DELAY_ROOM && x->height > view.runner_up)
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

void delay_pattern(const delay *d, int64_t first, float *to, size_t n)
{
    const int64_t least = -(int64_t)(d->frames_late * DELAY_FRAME);
    const int64_t count = (int64_t)(d->partitions * DELAY_FRAME);
    for (size_t i = 0; i < n; i++) {
        const int64_t at = first + (int64_t)i - least;
        const float weight = at < 0 || at >= count ? 0.0f : d->found[at / DELAY_FRAME].weight;
        to[i] = weight > 0.0f ? d->slow[at] / deviation(weight) : 0.0f;
    }
}
