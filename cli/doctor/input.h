/* The two ends of a call in memory. */
#ifndef UNECHO_CLI_DOCTOR_INPUT_H
#define UNECHO_CLI_DOCTOR_INPUT_H

#include "files/ends.h"

#include <stdbool.h>
#include <stddef.h>

struct doctor_end {
    char name[256]; /* for people */
    float *samples;
    size_t n;
    int rate; /* Hz */
};

struct doctor_input {
    struct doctor_end mic, far;
    bool cut; /* longer than the limit */
};

/* Only so much of a longer recording is examined. */
#define DOCTOR_LONGEST_S 600

/*
 * Read both, with 0 for samples that are not finite. false: failed, reported. doctor_input_free in
 * either case.
 */
bool doctor_input_read(struct doctor_input *input, const ends_choice *choice);
void doctor_input_free(struct doctor_input *input);

#endif
