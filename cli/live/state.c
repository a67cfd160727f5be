#include "live/state.h"

#include <math.h>

/* Below this no echo is seen, says unecho.h. */
#define CONFIDENT 0.3f
/* From this probability on the near end's talker speaks, says unecho.h. */
#define SPEAKS 0.5f
/* Levels are of the last 0.3 s: so long after a change they are of what came after it. */
#define ALONE_SECONDS 1.0

bool live_hears_far(const unecho_stats *stats)
{
    return stats->far_now_db > 10.0f * log10f((float)UNECHO_FAR_ACTIVE_POWER);
}

bool live_sees_echo(const unecho_stats *stats)
{
    return stats->aligned && stats->confidence >= CONFIDENT;
}

void live_state_take(live_state *state, const unecho_stats *stats, double now)
{
    const float heard = stats->far_active_seconds - state->stats.far_active_seconds;
    state->far_seconds = stats->aligned || heard < 0.0f ? 0.0 : state->far_seconds + (double)heard;
    /* The near end stays: while it is heard, levels say nothing of the echo. */
    if (!live_hears_far(stats) || stats->near_end_active >= SPEAKS)
        state->mixed = now;
    else if (now - state->mixed >= ALONE_SECONDS)
        state->echo_db = fmaxf(stats->mic_now_db - stats->out_now_db, 0.0f);
    state->stats = *stats;
}
