/* The state of a live canceller in words. */
#ifndef UNECHO_CLI_LIVE_WORDS_H
#define UNECHO_CLI_LIVE_WORDS_H

#include "live/live.h"

#include <stddef.h>

/* Without a full stop; figures change only where what they say does. */
void live_words(const live_state *state, char *text, size_t size);

/* The delay, the drift, how much lower the echo is; empty while no echo is seen. */
void live_figures(const live_state *state, char *text, size_t size);

#endif
