#include "delay.h"

#include <math.h>
#include <string.h>

/* How much of the sums is left after a frame with an active far end: a memory of 2 s. */
static const float memory = 1.0f - 0.016f / 2.0f;
/* Mean power from which a far-end frame is active, after pre-emphasis: -60 dB of full scale. */
static const float active_power = 1e-6f;
/* Spectral magnitudes far below this are noise of the line and count less. */
static const float noise_magnitude = 1e-2f;
static const float emphasis = 0.9f;

/* Peaks closer than this are one. */
enum { WIDTH = 32 };
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

void delay_reset(delay *d)
{
    memset(d->cross_re, 0, d->partitions * DELAY_BINS * sizeof *d->cross_re);
    memset(d->cross_im, 0, d->partitions * DELAY_BINS * sizeof *d->cross_im);
    memset(d->slots, 0, d->ring * sizeof *d->slots);
    memset(d->found, 0, d->partitions * sizeof *d->found);
    d->next = 0;
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

/* The block's spectrum with magnitudes that are all but 1; re, im [DELAY_BINS]. */
static void whiten(delay *d, float *re, float *im)
{
    d->k->fft_forward(d->fft, d->re, d->im, d->block);
    for (size_t i = 0; i < DELAY_BINS; i++) {
        const float x = d->re[DELAY_BIN_FIRST + i], y = d->im[DELAY_BIN_FIRST + i];
        const float scale = 1.0f / (sqrtf(x * x + y * y) + noise_magnitude);
        re[i] = x * scale;
        im[i] = y * scale;
    }
}

void delay_add_far(delay *d, uint64_t frame, const float *x)
{
    const size_t at = (size_t)(frame % d->ring);
    delay_slot *const slot = &d->slots[at];
    emphasize(d->block, x, DELAY_FRAME);
    const float power = emphasize(d->block + DELAY_FRAME, x + DELAY_FRAME, DELAY_FRAME);
    slot->frame = frame + 1;
    slot->active = power > active_power;
    if (slot->active)
        whiten(d, d->far_re + at * DELAY_BINS, d->far_im + at * DELAY_BINS);
}

/* Add mic * conj(far) to the sums of a partition. Returns its mean square. */
static float add(float *restrict sum_re, float *restrict sum_im, const float *restrict mic_re,
                 const float *restrict mic_im, const float *restrict far_re,
                 const float *restrict far_im)
{
    float squares[16] = {0};
    for (size_t i = 0; i < DELAY_BINS; i += 16)
        for (size_t j = i; j < i + 16; j++) {
            const float re = mic_re[j] * far_re[j] + mic_im[j] * far_im[j];
            const float im = mic_im[j] * far_re[j] - mic_re[j] * far_im[j];
            sum_re[j] = memory * sum_re[j] + re;
            sum_im[j] = memory * sum_im[j] + im;
            squares[j - i] += re * re + im * im;
        }
    float sum = 0.0f;
    for (size_t j = 0; j < 16; j++)
        sum += squares[j];
    return sum / DELAY_BINS;
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

void delay_add_mic(delay *d, uint64_t frame, const float *x)
{
    float re[DELAY_BINS], im[DELAY_BINS];
    memset(d->block, 0, DELAY_FRAME * sizeof *d->block);
    if (emphasize(d->block + DELAY_FRAME, x, DELAY_FRAME) <= 0.0f)
        return;
    taper(d->block + DELAY_FRAME);
    whiten(d, re, im);
    for (size_t p = 0; p < d->partitions; p++) {
        if (frame + d->frames_late < p)
            break;
        const uint64_t wanted = frame + d->frames_late - p;
        const size_t at = (size_t)(wanted % d->ring);
        if (d->slots[at].frame != wanted + 1 || !d->slots[at].active)
            continue;
        const size_t sums = p * DELAY_BINS, far = at * DELAY_BINS;
        const float square =
            add(d->cross_re + sums, d->cross_im + sums, re, im, d->far_re + far, d->far_im + far);
        d->found[p].weight = memory * memory * d->found[p].weight + square;
    }
}

/* The top of the parabola through three neighbours, relative to the middle one. */
static double between(float before, float top, float after)
{
    const float bend = before - 2.0f * top + after;
    return bend < 0.0f ? (double)(0.5f * (before - after) / bend) : 0.0;
}

/* Turn the sums of partition p into a correlation, and look for its peaks. */
static void look(delay *d, size_t p)
{
    delay_partition *const found = &d->found[p];
    found->peak = (delay_peak){0};
    found->runner_up = 0.0f;
    if (found->weight <= 0.0f)
        return;
    memset(d->re, 0, FFT_BINS * sizeof *d->re);
    memset(d->im, 0, FFT_BINS * sizeof *d->im);
    memcpy(d->re + DELAY_BIN_FIRST, d->cross_re + p * DELAY_BINS, DELAY_BINS * sizeof *d->re);
    memcpy(d->im + DELAY_BIN_FIRST, d->cross_im + p * DELAY_BINS, DELAY_BINS * sizeof *d->im);
    float *const c = d->block;
    d->k->fft_inverse(d->fft, c, d->re, d->im);

    size_t top = 0;
    for (size_t i = 1; i < DELAY_FRAME; i++)
        top = c[i] > c[top] ? i : top;
    float elsewhere = 0.0f;
    for (size_t i = 0; i < DELAY_FRAME; i++)
        if (i + WIDTH < top || i > top + WIDTH)
            elsewhere = c[i] > elsewhere ? c[i] : elsewhere;
    /* Of signals that have nothing in common: DELAY_BINS spectral values and their conjugates, each
     * with the mean square `weight` of random phase. */
    const float deviation = 2.0f / FFT_SIZE * sqrtf(0.5f * (float)DELAY_BINS * found->weight);
    const double inside =
        top > 0 && top + 1 < DELAY_FRAME ? between(c[top - 1], c[top], c[top + 1]) : 0.0;
    found->peak.height = c[top] / deviation;
    found->peak.lag = ((double)p - (double)d->frames_late) * DELAY_FRAME + (double)top + inside;
    found->runner_up = elsewhere / deviation;
}

int delay_look(delay *d)
{
    for (size_t i = 0; i < LOOKS; i++) {
        look(d, d->next);
        d->next = (d->next + 1) % d->partitions;
        if (d->next == 0)
            return 1;
    }
    return 0;
}

delay_view delay_seen(const delay *d)
{
    size_t best = 0;
    for (size_t p = 1; p < d->partitions; p++)
        best = d->found[p].peak.height > d->found[best].peak.height ? p : best;
    delay_view view = {.best = d->found[best].peak, .runner_up = d->found[best].runner_up};
    for (size_t p = 0; p < d->partitions; p++) {
        const delay_peak *const peak = &d->found[p].peak;
        if (p != best && fabs(peak->lag - view.best.lag) > WIDTH && peak->height > view.runner_up)
            view.runner_up = peak->height;
    }
    view.frames = d->found[best].weight;
    return view;
}

delay_peak delay_near(const delay *d, double lag, double gate)
{
    delay_peak best = {0};
    for (size_t p = 0; p < d->partitions; p++) {
        const delay_peak *const peak = &d->found[p].peak;
        if (fabs(peak->lag - lag) <= gate && peak->height > best.height)
            best = *peak;
    }
    return best;
}
