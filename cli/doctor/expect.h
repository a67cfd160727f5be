/* What a linear filter could make of a recording. */
#ifndef UNECHO_CLI_DOCTOR_EXPECT_H
#define UNECHO_CLI_DOCTOR_EXPECT_H

#include "doctor/delay.h"
#include "doctor/input.h"

#include <stdbool.h>

/*
 * By how many dB it could reduce the level while the far end is active, from the coherence; the far
 * end's rate is factor times the stated one, line the delay. NaN: it is never active. false: failed
 * or interrupted, reported.
 */
bool expect_erle(double *db, struct doctor_input *input, const struct delay_line *line,
                 double factor);

#endif
