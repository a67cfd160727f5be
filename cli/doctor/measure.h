/* What one end of a call shows by itself: levels, clipping, offset, gaps. */
#ifndef UNECHO_CLI_DOCTOR_MEASURE_H
#define UNECHO_CLI_DOCTOR_MEASURE_H

#include "alignment/levels.h"
#include "doctor/input.h"

#include <stdbool.h>
#include <stddef.h>

struct measures {
    double seconds;
    struct levels levels;
    double peak;           /* highest magnitude */
    double offset;         /* median of the means of 20 ms */
    double floor_db;       /* of the quietest tenth that is not digital silence */
    double active_seconds; /* time above ACTIVE_DB */
    double active_db;      /* mean power of that time */
    double silent_seconds; /* digitally */
    double clipped_share;  /* of the active time's samples */
    size_t gaps;           /* short digital silences cut out of sound */
    double gap_seconds;    /* all of them together */
};

/* false: out of memory, reported. measures_free in either case. */
bool measure_end(struct measures *measures, const struct doctor_end *end);
void measures_free(struct measures *measures);

/* Of n samples at rate. false: out of memory, reported. */
bool levels_take(struct levels *levels, const float *samples, size_t n, int rate);

#endif
