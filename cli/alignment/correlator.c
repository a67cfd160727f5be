#include "alignment/correlator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The band of speech, and of most loudspeakers, in Hz. */
#define BAND_LOW  200.0
#define BAND_HIGH 3600.0

/* Of two seconds: tones that come and go have at most 18 bins with most of the energy, speech has
 * 60 and more. */
#define LEAST_BREADTH 32.0

/* Added to a squared magnitude: silence has no phase. */
#define TINY 1e-30f

enum {
    GUARD = CORRELATOR_RATE * 3 / 1000, /* around a peak that belongs to the peak itself */
    TAIL = CORRELATOR_RATE * 50 / 1000
};
enum { SIDE_BY_SIDE = 16 };

bool correlator_open(struct correlator *c, size_t size)
{
    const size_t bins = size / 2 + 1;
    *c = (struct correlator){.size = size, .fft = real_fft_new(size)};
    c->memory = malloc((size + 6 * bins) * sizeof(*c->memory));
    if (!c->fft || !c->memory)
        return false;
    c->window = c->memory;
    c->echo_re = c->window + size;
    c->echo_im = c->echo_re + bins;
    c->source_re = c->echo_im + bins;
    c->source_im = c->source_re + bins;
    c->cross_re = c->source_im + bins;
    c->cross_im = c->cross_re + bins;
    return true;
}

void correlator_close(struct correlator *c)
{
    real_fft_free(c->fft);
    free(c->memory);
    *c = (struct correlator){0};
}

static size_t bin_of(const struct correlator *c, double frequency)
{
    return (size_t)(frequency * (double)c->size / CORRELATOR_RATE);
}

/* (sum of P)^2 / sum of P^2, P the energy of a bin of the band. */
static double breadth(const struct correlator *c, const float *re, const float *im)
{
    double sum = 0.0, squares = 1e-300;
    for (size_t k = bin_of(c, BAND_LOW); k <= bin_of(c, BAND_HIGH); k++) {
        const double power = (double)(re[k] * re[k] + im[k] * im[k]);
        sum += power;
        squares += power * power;
    }
    return sum * sum / squares;
}

void correlator_take_echo(struct correlator *c)
{
    real_fft_forward(c->fft, c->echo_re, c->echo_im, c->window);
    c->echo_breadth = breadth(c, c->echo_re, c->echo_im);
}

void correlator_take_source(struct correlator *c)
{
    real_fft_forward(c->fft, c->source_re, c->source_im, c->window);
    c->source_breadth = breadth(c, c->source_re, c->source_im);
}

bool correlator_tells(const struct correlator *c)
{
    return c->echo_breadth >= LEAST_BREADTH && c->source_breadth >= LEAST_BREADTH;
}

/* The cross-spectrum's phase alone, in the band. */
static void whiten(struct correlator *c)
{
    const size_t low = bin_of(c, BAND_LOW), high = bin_of(c, BAND_HIGH);
    memset(c->cross_re, 0, 2 * (c->size / 2 + 1) * sizeof(*c->cross_re));
    for (size_t k = low; k <= high; k++) {
        const float re = c->echo_re[k] * c->source_re[k] + c->echo_im[k] * c->source_im[k];
        const float im = c->echo_im[k] * c->source_re[k] - c->echo_re[k] * c->source_im[k];
        const float scale = 1.0f / sqrtf(re * re + im * im + TINY);
        c->cross_re[k] = re * scale;
        c->cross_im[k] = im * scale;
    }
}

void correlator_run(struct correlator *c)
{
    whiten(c);
    real_fft_inverse(c->fft, c->window, c->cross_re, c->cross_im);
}

static double value(const struct correlator *c, long lag)
{
    return (double)c->window[(size_t)(lag + (long)c->size) % c->size];
}

/* The top of the parabola through the peak and its neighbours, relative to the peak. */
static double refine(const struct correlator *c, long peak)
{
    const double before = fabs(value(c, peak - 1));
    const double at = fabs(value(c, peak));
    const double after = fabs(value(c, peak + 1));
    const double bend = before - 2.0 * at + after;
    return bend < 0.0 ? 0.5 * (before - after) / bend : 0.0;
}

/* Lags that lie side by side in memory: those before 0 are at the end of it. */
struct run {
    const float *values;
    size_t n;
    long first;
};

/* The lags from first to before last, in at most two runs. Returns how many. */
static size_t runs_of(const struct correlator *c, long first, long last, struct run runs[2])
{
    const long size = (long)c->size, middle = first < 0 && last > 0 ? 0 : last;
    const long at = first < 0 ? first + size : first;
    runs[0] = (struct run){c->window + at, (size_t)(middle - first), first};
    runs[1] = (struct run){c->window, (size_t)(last - middle), middle};
    return middle < last ? 2 : 1;
}

/* Sums side by side, which compilers turn into vectors. */
static double energy_of(const struct run *run)
{
    double sums[SIDE_BY_SIDE] = {0}, sum = 0.0;
    const size_t whole = run->n - run->n % SIDE_BY_SIDE;
    for (size_t i = 0; i < whole; i += SIDE_BY_SIDE)
        for (size_t k = 0; k < SIDE_BY_SIDE; k++)
            sums[k] += (double)run->values[i + k] * (double)run->values[i + k];
    for (size_t k = 0; k < SIDE_BY_SIDE; k++)
        sum += sums[k];
    for (size_t i = whole; i < run->n; i++)
        sum += (double)run->values[i] * (double)run->values[i];
    return sum;
}

/* From one lag to before another. */
static double energy(const struct correlator *c, long from, long to)
{
    struct run runs[2];
    double sum = 0.0;
    const size_t n = runs_of(c, from, to, runs);
    for (size_t i = 0; i < n; i++)
        sum += energy_of(&runs[i]);
    return sum;
}

/* The largest magnitude of a run, if it exceeds `most`, and where. */
static void find_largest(const struct run *run, float *most, long *lag)
{
    float largest[SIDE_BY_SIDE] = {0}, all = 0.0f;
    const size_t whole = run->n - run->n % SIDE_BY_SIDE;
    for (size_t i = 0; i < whole; i += SIDE_BY_SIDE)
        for (size_t k = 0; k < SIDE_BY_SIDE; k++) {
            const float size = fabsf(run->values[i + k]);
            largest[k] = size > largest[k] ? size : largest[k];
        }
    for (size_t k = 0; k < SIDE_BY_SIDE; k++)
        all = fmaxf(all, largest[k]);
    for (size_t i = whole; i < run->n; i++)
        all = fmaxf(all, fabsf(run->values[i]));
    if (!(all > *most))
        return;
    *most = all;
    for (size_t i = 0; i < run->n; i++) {
        if (fabsf(run->values[i]) < all)
            continue;
        *lag = run->first + (long)i;
        return;
    }
}

struct correlator_peak correlator_find(const struct correlator *c, long first, long last)
{
    struct correlator_peak peak = {0};
    struct run runs[2];
    long best = first;
    float largest = 0.0f;
    const size_t n = runs_of(c, first, last + 1, runs);
    for (size_t i = 0; i < n; i++)
        find_largest(&runs[i], &largest, &best);
    const double sum = energy(c, first, last + 1), lags = (double)(last - first + 1);
    const double most = (double)largest;
    if (most <= 0.0)
        return peak;
    peak.lag = (double)best + refine(c, best);
    peak.size = most;
    peak.height = most / sqrt(sum / lags);
    if (best - TAIL > first && best + TAIL < last) {
        const double scale = 1.0 / (most * most);
        peak.floor = scale * sum * (TAIL - GUARD) / lags;
        peak.after = scale * energy(c, best + GUARD, best + TAIL);
        peak.before = scale * energy(c, best - TAIL, best - GUARD + 1);
    }
    return peak;
}

void correlator_remove(struct correlator *c, double lag)
{
    const long at = lround(lag), size = (long)c->size;
    for (long i = at - GUARD; i <= at + GUARD; i++)
        c->window[(size_t)(i + size) % c->size] = 0.0f;
}
