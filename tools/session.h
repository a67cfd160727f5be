/*
 * A whole signal through a stream, chunk by chunk, with the latency removed. It does not know where
 * the samples come from and go to.
 */
#ifndef UNECHO_TOOL_SESSION_H
#define UNECHO_TOOL_SESSION_H

#include "audio_reader.h"
#include "engine_choice.h"
#include "summary.h"

#include "unecho.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* Takes n samples of output, which it may change. false: failed, reported. */
typedef bool session_sink(void *user, float *samples, size_t n);

/*
 * chunk: samples per call of the library. live: the stream hears the signal alone, as from a live
 * caller; else 384 samples of silence first, as in unecho_process_whole, whose output this then is.
 * keep_latency: the network's own lag stays in the output. The model is needed no longer
 * afterwards. NULL on failure, reported.
 */
struct session *session_open(unecho_model *model, const engine_choice *engine, size_t chunk,
                             bool live, bool keep_latency);

/*
 * Until mic ends or the user interrupts: as many samples into sink as mic has. Where far ends
 * before mic silence follows. false: failed, reported.
 */
bool session_run(struct session *session, audio_reader *mic, audio_reader *far, session_sink *sink,
                 void *user);

/* Samples of microphone and far end so far. */
uint64_t session_heard(const struct session *session);
uint64_t session_far_heard(const struct session *session);

/* Highest magnitude in the output. */
float session_peak(const struct session *session);

/* Whether the user interrupted before the microphone's end. */
bool session_stopped(const struct session *session);

/* Fill in what the signal itself tells: length, latency, levels, peak, ERLE, guarded samples. */
void session_sum_up(const struct session *session, struct summary *summary);

/* Close and set *session to NULL; *session may be NULL. */
void session_close(struct session **session);

#endif
