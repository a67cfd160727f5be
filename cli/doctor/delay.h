/*
 * By how much one recording lags another, window by window, and which line through these delays
 * most of them agree on. It does not know what the recordings are of.
 */
#ifndef UNECHO_CLI_DOCTOR_DELAY_H
#define UNECHO_CLI_DOCTOR_DELAY_H

#include <stdbool.h>
#include <stddef.h>

/* What is compared has this rate, in Hz, and is looked for this far to either side, in seconds. */
#define DELAY_RATE    8000
#define DELAY_REACH_S 5.0

enum { DELAY_MOST_WINDOWS = 60 };

struct delay_point {
    double seconds;  /* middle of the window */
    double delay_ms; /* of its best match */
    double height;   /* of the correlation's peak over its root mean square */
    bool fits;       /* lies on the line */
};

struct delay_line {
    size_t windows; /* with enough signal on both sides */
    struct delay_point points[DELAY_MOST_WINDOWS];
    size_t point_count;  /* of windows that match at all */
    size_t fitting;      /* of points on the line */
    size_t clear_beside; /* of points beside it that are no chance */
    bool found;          /* enough of them to believe it */
    double delay_ms;     /* at the start; later echo: positive */
    double drift_ppm;    /* by how much the delay shrinks, in microseconds per second */
    /*
     * How much more of the correlation lies in the 50 ms after the peaks than in the 50 ms before
     * them, -1 to 1: a room rings after the sound that causes it.
     */
    double tail;
};

/*
 * Delay of echo (echo_n samples) against source, both at DELAY_RATE, in at most `most` windows.
 * false: out of memory.
 */
bool delay_find(struct delay_line *line, const float *echo, size_t echo_n, const float *source,
                size_t source_n, size_t most);

/* The line's delay at a time. */
double delay_at(const struct delay_line *line, double seconds);

#endif
