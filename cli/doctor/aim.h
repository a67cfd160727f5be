/*
 * What of a pair is examined: as unecho process would take it, whose search goes through the whole
 * of both recordings, and of long ones the part with most sound.
 */
#ifndef UNECHO_CLI_DOCTOR_AIM_H
#define UNECHO_CLI_DOCTOR_AIM_H

#include "alignment/far_plan.h"
#include "alignment/track.h"
#include "doctor/input.h"
#include "doctor/survey.h"

#include <stdbool.h>

struct aim {
    struct track track;
    bool swapped;         /* as the track tells */
    struct far_plan plan; /* by which the far end is changed: the shift, or all of it */
    size_t changes;       /* all of them */
    double seconds;       /* of the microphone that are examined */
    struct levels mic, far;
};

/*
 * Of ends that were surveyed. Turns the input to the part, and their copies into copies of it.
 * false: failed or interrupted, reported. aim_free in either case.
 */
bool aim_take(struct aim *aim, struct surveyed *mic, struct surveyed *far, bool same,
              struct doctor_input *input);

/*
 * From the shift to all changes. Clocks that drift too fast look like many jumps: only for delays
 * that jump. *mended: there are more changes. false: failed or interrupted, reported.
 */
bool aim_mend(struct aim *aim, struct surveyed *mic, struct surveyed *far,
              struct doctor_input *input, bool *mended);
void aim_free(struct aim *aim);

/* By how much later the far end begins to come than in its recording, in ms. */
double aim_moved_ms(const struct aim *aim);

/* The lag of the echo in the track behind the far end as it is examined, at a second of the part.
 * The track has pieces. */
double aim_lag(const struct aim *aim, const struct doctor_input *input, double seconds);

#endif
