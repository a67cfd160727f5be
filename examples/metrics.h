/*
 * The statistics of streams in Prometheus's text format, written into memory of the caller, a
 * metric at a time: a page about hundreds of calls takes milliseconds, which an event loop spreads.
 * Needs only unecho.h and knows nothing of the server.
 */
#ifndef EXAMPLE_METRICS_H
#define EXAMPLE_METRICS_H

#include <stddef.h>
#include <unecho.h>

/* As snprintf: length is what the whole text takes, also where that is more than size. */
typedef struct metrics_text {
    char *text;
    size_t size, length;
} metrics_text;

typedef enum metrics_type { METRICS_GAUGE, METRICS_COUNTER, METRICS_HISTOGRAM } metrics_type;

/* The lines above the samples of a metric. help has no line break. */
void metrics_head(metrics_text *t, const char *name, metrics_type type, const char *help);

/* A sample. label: NULL, or the name of one whose value, in UTF-8, may have any characters. */
void metrics_sample(metrics_text *t, const char *name, const char *label, const char *value,
                    double number);

typedef struct metrics_call {
    const char *name; /* the value of the label "call" */
    unecho_stats stats;
} metrics_call;

/* How many metrics a stream has. */
size_t metrics_count(void);

/* One of them, 0 to metrics_count() - 1, of each call. */
void metrics_of_calls(metrics_text *t, size_t metric, const metrics_call *calls, size_t count);

#endif
