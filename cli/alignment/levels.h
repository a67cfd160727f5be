/* How loud a signal is from moment to moment. */
#ifndef UNECHO_CLI_LEVELS_H
#define UNECHO_CLI_LEVELS_H

#include <stdbool.h>
#include <stddef.h>

/* Levels per second. */
#define LEVELS_PER_S 50

/* Levels are mean powers in dB of full scale; this one stands for 0. */
#define LEVEL_NONE (-120.0f)

/* As for unecho_stats.far_active_seconds. */
#define ACTIVE_DB (-50.0f)

/* No speech and no loopback has so low a peak: -55 dB. */
#define SILENT_PEAK 0.0018
/* So quiet while active that voices come close to noise and rounding. */
#define LOW_DB (-45.0)

struct levels {
    float *db; /* [n], one per 20 ms, without the mean; levels_free frees them */
    size_t n, room;
};

double level_of_power(double power);

/* Add the next one. false: out of memory. */
bool levels_add(struct levels *levels, double db);

/* At a time in seconds, LEVEL_NONE outside; the highest and the mean power of a span. */
float level_at(const struct levels *levels, double seconds);
float level_highest(const struct levels *levels, double from, double to);
double level_mean(const struct levels *levels, double from, double to);

/* The mean level of the time above ACTIVE_DB, and how much time that is. */
double levels_active(const struct levels *levels, double *seconds);

void levels_free(struct levels *levels);

#endif
