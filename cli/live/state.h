/* What the statistics of a live canceller say of its state. */
#ifndef UNECHO_CLI_LIVE_STATE_H
#define UNECHO_CLI_LIVE_STATE_H

#include "live/live.h"

#include <stdbool.h>

/* New statistics, at a time in seconds. */
void live_state_take(live_state *state, const unecho_stats *stats, double now);

/* Whether the far end sounds at present. */
bool live_hears_far(const unecho_stats *stats);

/* Whether the delay is that of an echo which is heard at present. */
bool live_sees_echo(const unecho_stats *stats);

#endif
