/*
 * PipeWire's echo-cancel module in a few lines: loads the plugin's file and calls its methods as
 * the module does. Knows nothing of the library behind it.
 */
#ifndef UNECHO_TEST_AEC_HOST_H
#define UNECHO_TEST_AEC_HOST_H

#include <spa/interfaces/audio/aec.h>
#include <spa/support/plugin.h>

#include <stddef.h>

typedef struct aec_host {
    struct spa_handle *handle;
    struct spa_audio_aec *aec;
    unsigned mics, outs, fars; /* channels, of the last init */
} aec_host;

/* A handle of the plugin, in memory from malloc; fails the test if there is none. */
void aec_open(aec_host *host);
void aec_close(aec_host *host);
void aec_unload(void);

/* aec.args as key, value, ..., NULL; NULL: none. All ends have one format. */
int aec_init(aec_host *host, const char *const *args, uint32_t rate, unsigned channels);
/* The later method, with a format for each end. */
int aec_init2(aec_host *host, const char *const *args, uint32_t rate, unsigned mics, unsigned outs,
              unsigned fars);

/* Run n frames in buffers of `frames`; one buffer per channel. */
void aec_run(const aec_host *host, float *const *mic, float *const *far, float *const *out,
             size_t n, size_t frames);

/* What the plugin logged since the last call, a line each. */
const char *aec_logged(void);

#endif
