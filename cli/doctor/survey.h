/* The first time through a recording. */
#ifndef UNECHO_CLI_DOCTOR_SURVEY_H
#define UNECHO_CLI_DOCTOR_SURVEY_H

#include "alignment/copy.h"
#include "doctor/input.h"
#include "doctor/measure.h"

#include <stdbool.h>

struct surveyed {
    struct measures measures;
    struct copy copy;
};

/*
 * Read both ends, and go back to their start. false: failed or interrupted, reported.
 * surveyed_close for both in either case.
 */
bool survey_take(struct surveyed *mic, struct surveyed *far, struct doctor_input *input);
void surveyed_close(struct surveyed *surveyed);

/*
 * Copy both (mic NULL: not the microphone), the far end as if its rate were factor times the stated
 * one, and go back to the start. false: failed or interrupted, reported. copy_close in either case.
 */
bool survey_copy(struct copy *mic, struct copy *far, struct doctor_input *input, double factor);

#endif
