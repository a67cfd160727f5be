/* The state of a live canceller in words. */
#ifndef UNECHO_CLI_LIVE_WORDS_H
#define UNECHO_CLI_LIVE_WORDS_H

#include "live/live.h"

#include <stddef.h>

/* Without a full stop; figures change only where what they say does. */
void live_words(const live_state *state, char *text, size_t size);

/* Whether the delay is that of an echo which is heard at present. */
bool live_sees_echo(const unecho_stats *stats);

#endif
