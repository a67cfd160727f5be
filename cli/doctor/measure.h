/* What one end of a call shows by itself: levels, clipping, offset, gaps. */
#ifndef UNECHO_CLI_DOCTOR_MEASURE_H
#define UNECHO_CLI_DOCTOR_MEASURE_H

#include "doctor/input.h"

#include <stdbool.h>
#include <stddef.h>

/* Levels per second. */
#define LEVELS_PER_S 50

/* Levels are mean powers in dB of full scale; this one stands for 0. */
#define LEVEL_NONE (-120.0f)

struct levels {
    float *db; /* [n], one per 20 ms, without the mean; levels_free frees them */
    size_t n;
};

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

/* As for unecho_stats.far_active_seconds. */
#define ACTIVE_DB (-50.0f)

/* false: out of memory, reported. measures_free in either case. */
bool measure_end(struct measures *measures, const struct doctor_end *end);
void measures_free(struct measures *measures);

/* Of n samples at rate. false: out of memory, reported. */
bool levels_take(struct levels *levels, const float *samples, size_t n, int rate);
void levels_free(struct levels *levels);

/* At a time in seconds, LEVEL_NONE outside; the highest and the mean power of a span. */
float level_at(const struct levels *levels, double seconds);
float level_highest(const struct levels *levels, double from, double to);
double level_mean(const struct levels *levels, double from, double to);

#endif
