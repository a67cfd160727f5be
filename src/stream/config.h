/* A stream's config: its defaults, what a caller sets of it, and what is wrong with that. */
#ifndef UNECHO_CONFIG_H
#define UNECHO_CONFIG_H

#include "message.h"
#include "unecho_onnxruntime.h"

enum { CONFIG_HOP_MS = UNECHO_HOP * 1000 / UNECHO_SAMPLE_RATE };

/* A config with all fields of this version; config.onnxruntime points to onnxruntime. */
typedef struct full_config {
    unecho_config config;
    unecho_onnxruntime onnxruntime;
} full_config;

/*
 * The defaults, replaced by what the caller's config has; given NULL: the defaults. *to is where
 * the caller wants its message, which is empty unless this fails.
 */
int config_read(full_config *full, const unecho_config *given, message *to);

/* UNECHO_OK, or a status and one line that says which field is wrong and what was expected. */
int config_check(const unecho_config *config, const message *to);

/* In Hz. */
int config_far_rate(const unecho_config *config);

#endif
