#include "alignment/levels.h"

#include <math.h>
#include <stdlib.h>

double level_of_power(double power)
{
    return power > 1e-12 ? 10.0 * log10(power) : (double)LEVEL_NONE;
}

bool levels_add(struct levels *levels, double db)
{
    if (levels->n == levels->room) {
        const size_t room = 2 * levels->room + 1024;
        float *more = realloc(levels->db, room * sizeof(*more));
        if (!more)
            return false;
        levels->db = more;
        levels->room = room;
    }
    levels->db[levels->n++] = (float)db;
    return true;
}

/* The index of the level at a time; may be outside. */
static long index_at(double seconds)
{
    return (long)floor(seconds * LEVELS_PER_S);
}

static float level_of(const struct levels *levels, long index)
{
    return index < 0 || (size_t)index >= levels->n ? LEVEL_NONE : levels->db[index];
}

float level_at(const struct levels *levels, double seconds)
{
    return level_of(levels, index_at(seconds));
}

float level_highest(const struct levels *levels, double from, double to)
{
    float highest = LEVEL_NONE;
    const long last = index_at(to);
    for (long i = index_at(from); i <= last; i++) {
        const float level = level_of(levels, i);
        highest = level > highest ? level : highest;
    }
    return highest;
}

double level_mean(const struct levels *levels, double from, double to)
{
    const long first = index_at(from), last = index_at(to);
    double power = 0.0;
    for (long i = first; i <= last; i++)
        power += pow(10.0, 0.1 * (double)level_of(levels, i));
    return level_of_power(power / (double)(last - first + 1));
}

double levels_active(const struct levels *levels, double *seconds)
{
    double power = 0.0;
    size_t active = 0;
    for (size_t i = 0; i < levels->n; i++) {
        if (levels->db[i] <= ACTIVE_DB)
            continue;
        active++;
        power += pow(10.0, 0.1 * (double)levels->db[i]);
    }
    *seconds = (double)active / LEVELS_PER_S;
    return active ? 10.0 * log10(power / (double)active) : (double)LEVEL_NONE;
}

void levels_free(struct levels *levels)
{
    free(levels->db);
    *levels = (struct levels){0};
}
