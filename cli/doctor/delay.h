/* By how much one recording lags another, window by window, and the line that fits most windows. */
#ifndef UNECHO_CLI_DOCTOR_DELAY_H
#define UNECHO_CLI_DOCTOR_DELAY_H

#include "alignment/copy.h"
#include "alignment/correlator.h"

#include <stdbool.h>
#include <stddef.h>

/* The longest delay either way, in seconds. */
#define DELAY_REACH_S 5.0

enum { DELAY_MOST_WINDOWS = 60 };

/* So many windows that are clear beside the line are no chance. */
enum { CLEAR_JUMPS = 2 };

struct delay_point {
    double seconds;  /* middle of the window */
    double delay_ms; /* of its best match */
    double height;   /* of the correlation's peak over its root mean square */
    bool fits;       /* lies on the line */
};

struct delay_line {
    size_t windows; /* with enough signal on both sides */
    struct delay_point points[DELAY_MOST_WINDOWS];
    size_t point_count;  /* of windows with a match */
    size_t fitting;      /* of points on the line */
    size_t clear_beside; /* of points off the line, too high for chance */
    bool found;          /* enough points agree */
    double delay_ms;     /* at the start; later echo: positive */
    double drift_ppm;    /* by how much the delay shrinks, in microseconds per second */
    /*
     * How much more energy the correlation has in the 50 ms after its peaks than in the 50 ms
     * before, -1 to 1: a room rings after the sound that causes it.
     */
    double tail;
};

/*
 * The delay of echo against source, in at most `most` windows. false: out of memory or interrupted,
 * reported.
 */
bool delay_find(struct delay_line *line, const struct copy *echo, const struct copy *source,
                size_t most);

/* The line's delay at a time. */
double delay_at(const struct delay_line *line, double seconds);

#endif
