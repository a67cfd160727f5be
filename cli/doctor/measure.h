/* What one end of a call shows by itself: levels, clipping, offset, gaps. */
#ifndef UNECHO_CLI_DOCTOR_MEASURE_H
#define UNECHO_CLI_DOCTOR_MEASURE_H

#include "alignment/levels.h"

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

struct measurement;

/* Measure a signal at this rate. NULL: out of memory, reported. measures_free in either case. */
struct measurement *measurement_open(struct measures *measures, int rate);
void measurement_close(struct measurement *m);

/* Take the next n samples; the signal has ended, and the measures are complete. false: out of
 * memory, reported. */
bool measurement_hear(struct measurement *m, const float *samples, size_t n);
bool measurement_end(struct measurement *m);

void measures_free(struct measures *measures);

#endif
