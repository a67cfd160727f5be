#include "alignment/copy.h"

#include "alignment/correlator.h"
#include "alignment/decimator.h"
#include "dsp/clones.h"
#include "dsp/converter.h"
#include "dsp/peak.h"
#include "files/scratch.h"
#include "report.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is read, converted and measured in turn fits in the first cache. */
enum { PART = 4096, LEVEL = CORRELATOR_RATE / LEVELS_PER_S };

/* Part of the energy that may be other in two copies of the same signal, at whatever levels: a
 * lossy codec's noise. */
#define OTHER 0.01

struct copier {
    struct copy *copy;
    struct decimator *decimator; /* or, from other rates than multiples: */
    converter *converter;
    float level[LEVEL]; /* the samples of the next level */
    size_t level_n;
    float out[PART];
    double rate;
    size_t room, most;   /* of the copy in memory */
    uint64_t heard, due; /* samples, of what has been pushed */
    bool full;
};

struct copier *copier_open(struct copy *copy, double rate, size_t in_memory)
{
    struct copier *c = calloc(1, sizeof(*c));
    *copy = (struct copy){0};
    const double factor = rate / CORRELATOR_RATE;
    if (c && factor == floor(factor))
        c->decimator = decimator_new((unsigned)factor, PART);
    else if (c)
        c->converter = converter_open(rate, CORRELATOR_RATE, PART);
    if (in_memory > 0)
        copy->samples = malloc(in_memory * sizeof(*copy->samples));
    if (!c || !(c->decimator || c->converter) || (in_memory > 0 && !copy->samples)) {
        copier_close(c);
        report_no_memory();
        return NULL;
    }
    c->copy = copy;
    c->rate = rate;
    c->room = in_memory;
    return c;
}

void copier_close(struct copier *c)
{
    if (!c)
        return;
    decimator_free(c->decimator);
    converter_close(&c->converter);
    free(c);
}

bool copier_is_full(const struct copier *c)
{
    return c->full;
}

/* Around the mean: an offset is not sound. */
CLONED static double level(const float *x)
{
    enum { SIDE_BY_SIDE = 8 };
    _Static_assert(LEVEL % SIDE_BY_SIDE == 0, "a level in rows of equal length");
    double sums[SIDE_BY_SIDE] = {0}, squares[SIDE_BY_SIDE] = {0}, sum = 0.0, square = 0.0;
    for (size_t i = 0; i < LEVEL; i += SIDE_BY_SIDE)
        for (size_t k = 0; k < SIDE_BY_SIDE; k++) {
            sums[k] += (double)x[i + k];
            squares[k] += (double)x[i + k] * (double)x[i + k];
        }
    for (size_t k = 0; k < SIDE_BY_SIDE; k++) {
        sum += sums[k];
        square += squares[k];
    }
    const double mean = sum / (double)LEVEL;
    return level_of_power(fmax(0.0, square / (double)LEVEL - mean * mean));
}

static bool take_levels(struct copier *c, const float *samples, size_t n)
{
    while (n > 0) {
        const bool whole = c->level_n == 0 && n >= LEVEL;
        const size_t left = LEVEL - c->level_n, part = n < left ? n : left;
        if (!whole)
            memcpy(c->level + c->level_n, samples, part * sizeof(*samples));
        c->level_n += part;
        n -= part;
        if (c->level_n < LEVEL)
            break;
        if (!levels_add(&c->copy->levels, level(whole ? samples : c->level)))
            return report_no_memory();
        c->level_n = 0;
        samples += part;
    }
    return true;
}

static size_t pull(struct copier *c, float *samples, size_t n)
{
    return c->decimator ? decimator_pull(c->decimator, samples, n)
                        : converter_pull(c->converter, samples, n);
}

static void push(struct copier *c, const float *samples, size_t n)
{
    if (c->decimator)
        decimator_push(c->decimator, samples, n);
    else
        converter_push(c->converter, samples, n);
}

static bool write_out(struct copier *c, const float *samples, size_t n)
{
    c->full = n > 0 && fwrite(samples, sizeof(*samples), n, c->copy->file) != n;
    return !c->full;
}

/* From memory to a file. */
static bool move_out(struct copier *c)
{
    struct copy *const copy = c->copy;
    copy->file = scratch_try(NULL);
    c->full = !copy->file;
    if (c->full || !write_out(c, copy->samples, (size_t)copy->n))
        return false;
    free(copy->samples);
    copy->samples = NULL;
    return true;
}

/* Where the next samples go, at most *n of them: the copy itself, or what is written to its file.
 * NULL: full. */
static float *next_out(struct copier *c, size_t *n)
{
    struct copy *const copy = c->copy;
    if (!copy->file && copy->n == c->room && !move_out(c))
        return NULL;
    const uint64_t left = copy->file ? PART : c->room - copy->n;
    *n = left < *n ? (size_t)left : *n;
    return copy->file ? c->out : copy->samples + copy->n;
}

/* Whatever the converter has ready, but no more than belongs to the recording. */
static bool put(struct copier *c)
{
    while (c->due > c->copy->n) {
        const uint64_t left = c->due - c->copy->n;
        size_t n = left < PART ? (size_t)left : PART;
        float *const out = next_out(c, &n);
        n = out ? pull(c, out, n) : 0;
        if (n == 0 || (c->copy->file && !write_out(c, out, n)))
            return true;
        c->copy->n += n;
        if (!take_levels(c, out, n))
            return false;
    }
    return true;
}

/* 0 for those that are not finite. Returns the peak of the others. */
CLONED static float guard(float *samples, size_t n)
{
    const float peak = peak_of(samples, n);
    if (peak <= FLT_MAX)
        return peak;
    for (size_t i = 0; i < n; i++)
        samples[i] = fabsf(samples[i]) <= FLT_MAX ? samples[i] : 0.0f;
    return peak_of(samples, n);
}

static bool push_part(struct copier *c, float *samples, size_t n)
{
    c->copy->peak = fmax(c->copy->peak, (double)guard(samples, n));
    c->heard += n;
    c->due = (uint64_t)((double)c->heard * CORRELATOR_RATE / c->rate);
    push(c, samples, n);
    return put(c);
}

bool copier_push(struct copier *c, float *samples, size_t n)
{
    for (size_t at = 0; at < n && !c->full; at += PART)
        if (!push_part(c, samples + at, n - at < PART ? n - at : PART))
            return false;
    return true;
}

bool copier_finish(struct copier *c)
{
    static const float silence[PART];
    /* The filter looks ahead. */
    while (!c->full && c->copy->n < c->due) {
        push(c, silence, PART);
        if (!put(c))
            return false;
    }
    /* The last samples may only now meet a full disk. */
    c->full = c->full || (c->copy->file && fflush(c->copy->file) != 0);
    c->copy->active_db = levels_active(&c->copy->levels, &c->copy->active_seconds);
    return true;
}

void copy_close(struct copy *copy)
{
    if (copy->file)
        fclose(copy->file);
    free(copy->samples);
    levels_free(&copy->levels);
    *copy = (struct copy){0};
}

double copy_seconds(const struct copy *copy)
{
    return (double)copy->n / CORRELATOR_RATE;
}

void copy_read(const struct copy *copy, float *samples, int64_t from, size_t n)
{
    const int64_t end = from + (int64_t)n, total = (int64_t)copy->n;
    const int64_t first = from < 0 ? 0 : from, last = end < total ? end : total;
    if (first < last && copy->samples) {
        const size_t before = (size_t)(first - from), count = (size_t)(last - first);
        memset(samples, 0, before * sizeof(*samples));
        memcpy(samples + before, copy->samples + first, count * sizeof(*samples));
        memset(samples + before + count, 0, (n - before - count) * sizeof(*samples));
        return;
    }
    memset(samples, 0, n * sizeof(*samples));
    if (first >= last || !copy->file ||
        fseeko(copy->file, (off_t)first * (off_t)sizeof(float), SEEK_SET) != 0)
        return;
    /* A file that cannot be read back is silence: nothing will be found in it. */
    if (fread(samples + (first - from), sizeof(float), (size_t)(last - first), copy->file) == 0)
        clearerr(copy->file);
}

const float *copy_look(const struct copy *copy, float *samples, int64_t from, size_t n)
{
    if (copy->samples && from >= 0 && (uint64_t)from + n <= copy->n)
        return copy->samples + from;
    copy_read(copy, samples, from, n);
    return samples;
}

bool copies_are_same(const struct copy *a, const struct copy *b)
{
    const uint64_t n = a->n < b->n ? a->n : b->n;
    float x[4096], y[4096];
    double xx = 0.0, yy = 0.0, xy = 0.0;
    for (uint64_t at = 0; at < n && xx * yy - xy * xy <= OTHER * (xx + 1.0) * (yy + 1.0);
         at += 4096) {
        const size_t part = n - at < 4096 ? (size_t)(n - at) : 4096;
        copy_read(a, x, (int64_t)at, part);
        copy_read(b, y, (int64_t)at, part);
        for (size_t i = 0; i < part; i++) {
            xx += (double)x[i] * (double)x[i];
            yy += (double)y[i] * (double)y[i];
            xy += (double)x[i] * (double)y[i];
        }
    }
    return xx > 0.0 && yy > 0.0 && xx * yy - xy * xy < OTHER * xx * yy;
}
