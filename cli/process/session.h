/*
 * A whole signal through a stream, chunk by chunk, with the latency removed. It does not know where
 * the samples come from and go to.
 */
#ifndef UNECHO_CLI_SESSION_H
#define UNECHO_CLI_SESSION_H

#include "alignment/far_plan.h"
#include "alignment/stretches.h"
#include "engine_choice.h"
#include "files/ends.h"
#include "files/output_file.h"
#include "process/summary.h"

#include "unecho.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* How to open the stream; alignment and the rest as in unecho_config. */
typedef struct session_settings {
    engine_choice engine;
    unsigned chunk;    /* frames of the microphone per call, as a live caller gives them; 0: the
                          usual, after silence, which is what unecho_process_whole does */
    bool keep_latency; /* the network's latency stays in the output */
    bool once;         /* learn nothing from the beginning */
    unecho_align align;
    double delay_ms;
    unsigned reference_late_ms;
    float suppression;
    unsigned noise_reduction_db;
    bool comfort_noise;
    bool high_band;
    const struct far_plan *plan;       /* changes of the far end; NULL: none */
    const struct stretches *stretches; /* to measure apart; NULL: none */
    output_file *record;               /* open, takes the record of the stream; NULL: none */
} session_settings;

/* Takes n samples of output, which it may change. false: failed, reported. */
typedef bool session_sink(void *user, float *samples, size_t n);

/*
 * pair, plan and stretches must outlive the session; model need not, NULL: the built-in one. NULL
 * on failure, reported.
 */
struct session *session_open(unecho_model *model, const session_settings *settings, ends *pair);

/* A call of unecho_process that a session waits for. */
struct session_call {
    unecho *stream;
    const float *mic, *far; /* far NULL: the stream has it already */
    float *out;             /* the memory of mic */
    size_t n;               /* 0: none, as the session is over */
};

/*
 * The next call, after the result of the last one was taken. A session is over when the microphone
 * has ended or the user interrupts, and all output has been passed on. If the far end ends first,
 * silence follows. false: failed, reported.
 */
bool session_next(struct session *session, struct session_call *call);

/* Make a call by itself; returns its status. */
int session_make_call(const struct session_call *call);

/*
 * Take the status of the call that has been made, and pass output on to sink when there is some: in
 * all as many samples as the microphone has. false: failed, reported.
 */
bool session_take(struct session *session, int status, session_sink *sink, void *user);

/* Frames of microphone and far end so far, each at its own rate. */
uint64_t session_heard(const struct session *session);
uint64_t session_far_heard(const struct session *session);
/* How many more frames of silence were put into the far end than were dropped; may be negative. */
int64_t session_far_shift(const struct session *session);
/* How many far-end frames belong to the microphone so far. */
uint64_t session_far_due(const struct session *session);

/* Highest magnitude of the output. */
float session_peak(const struct session *session);

/* Whether the user interrupted before the microphone's end. */
bool session_stopped(const struct session *session);

/* Statistics of the stream, the silence around the signal included. */
unecho_stats session_stats(const struct session *session);

/* Fill in the measured part: length, levels, delay, ERLE, clipped and missing samples. */
void session_sum_up(const struct session *session, struct summary *summary);

/* Close and set *session to NULL; *session may be NULL. */
void session_close(struct session **session);

#endif
