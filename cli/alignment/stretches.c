/*
 * Only the near end: it is loud, and the far end has been silent for long enough that its echo is
 * gone. Only the far end: a linear filter can make nearly as much of the microphone from it as it
 * can anywhere in the recording (by the coherence).
 */
#include "alignment/stretches.h"

#include "alignment/coherence.h"
#include "alignment/correlator.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A second in the middle of two that are examined. */
#define STEP_S 1.0
/* What a filter can remove where only the far end is heard, dB: at least this, and at most so much
 * less than in the best tenth. */
#define LEAST_DB   4.0
#define ALLOWED_DB 3.0

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The level of the quietest tenth that is not digital silence. */
static bool find_floor(const struct levels *levels, double *db)
{
    float *sorted = malloc((levels->n + 1) * sizeof(*sorted));
    size_t n = 0;
    if (!sorted)
        return report_no_memory();
    for (size_t i = 0; i < levels->n; i++)
        if (levels->db[i] > LEVEL_NONE)
            sorted[n++] = levels->db[i];
    qsort(sorted, n, sizeof(*sorted), compare_floats);
    *db = (double)(n ? sorted[n / 10] : LEVEL_NONE);
    free(sorted);
    return true;
}

static bool mark_near(struct stretches *s, const struct copies *copies, const struct track *track,
                      const struct far_plan *plan)
{
    struct levels edited = {0};
    const bool is_edited = plan->count > 0;
    const struct levels *far = is_edited ? &edited : &copies->far.levels;
    double floor_db;
    if (!find_floor(&copies->mic.levels, &floor_db))
        return false;
    if (is_edited && !far_plan_levels(plan, &copies->far.levels, &edited))
        return false;
    const double least = fmax(floor_db + 15.0, -60.0);
    for (size_t i = 0; i < s->n; i++) {
        const double at = ((double)i + 0.5) / LEVELS_PER_S;
        const double lag = track->piece_count && !is_edited ? track_lag(track, at) : 0.0;
        if ((double)copies->mic.levels.db[i] >= least &&
            level_highest(far, at - lag - 0.7, at - lag + 0.1) <= ACTIVE_DB - 10.0f)
            s->kinds[i] = STRETCH_NEAR;
    }
    levels_free(&edited);
    return true;
}

struct meter {
    struct coherence *coherence;
    size_t half;
    float *mic, *far; /* [half] */
};

static void take_half(struct meter *m, const struct copies *copies, size_t second, int64_t lag)
{
    const int64_t start = (int64_t)(second * m->half);
    coherence_take(m->coherence, copy_look(&copies->far, m->far, start - lag, m->half),
                   copy_look(&copies->mic, m->mic, start, m->half));
}

/* What a filter could remove in the two seconds from each on, dB; 0: nothing or inactive. */
static void measure_each(struct meter *m, float *gains, size_t n, const struct copies *copies,
                         const struct track *track)
{
    size_t next = 0; /* the second that follows those taken, if the lag is the same */
    int64_t lag_before = 0;
    for (size_t i = 0; i < n; i++) {
        const double from = (double)i * STEP_S, lag_s = track_lag(track, from + STEP_S);
        const int64_t lag = llround(lag_s * CORRELATOR_RATE);
        double before = 0.0, after = 0.0;
        gains[i] = 0.0f;
        if (level_highest(&copies->far.levels, from - lag_s, from - lag_s + 2.0 * STEP_S) <
            ACTIVE_DB)
            continue;
        if (next != i + 1 || lag != lag_before)
            take_half(m, copies, i, lag);
        take_half(m, copies, i + 1, lag);
        next = i + 2;
        lag_before = lag;
        if (coherence_add(m->coherence, &before, &after) && after > 0.0 && before > after)
            gains[i] = (float)(10.0 * log10(before / after));
    }
}

static bool measure(float *gains, size_t n, const struct copies *copies, const struct track *track)
{
    struct meter m = {.coherence = coherence_new(CORRELATOR_RATE)};
    if (m.coherence) {
        m.half = coherence_half(m.coherence);
        m.mic = malloc(2 * m.half * sizeof(*m.mic));
    }
    const bool done = m.mic != NULL;
    if (done) {
        m.far = m.mic + m.half;
        measure_each(&m, gains, n, copies, track);
    }
    coherence_free(m.coherence);
    free(m.mic);
    return done || report_no_memory();
}

/* The gain that only a tenth exceeds. */
static float best_tenth(const float *gains, float *sorted, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (gains[i] > 0.0f)
            sorted[count++] = gains[i];
    qsort(sorted, count, sizeof(*sorted), compare_floats);
    return count ? sorted[count - 1 - count / 10] : 0.0f;
}

static bool mark_far(struct stretches *s, const struct copies *copies, const struct track *track)
{
    const size_t n = (size_t)fmax(0.0, copy_seconds(&copies->mic) / STEP_S - 1.0);
    const size_t slots = (size_t)(STEP_S * LEVELS_PER_S);
    float *gains = malloc((2 * n + 1) * sizeof(*gains));
    if (!gains)
        return report_no_memory();
    if (!measure(gains, n, copies, track)) {
        free(gains);
        return false;
    }
    const float least = fmaxf((float)LEAST_DB, best_tenth(gains, gains + n, n) - (float)ALLOWED_DB);
    for (size_t i = 0; i < n; i++) {
        const size_t first = i * slots + slots / 2;
        if (gains[i] >= least && first + slots <= s->n)
            memset(s->kinds + first, STRETCH_FAR, slots);
    }
    free(gains);
    return true;
}

bool stretches_find(struct stretches *stretches, const struct copies *copies,
                    const struct track *track, const struct far_plan *plan)
{
    stretches->n = copies->mic.levels.n;
    stretches->kinds = calloc(stretches->n + 1, 1);
    if (!stretches->kinds)
        return report_no_memory();
    return mark_near(stretches, copies, track, plan) &&
           (track->piece_count == 0 || mark_far(stretches, copies, track));
}

void stretches_free(struct stretches *stretches)
{
    free(stretches->kinds);
    *stretches = (struct stretches){0};
}
