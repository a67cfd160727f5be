/* The LADSPA plugin: where it is, and its statistics. */
#ifndef UNECHO_CLI_LIVE_PLUGIN_H
#define UNECHO_CLI_LIVE_PLUGIN_H

#include "unecho_ladspa.h"

#include <limits.h>
#include <stdbool.h>

typedef struct live_plugin {
    char path[PATH_MAX]; /* absolute */
    void *library;
    unecho_ladspa_stats_function *stats;
} live_plugin;

/* Load that file; NULL: from LADSPA_PATH, from the build folder of this program, or from where it
 * is installed. false: reported. */
bool plugin_open(live_plugin *p, const char *file);
void plugin_close(live_plugin *p);

/* true: *stats is new. */
bool plugin_stats(const live_plugin *p, unecho_stats *stats);

#endif
