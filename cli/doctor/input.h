/*
 * The two ends of a call in memory, to be looked at more than once. It does not know what for.
 */
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
    bool cut; /* there is more than is looked at */
};

/* Longer recordings are looked at for so long. */
#define DOCTOR_LONGEST_S 600

/*
 * Read both; what are no finite numbers is 0. false: failed, reported. doctor_input_free in either
 * case.
 */
bool doctor_input_read(struct doctor_input *input, const ends_choice *choice);
void doctor_input_free(struct doctor_input *input);

#endif
