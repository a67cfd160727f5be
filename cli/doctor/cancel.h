/* What the canceller makes of a recording: its statistics over time. */
#ifndef UNECHO_CLI_DOCTOR_CANCEL_H
#define UNECHO_CLI_DOCTOR_CANCEL_H

#include "doctor/input.h"
#include "doctor/watch.h"

#include "unecho.h"

#include <stdbool.h>
#include <stddef.h>

struct stats_point {
    double seconds; /* of the microphone so far */
    unecho_stats stats;
};

struct cancelled {
    struct stats_point *track;
    size_t track_n;
    unecho_stats stats; /* at the end */
};

/*
 * Run the canceller, with alignment and a far end up to late_ms late, and go back to the start.
 * watch: what sees the microphone and the output, which is as long and on its timeline; NULL:
 * nothing. false: failed or interrupted, reported. cancelled_free in either case.
 */
bool doctor_cancel(struct cancelled *cancelled, struct doctor_input *input, unecho_model *model,
                   unsigned late_ms, struct watch *watch);
void cancelled_free(struct cancelled *cancelled);

#endif
