/* The canceller's output for a recording, and its statistics over time. */
#ifndef UNECHO_CLI_DOCTOR_CANCEL_H
#define UNECHO_CLI_DOCTOR_CANCEL_H

#include "doctor/input.h"
#include "engine_choice.h"

#include "unecho.h"

#include <stdbool.h>
#include <stddef.h>

struct track_point {
    double seconds; /* of the microphone so far */
    unecho_stats stats;
};

struct cancelled {
    float *out; /* as long as the microphone, and on its timeline */
    struct track_point *track;
    size_t track_n;
    unecho_stats stats; /* at the end */
};

/*
 * Run the canceller, with alignment and a far end up to late_ms late. false: failed or interrupted,
 * reported. cancelled_free in either case.
 */
bool doctor_cancel(struct cancelled *cancelled, const struct doctor_input *input,
                   unecho_model *model, unsigned late_ms);
void cancelled_free(struct cancelled *cancelled);

#endif
