/* Short stretches of digital silence that were cut out of sound. */
#ifndef UNECHO_CLI_DOCTOR_GAPS_H
#define UNECHO_CLI_DOCTOR_GAPS_H

#include "unecho.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A gap: digital silence of this length, with at least GAP_AROUND_DB, and so much above the step of
 * the samples, for as long as the shortest before and after it. Quiet sound of 8 bits is 0. */
#define GAP_SHORTEST_MS 5
#define GAP_LONGEST_MS  500
#define GAP_AROUND_DB   (-50.0)
#define GAP_STEP_DB     15.0

struct gap_finder {
    size_t per_ms;
    uint64_t heard;
    float step;       /* the lowest magnitude up to now but 0 */
    size_t row;       /* zeros up to now */
    bool loud_before; /* the row */
    size_t gap;       /* the length of the row that may be one, while the sound after it comes */
    size_t after_n;
    float after[UNECHO_RATE_MAX / 1000 * GAP_SHORTEST_MS];
    float recent[2 * UNECHO_RATE_MAX / 1000 * GAP_SHORTEST_MS]; /* in turn */
    uint64_t silent, in_gaps;                                   /* samples in all */
    size_t gaps;
};

/* finder: 0, but for per_ms, samples per ms. */
void gap_finder_hear(struct gap_finder *finder, const float *samples, size_t n);
/* The signal has ended. */
void gap_finder_end(struct gap_finder *finder);

#endif
