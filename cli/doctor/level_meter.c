#include "doctor/level_meter.h"

#include "report.h"

static double mean_of(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return n ? sum / (double)n : 0.0;
}

double level_meter_power(const float *x, size_t n)
{
    const double mean = mean_of(x, n);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)x[i] - mean) * ((double)x[i] - mean);
    return n ? sum / (double)n : 0.0;
}

static bool add(struct level_meter *m)
{
    const double power = level_meter_power(m->samples, m->n);
    if (!levels_add(m->levels, level_of_power(power)) ||
        (m->means && !levels_add(m->means, mean_of(m->samples, m->n))))
        return report_no_memory();
    m->n = 0;
    return true;
}

bool level_meter_hear(struct level_meter *m, const float *samples, size_t n)
{
    uint64_t end = (m->levels->n + 1) * (uint64_t)m->rate / LEVELS_PER_S;
    for (size_t i = 0; i < n; i++) {
        m->samples[m->n++] = samples[i];
        if (++m->heard < end)
            continue;
        if (!add(m))
            return false;
        end = (m->levels->n + 1) * (uint64_t)m->rate / LEVELS_PER_S;
    }
    return true;
}
