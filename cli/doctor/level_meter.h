/* The levels of a signal that comes part by part. */
#ifndef UNECHO_CLI_DOCTOR_LEVEL_METER_H
#define UNECHO_CLI_DOCTOR_LEVEL_METER_H

#include "alignment/levels.h"

#include "unecho.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct level_meter {
    int rate; /* Hz */
    struct levels *levels;
    struct levels
        *means; /* of the same 20 ms, the mean sample in place of a level; NULL: unwanted */
    uint64_t heard;
    size_t n; /* of the next level's samples */
    float samples[UNECHO_RATE_MAX / LEVELS_PER_S + 1];
};

/* Add the levels of the next n samples. false: out of memory, reported. */
bool level_meter_hear(struct level_meter *meter, const float *samples, size_t n);

/* Mean power of n samples around their mean: an offset is not sound. */
double level_meter_power(const float *samples, size_t n);

#endif
