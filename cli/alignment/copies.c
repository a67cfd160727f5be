#include "alignment/copies.h"

#include "alignment/correlator.h"
#include "dsp/dot.h"
#include "dsp/resampler.h"
#include "files/scratch.h"
#include "interrupt.h"
#include "report.h"

#include "unecho.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* CAPACITY: a part, and what is left of the one before between two outputs. */
enum {
    PART = 16384,
    CAPACITY = PART + UNECHO_RATE_MAX / CORRELATOR_RATE + 1,
    LEVEL = CORRELATOR_RATE / LEVELS_PER_S
};

/* Part of the energy by which two copies of the same signal may differ. */
#define SAME 1e-5

typedef bool read_function(ends *pair, float *samples, size_t n, size_t *got);

struct copier {
    struct copy *copy;
    read_function *read;
    ends *pair;
    resampler resampler;
    void *memory;
    size_t levels_room;
    float level[LEVEL]; /* the samples of the next level */
    size_t level_n;
    float in[PART], out[PART];
    uint64_t due; /* samples, of what has been read */
    uint64_t heard;
    int rate;
    bool ended;
    bool full; /* there is no room for the copy */
};

static bool no_memory(void)
{
    report_error("out of memory");
    return false;
}

static struct copier *copier_open(struct copy *copy, ends *pair, read_function *read, int rate)
{
    struct copier *c = calloc(1, sizeof(*c));
    arena a = {0};
    if (!c) {
        no_memory();
        return NULL;
    }
    *c = (struct copier){.copy = copy, .read = read, .pair = pair, .rate = rate};
    resampler_layout(&c->resampler, &a, (unsigned)rate, CORRELATOR_RATE, CAPACITY, 1);
    c->memory = a.memory = arena_allocate(a.used);
    if (!c->memory) {
        free(c);
        no_memory();
        return NULL;
    }
    a.used = 0;
    resampler_layout(&c->resampler, &a, (unsigned)rate, CORRELATOR_RATE, CAPACITY, 1);
    if (resampler_start(&c->resampler, dsp_dot) < 0) {
        free(c->memory);
        free(c);
        no_memory();
        return NULL;
    }
    resampler_reset(&c->resampler, NULL, 0);
    copy->file = scratch_try(NULL);
    c->full = !copy->file;
    return c;
}

static void copier_close(struct copier *c)
{
    if (c) {
        resampler_close(&c->resampler);
        arena_release(c->memory);
    }
    free(c);
}

/* Around the mean: an offset is not sound. */
static double level(const float *x)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < LEVEL; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    return level_of_power(fmax(0.0, squares / LEVEL - sum / LEVEL * (sum / LEVEL)));
}

static bool add_level(struct copier *c)
{
    struct levels *levels = &c->copy->levels;
    if (levels->n == c->levels_room) {
        const size_t room = 2 * c->levels_room + 1024;
        float *more = realloc(levels->db, room * sizeof(*more));
        if (!more)
            return no_memory();
        levels->db = more;
        c->levels_room = room;
    }
    levels->db[levels->n++] = (float)level(c->level);
    c->level_n = 0;
    return true;
}

/* Whatever the resampler has ready, but no more than belongs to the recording. */
static bool put(struct copier *c)
{
    for (;;) {
        const uint64_t left = c->due - c->copy->n;
        const size_t n = resampler_ready(&c->resampler, left < PART ? (size_t)left : PART);
        if (n == 0)
            return true;
        resampler_pull(&c->resampler, c->out, n);
        if (fwrite(c->out, sizeof(*c->out), n, c->copy->file) != n) {
            c->full = true;
            return true;
        }
        c->copy->n += n;
        for (size_t i = 0; i < n; i++) {
            c->level[c->level_n++] = c->out[i];
            if (c->level_n == LEVEL && !add_level(c))
                return false;
        }
    }
}

static bool copy_part(struct copier *c)
{
    size_t got;
    if (!c->read(c->pair, c->in, PART, &got))
        return false;
    for (size_t i = 0; i < got; i++) {
        if (!isfinite(c->in[i]))
            c->in[i] = 0.0f;
        c->copy->peak = fmax(c->copy->peak, fabs((double)c->in[i]));
    }
    c->ended = got < PART;
    c->heard += got;
    c->due = (uint64_t)((double)c->heard * CORRELATOR_RATE / c->rate);
    memset(c->in + got, 0, (PART - got) * sizeof(*c->in));
    resampler_push(&c->resampler, c->in, PART);
    if (!put(c))
        return false;
    /* Silence after the end, which the filter looks ahead to. */
    while (c->ended && !c->full && c->copy->n < c->due) {
        memset(c->in, 0, sizeof(c->in));
        resampler_push(&c->resampler, c->in, PART);
        if (!put(c))
            return false;
    }
    return true;
}

static void find_same(struct copies *copies)
{
    const uint64_t n = copies->mic.n < copies->far.n ? copies->mic.n : copies->far.n;
    float mic[4096], far[4096];
    double energy = 0.0, difference = 0.0;
    for (uint64_t at = 0; at < n && difference <= SAME * (energy + 1.0); at += 4096) {
        const size_t part = n - at < 4096 ? (size_t)(n - at) : 4096;
        copy_read(&copies->mic, mic, (int64_t)at, part);
        copy_read(&copies->far, far, (int64_t)at, part);
        for (size_t i = 0; i < part; i++) {
            const double d = (double)mic[i] - (double)far[i];
            energy += (double)mic[i] * (double)mic[i];
            difference += d * d;
        }
    }
    copies->same = energy > 0.0 && difference < SAME * energy;
}

bool copies_take(struct copies *copies, ends *pair)
{
    struct copier *mic, *far;
    bool done, full;
    *copies = (struct copies){0};
    mic = copier_open(&copies->mic, pair, ends_read_mic, ends_mic_rate(pair));
    far = copier_open(&copies->far, pair, ends_read_far, ends_far_rate(pair));
    done = mic && far;
    full = done && (mic->full || far->full);
    while (done && !full && !(mic->ended && far->ended)) {
        done = (mic->ended || copy_part(mic)) && (far->ended || copy_part(far));
        full = mic->full || far->full;
        if (done && interrupted()) {
            report_error("interrupted");
            done = false;
        }
    }
    /* The last samples may only now meet a full disk. */
    full = full || (done && (fflush(copies->mic.file) != 0 || fflush(copies->far.file) != 0));
    if (done && full)
        report_note("no room for temporary files (%s): the recordings are not examined first",
                    strerror(errno));
    copier_close(mic);
    copier_close(far);
    if (!done || !ends_rewind(pair))
        return false;
    copies->taken = !full;
    if (full)
        return true;
    copies->mic.active_db = levels_active(&copies->mic.levels, &copies->mic.active_seconds);
    copies->far.active_db = levels_active(&copies->far.levels, &copies->far.active_seconds);
    find_same(copies);
    return true;
}

void copies_close(struct copies *copies)
{
    struct copy *both[] = {&copies->mic, &copies->far};
    for (size_t i = 0; i < 2; i++) {
        if (both[i]->file)
            fclose(both[i]->file);
        levels_free(&both[i]->levels);
    }
    *copies = (struct copies){0};
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
