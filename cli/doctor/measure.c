#include "doctor/measure.h"

#include "doctor/gaps.h"
#include "doctor/level_meter.h"
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

struct measurement {
    struct measures *measures;
    struct level_meter meter;
    struct levels means;
    struct gap_finder gaps;
    int rate;
    float peak, edge;    /* edge: what is near the peak lies above it */
    size_t row, clipped; /* samples above the edge: in a row up to now, in all of the long rows */
};

struct measurement *measurement_open(struct measures *measures, int rate)
{
    struct measurement *m = calloc(1, sizeof(*m));
    *measures = (struct measures){0};
    if (!m) {
        report_no_memory();
        return NULL;
    }
    m->measures = measures;
    m->rate = rate;
    m->meter.rate = rate;
    m->meter.levels = &measures->levels;
    m->meter.means = &m->means;
    m->gaps.per_ms = (size_t)rate / 1000;
    return m;
}

void measurement_close(struct measurement *m)
{
    if (m)
        levels_free(&m->means);
    free(m);
}

/* What lay near a former peak does not lie near a new one that is clearly higher. */
static void raise_peak(struct measurement *m, float peak)
{
    const float edge = (float)(CUT_NEARNESS * (double)peak);
    if (edge > m->peak)
        m->row = m->clipped = 0;
    m->peak = peak;
    m->edge = edge;
}

static void find_clipping(struct measurement *m, const float *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float size = fabsf(samples[i]);
        if (size > m->peak)
            raise_peak(m, size);
        m->row = size >= m->edge ? m->row + 1 : 0;
        if (m->row >= CUT_ROW)
            m->clipped += m->row == CUT_ROW ? CUT_ROW : 1;
    }
}

bool measurement_hear(struct measurement *m, const float *samples, size_t n)
{
    find_clipping(m, samples, n);
    gap_finder_hear(&m->gaps, samples, n);
    return level_meter_hear(&m->meter, samples, n);
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The level of the quietest tenth. */
static bool find_floor(struct measures *measures)
{
    const struct levels *levels = &measures->levels;
    size_t n = 0;
    float *sorted = malloc((levels->n + 1) * sizeof(*sorted));
    if (!sorted)
        return report_no_memory();
    for (size_t i = 0; i < levels->n; i++)
        if (levels->db[i] > LEVEL_NONE)
            sorted[n++] = levels->db[i];
    qsort(sorted, n, sizeof(*sorted), compare_floats);
    measures->floor_db = (double)(n ? sorted[n / 10] : LEVEL_NONE);
    free(sorted);
    return true;
}

bool measurement_end(struct measurement *m)
{
    struct measures *const result = m->measures;
    struct levels *const means = &m->means;
    gap_finder_end(&m->gaps);
    if (!find_floor(result))
        return false;
    if (means->n > 0)
        qsort(means->db, means->n, sizeof(*means->db), compare_floats);
    result->offset = means->n ? (double)means->db[means->n / 2] : 0.0;
    result->seconds = (double)m->meter.heard / m->rate;
    result->peak = (double)m->peak;
    result->active_db = levels_active(&result->levels, &result->active_seconds);
    result->silent_seconds = (double)m->gaps.silent / m->rate;
    result->gaps = m->gaps.gaps;
    result->gap_seconds = (double)m->gaps.in_gaps / m->rate;
    if (result->peak >= CUT_LEAST_PEAK && m->clipped >= CUT_LEAST && result->active_seconds > 0.0)
        result->clipped_share = (double)m->clipped / (result->active_seconds * m->rate);
    return true;
}

void measures_free(struct measures *measures)
{
    levels_free(&measures->levels);
}
