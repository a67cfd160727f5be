/*
 * The lag at one time, and what says that it is no chance.
 */
#ifndef UNECHO_CLI_POINT_H
#define UNECHO_CLI_POINT_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* Windows of the search are so far apart, in seconds, and so close where it looks again. */
#define POINT_STEP_S 2.0
#define POINT_FINE_S 1.0

/* As in doctor: peaks of noise reach 5, those of unrelated speech seldom 10. */
#define POINT_LEAST_HEIGHT   7.0
#define POINT_CHANCE         10.0
#define POINT_LEAST_EVIDENCE 15.0
#define POINT_CLEAR          18.0
/* A chance peak among the lags of hours is higher. */
#define POINT_WHOLE_HEIGHT 12.0

/* What lies so close together is one peak, or reflections side by side. */
#define POINT_TOLERANCE_S 0.005

/* The lag at one time of the microphone's recording, in seconds. */
struct track_point {
    double at, lag;
    double height; /* of the correlation's peak over its root mean square */
    double lead;   /* by how much sooner it was seen, in the user's own voice; 0: in an echo */
};

/* Whether two points may be of one piece, whose clocks drift by 300 ppm at most. */
static inline bool point_fits(const struct track_point *a, const struct track_point *b)
{
    return fabs(a->lag - b->lag) <= POINT_TOLERANCE_S + 3e-4 * fabs(a->at - b->at);
}

static inline double point_evidence(const struct track_point *points, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += fmax(0.0, points[i].height - POINT_CHANCE);
    return sum;
}

#endif
