/* A stream's config: its defaults, and what is wrong with a given one. */
#ifndef UNECHO_CONFIG_H
#define UNECHO_CONFIG_H

#include "message.h"
#include "unecho.h"

enum {
    CONFIG_FAR_QUEUE_MIN_MS = 20,
    CONFIG_FAR_QUEUE_MAX_MS = 2000,
    CONFIG_LATE_MAX_MS = 1000,
    CONFIG_HOP_MS = UNECHO_HOP * 1000 / UNECHO_SAMPLE_RATE,
    CONFIG_TAIL_MS = 256,
};

/* UNECHO_OK, or a status and one line that says which field is wrong and what was expected. */
int config_check(const unecho_config *config, const message *to);

/* In Hz. */
int config_far_rate(const unecho_config *config);

#endif
