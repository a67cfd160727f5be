#include "progress.h"

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define INTERVAL_SECONDS 0.2

double progress_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double progress_cpu_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
        return NAN;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_start(struct progress *progress, int64_t total, int rate)
{
    progress->shown = report_has_status();
    progress->start = progress->last = progress_now();
    progress->total = total;
    progress->rate = rate;
}

bool progress_is_due(const struct progress *progress)
{
    return progress->shown && progress_now() - progress->last >= INTERVAL_SECONDS;
}

static double seconds_left(const struct progress *progress, int64_t done, double speed)
{
    const double left = (double)(progress->total - done) / progress->rate;
    return speed > 0.0 && left > 0.0 ? left / speed : 0.0;
}

void progress_show(struct progress *progress, int64_t done, const char *details)
{
    char line[160];
    const double seconds = (double)done / progress->rate;
    progress->last = progress_now();
    const double speed = seconds / (progress->last - progress->start);
    if (progress->total > 0)
        snprintf(line, sizeof(line), "%3.0f %%, %.1f of %.1f s, %.1f x real time, %.0f s left%s",
                 100.0 * (double)done / (double)progress->total, seconds,
                 (double)progress->total / progress->rate, speed,
                 ceil(seconds_left(progress, done, speed)), details);
    else
        snprintf(line, sizeof(line), "%.1f s, %.1f x real time%s", seconds, speed, details);
    report_status(line);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        report_status("");
}
