/*
 * What the LADSPA plugin tells a program that loads its file into its own process besides what
 * LADSPA defines: statistics. LADSPA knows control outputs, but hosts hide them.
 */
#ifndef UNECHO_LADSPA_H
#define UNECHO_LADSPA_H

#include "unecho.h"

/*
 * The symbol `unecho_ladspa_stats`: statistics of the instance that was made last, as they were
 * shortly after the last call of this function. Set stats->size before. For the thread that makes
 * and cleans up instances; while run() runs elsewhere it waits for nothing.
 *
 * Returns 1 if *stats is filled; 0, and leaves it, if run() has not been called since the last
 * call; negative: ARGUMENT.
 */
typedef int unecho_ladspa_stats_function(unecho_stats *stats);

#endif
