#include "doctor/gaps.h"

#include "doctor/level_meter.h"

#include <math.h>

static bool is_loud(const struct gap_finder *f, const float *x, size_t n)
{
    const double step_db = 20.0 * log10((double)f->step);
    return level_of_power(level_meter_power(x, n)) > fmax(GAP_AROUND_DB, step_db + GAP_STEP_DB);
}

/* Whether it was loud before a row that is now as long as a gap at least. */
static bool was_loud(const struct gap_finder *f)
{
    float before[UNECHO_RATE_MAX / 1000 * GAP_SHORTEST_MS];
    const size_t around = GAP_SHORTEST_MS * f->per_ms;
    if (f->heard < 2 * around)
        return false;
    for (size_t i = 0; i < around; i++)
        before[i] = f->recent[(f->heard + i) % (2 * around)];
    return is_loud(f, before, around);
}

static void end_row(struct gap_finder *f)
{
    if (f->row >= GAP_SHORTEST_MS * f->per_ms) {
        f->silent += f->row;
        f->gap = f->loud_before && f->row <= GAP_LONGEST_MS * f->per_ms ? f->row : 0;
        f->after_n = 0;
    }
    f->row = 0;
}

static void hear_after(struct gap_finder *f, float x)
{
    f->after[f->after_n++] = x;
    if (f->after_n < GAP_SHORTEST_MS * f->per_ms)
        return;
    if (is_loud(f, f->after, f->after_n)) {
        f->gaps++;
        f->in_gaps += f->gap;
    }
    f->gap = 0;
}

void gap_finder_hear(struct gap_finder *f, const float *samples, size_t n)
{
    const size_t shortest = GAP_SHORTEST_MS * f->per_ms, size = 2 * shortest;
    size_t at = f->heard % size;
    for (size_t i = 0; i < n; i++) {
        f->recent[at] = samples[i];
        at = at + 1 < size ? at + 1 : 0;
        f->heard++;
        if (samples[i] != 0.0f) {
            const float least = fabsf(samples[i]);
            f->step = f->step > 0.0f && f->step < least ? f->step : least;
            end_row(f);
        } else if (++f->row == shortest)
            f->loud_before = was_loud(f);
        if (f->gap > 0)
            hear_after(f, samples[i]);
    }
}

void gap_finder_end(struct gap_finder *f)
{
    end_row(f);
}
