/* A stream's config: its defaults, reading the caller's struct, and validation. */
#ifndef UNECHO_CONFIG_H
#define UNECHO_CONFIG_H

#include "message.h"
#include "unecho_onnxruntime.h"

enum { CONFIG_HOP_MS = UNECHO_HOP * 1000 / UNECHO_SAMPLE_RATE };

/* A config with all fields of this version. config.onnxruntime points to onnxruntime. */
typedef struct full_config {
    unecho_config config;
    unecho_onnxruntime onnxruntime;
} full_config;

/*
 * Read the caller's config over the defaults; given NULL: the defaults. *to becomes the caller's
 * message buffer, which is empty unless this fails.
 */
int config_read(full_config *full, const unecho_config *given, message *to);

/* Returns UNECHO_OK or a status, with a message that names the invalid field and what it needs. */
int config_check(const unecho_config *config, const message *to);

/* The far end's rate in Hz. */
int config_far_rate(const unecho_config *config);

/* Not for NaN. */
static inline int config_suppression_valid(float strength)
{
    return strength >= 0.0f && strength <= (float)UNECHO_SUPPRESSION_MAX;
}

#endif
