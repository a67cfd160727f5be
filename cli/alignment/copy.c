#include "alignment/copy.h"

#include "alignment/correlator.h"
#include "dsp/converter.h"
#include "files/scratch.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 16384, LEVEL = CORRELATOR_RATE / LEVELS_PER_S };

/* Part of the energy by which two copies of the same signal may differ. */
#define SAME 1e-5

struct copier {
    struct copy *copy;
    converter *converter;
    float level[LEVEL]; /* the samples of the next level */
    size_t level_n;
    float in[PART], out[PART];
    double rate;
    uint64_t heard, due; /* samples, of what has been pushed */
    bool full;
};

static bool no_memory(void)
{
    report_error("out of memory");
    return false;
}

struct copier *copier_open(struct copy *copy, double rate)
{
    struct copier *c = calloc(1, sizeof(*c));
    *copy = (struct copy){0};
    if (c)
        c->converter = converter_open(rate, CORRELATOR_RATE, PART);
    if (!c || !c->converter) {
        free(c);
        no_memory();
        return NULL;
    }
    c->copy = copy;
    c->rate = rate;
    copy->file = scratch_try(NULL);
    c->full = !copy->file;
    return c;
}

void copier_close(struct copier *c)
{
    if (c)
        converter_close(&c->converter);
    free(c);
}

bool copier_is_full(const struct copier *c)
{
    return c->full;
}

/* Around the mean: an offset is not sound. */
static double level(const float *x)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < LEVEL; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    return level_of_power(
        fmax(0.0, squares / (double)LEVEL - sum / (double)LEVEL * (sum / (double)LEVEL)));
}

static bool take_levels(struct copier *c, const float *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        c->level[c->level_n++] = samples[i];
        if (c->level_n < LEVEL)
            continue;
        if (!levels_add(&c->copy->levels, level(c->level)))
            return no_memory();
        c->level_n = 0;
    }
    return true;
}

/* Whatever the converter has ready, but no more than belongs to the recording. */
static bool put(struct copier *c)
{
    for (;;) {
        const uint64_t left = c->due - c->copy->n;
        const size_t n = converter_pull(c->converter, c->out, left < PART ? (size_t)left : PART);
        if (n == 0)
            return true;
        if (fwrite(c->out, sizeof(*c->out), n, c->copy->file) != n) {
            c->full = true;
            return true;
        }
        c->copy->n += n;
        if (!take_levels(c, c->out, n))
            return false;
    }
}

static bool push_part(struct copier *c, const float *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        c->in[i] = isfinite(samples[i]) ? samples[i] : 0.0f;
        c->copy->peak = fmax(c->copy->peak, fabs((double)c->in[i]));
    }
    c->heard += n;
    c->due = (uint64_t)((double)c->heard * CORRELATOR_RATE / c->rate);
    converter_push(c->converter, c->in, n);
    return put(c);
}

bool copier_push(struct copier *c, const float *samples, size_t n)
{
    for (size_t at = 0; at < n && !c->full; at += PART)
        if (!push_part(c, samples + at, n - at < PART ? n - at : PART))
            return false;
    return true;
}

bool copier_finish(struct copier *c)
{
    memset(c->in, 0, sizeof(c->in));
    /* The filter looks ahead. */
    while (!c->full && c->copy->n < c->due) {
        converter_push(c->converter, c->in, PART);
        if (!put(c))
            return false;
    }
    /* The last samples may only now meet a full disk. */
    c->full = c->full || fflush(c->copy->file) != 0;
    c->copy->active_db = levels_active(&c->copy->levels, &c->copy->active_seconds);
    return true;
}

void copy_close(struct copy *copy)
{
    if (copy->file)
        fclose(copy->file);
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
    memset(samples, 0, n * sizeof(*samples));
    if (first >= last || fseeko(copy->file, (off_t)first * (off_t)sizeof(float), SEEK_SET) != 0)
        return;
    /* A file that cannot be read back is silence: nothing will be found in it. */
    if (fread(samples + (first - from), sizeof(float), (size_t)(last - first), copy->file) == 0)
        clearerr(copy->file);
}

bool copies_are_same(const struct copy *a, const struct copy *b)
{
    const uint64_t n = a->n < b->n ? a->n : b->n;
    float x[4096], y[4096];
    double energy = 0.0, difference = 0.0;
    for (uint64_t at = 0; at < n && difference <= SAME * (energy + 1.0); at += 4096) {
        const size_t part = n - at < 4096 ? (size_t)(n - at) : 4096;
        copy_read(a, x, (int64_t)at, part);
        copy_read(b, y, (int64_t)at, part);
        for (size_t i = 0; i < part; i++) {
            const double d = (double)x[i] - (double)y[i];
            energy += (double)x[i] * (double)x[i];
            difference += d * d;
        }
    }
    return energy > 0.0 && difference < SAME * energy;
}
