#include "doctor/measure.h"

#include "report.h"

#include <math.h>
#include <stdlib.h>

/*
 * Where a signal was clipped, several samples in a row reach its peak, more than once. No converter
 * clips below CUT_LEAST_PEAK.
 */
#define CUT_LEAST_PEAK 0.25
#define CUT_NEARNESS   0.9995
#define CUT_ROW        3
#define CUT_LEAST      12

/* A gap: digital silence of this length, with at least this level for 5 ms before and after. */
#define GAP_SHORTEST_MS 5
#define GAP_LONGEST_MS  500
#define GAP_AROUND_MS   5
#define GAP_AROUND_DB   (-50.0)

static double mean_of(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return n ? sum / (double)n : 0.0;
}

/* Around the mean: an offset is not sound. */
static double power_of(const float *x, size_t n)
{
    const double mean = mean_of(x, n);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)x[i] - mean) * ((double)x[i] - mean);
    return n ? sum / (double)n : 0.0;
}

/* The first sample of the i-th level. */
static size_t begin_of(size_t i, int rate)
{
    return i * (size_t)rate / LEVELS_PER_S;
}

bool levels_take(struct levels *levels, const float *samples, size_t n, int rate)
{
    levels->n = n * LEVELS_PER_S / (size_t)rate;
    levels->db = malloc((levels->n + 1) * sizeof(*levels->db));
    if (!levels->db) {
        report_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < levels->n; i++) {
        const size_t from = begin_of(i, rate);
        levels->db[i] =
            (float)level_of_power(power_of(samples + from, begin_of(i + 1, rate) - from));
    }
    return true;
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The noise floor and the offset. */
static bool find_usual(struct measures *measures, const struct doctor_end *end)
{
    const struct levels *levels = &measures->levels;
    size_t n = 0;
    float *sorted = malloc((levels->n + 1) * sizeof(*sorted));
    if (!sorted) {
        report_error("out of memory");
        return false;
    }
    for (size_t i = 0; i < levels->n; i++)
        if (levels->db[i] > LEVEL_NONE)
            sorted[n++] = levels->db[i];
    qsort(sorted, n, sizeof(*sorted), compare_floats);
    measures->floor_db = (double)(n ? sorted[n / 10] : LEVEL_NONE);

    for (size_t i = 0; i < levels->n; i++) {
        const size_t from = begin_of(i, end->rate);
        sorted[i] = (float)mean_of(end->samples + from, begin_of(i + 1, end->rate) - from);
    }
    qsort(sorted, levels->n, sizeof(*sorted), compare_floats);
    measures->offset = levels->n ? (double)sorted[levels->n / 2] : 0.0;
    free(sorted);
    return true;
}

static void find_peak(struct measures *measures, const struct doctor_end *end)
{
    float peak = 0.0f;
    for (size_t i = 0; i < end->n; i++)
        peak = fmaxf(peak, fabsf(end->samples[i]));
    measures->peak = (double)peak;
}

static void find_clipping(struct measures *measures, const struct doctor_end *end)
{
    const float edge = (float)(CUT_NEARNESS * measures->peak);
    size_t row = 0, clipped = 0;
    if (measures->peak < CUT_LEAST_PEAK)
        return;
    for (size_t i = 0; i < end->n; i++) {
        row = fabsf(end->samples[i]) >= edge ? row + 1 : 0;
        if (row >= CUT_ROW)
            clipped += row == CUT_ROW ? CUT_ROW : 1;
    }
    if (clipped >= CUT_LEAST && measures->active_seconds > 0.0)
        measures->clipped_share = (double)clipped / (measures->active_seconds * end->rate);
}

static bool is_loud(const float *x, size_t n)
{
    return level_of_power(power_of(x, n)) > GAP_AROUND_DB;
}

static void find_gaps(struct measures *measures, const struct doctor_end *end)
{
    const size_t per_ms = (size_t)end->rate / 1000, around = GAP_AROUND_MS * per_ms;
    size_t row = 0, silent = 0;
    for (size_t i = 0; i <= end->n; i++) {
        if (i < end->n && end->samples[i] == 0.0f) {
            row++;
            continue;
        }
        if (row >= GAP_SHORTEST_MS * per_ms) {
            silent += row;
            if (row <= GAP_LONGEST_MS * per_ms && i >= row + around && i + around <= end->n &&
                is_loud(end->samples + i - row - around, around) &&
                is_loud(end->samples + i, around)) {
                measures->gaps++;
                measures->gap_seconds += (double)row / end->rate;
            }
        }
        row = 0;
    }
    measures->silent_seconds = (double)silent / end->rate;
}

bool measure_end(struct measures *measures, const struct doctor_end *end)
{
    *measures = (struct measures){.seconds = (double)end->n / end->rate};
    find_peak(measures, end);
    if (!levels_take(&measures->levels, end->samples, end->n, end->rate) ||
        !find_usual(measures, end))
        return false;
    measures->active_db = levels_active(&measures->levels, &measures->active_seconds);
    find_clipping(measures, end);
    find_gaps(measures, end);
    return true;
}

void measures_free(struct measures *measures)
{
    levels_free(&measures->levels);
}
