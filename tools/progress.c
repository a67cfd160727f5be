/*
 * The status line of a long job, at most five times a second. It does not know what the work is.
 */
#include "progress.h"

#include "report.h"

#include "unecho.h"

#include <stdio.h>
#include <time.h>

#define INTERVAL_SECONDS 0.2

double progress_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_start(struct progress *progress, int64_t total)
{
    progress->shown = report_has_status();
    progress->start = progress->last = progress_now();
    progress->total = total;
}

void progress_update(struct progress *progress, int64_t done)
{
    char line[80];
    double now, seconds;
    if (!progress->shown)
        return;
    now = progress_now();
    if (now - progress->last < INTERVAL_SECONDS)
        return;
    progress->last = now;
    seconds = (double)done / UNECHO_SAMPLE_RATE;
    if (progress->total > 0)
        snprintf(line, sizeof(line), "%3.0f %%, %.1f of %.1f s, %.1f x real time",
                 100.0 * (double)done / (double)progress->total, seconds,
                 (double)progress->total / UNECHO_SAMPLE_RATE, seconds / (now - progress->start));
    else
        snprintf(line, sizeof(line), "%.1f s, %.1f x real time", seconds,
                 seconds / (now - progress->start));
    report_status(line);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        report_status("");
}
