#include "alignment/order.h"

#include <math.h>

/* Whether an end is quiet around a time, relative to its active level. */
static int is_quiet(struct loudness end, double seconds)
{
    return (double)level_highest(end.levels, seconds - 0.2, seconds + 0.2) <= end.active_db - 30.0;
}

static int is_sounding(struct loudness end, double seconds)
{
    return (double)level_at(end.levels, seconds) > end.active_db - 15.0;
}

struct alone alone_count(struct loudness mic, struct loudness far, far_time *heard,
                         const void *context)
{
    struct alone alone = {0};
    for (size_t i = 0; i < mic.levels->n; i++) {
        const double t = ((double)i + 0.5) / LEVELS_PER_S;
        const double far_t = heard(context, t);
        if (far_t < 0.0 || far_t * LEVELS_PER_S >= (double)far.levels->n)
            continue;
        if (is_sounding(mic, t) && is_quiet(far, far_t))
            alone.mic_seconds += 1.0 / LEVELS_PER_S;
        if (is_sounding(far, far_t) && is_quiet(mic, t))
            alone.far_seconds += 1.0 / LEVELS_PER_S;
    }
    return alone;
}

enum ends_order ends_find_order(struct alone alone, double tail)
{
    /* Speech in one end that is not in the other: that is the near end. */
    if (fmax(alone.far_seconds, alone.mic_seconds) > 0.5 &&
        (alone.far_seconds > 3.0 * alone.mic_seconds ||
         alone.mic_seconds > 3.0 * alone.far_seconds))
        return alone.far_seconds > alone.mic_seconds ? ENDS_SWAPPED : ENDS_RIGHT;
    /* The room rings after its source. */
    if (fabs(tail) > 0.2)
        return tail < 0.0 ? ENDS_SWAPPED : ENDS_RIGHT;
    return ENDS_UNKNOWN;
}
