/*
 * One pass of a stream over a recording, timed. It does not know whose stream it is.
 */
#include "bench/measure.h"

#include "interrupt.h"
#include "progress.h"

#include <time.h>

/* A quarter of a second: caches, branch predictors and sleeping threads are awake by then. */
#define WARM_UP (UNECHO_SAMPLE_RATE / 4 / UNECHO_HOP * UNECHO_HOP)

static double cpu_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int warm_up(unecho *stream, const struct bench_audio *audio, size_t n, size_t chunk,
                   double limit_seconds, float *out)
{
    const double start = progress_now();
    n = least(n, WARM_UP);
    for (size_t at = 0; at < n && progress_now() - start < limit_seconds; at += chunk) {
        const size_t part = least(chunk, n - at);
        const int status = unecho_process(stream, audio->mic + at, audio->far + at, out + at, part);
        if (status != UNECHO_OK)
            return status;
    }
    return unecho_reset(stream);
}

int measure(unecho *stream, const struct bench_audio *audio, size_t n, size_t chunk,
            double limit_seconds, float *out, float *call_us, struct measurement *measurement)
{
    double wall = 0.0, cpu;
    size_t at = 0;
    int status = warm_up(stream, audio, n, chunk, limit_seconds, out);

    cpu = cpu_now();
    while (status == UNECHO_OK && at < n && wall < limit_seconds && !interrupted()) {
        const size_t part = least(chunk, n - at);
        const double start = progress_now();
        status = unecho_process(stream, audio->mic + at, audio->far + at, out + at, part);
        const double taken = progress_now() - start;
        wall += taken;
        if (call_us)
            *call_us++ = (float)(1e6 * taken);
        at += part;
    }
    *measurement = (struct measurement){at, wall, cpu_now() - cpu};
    return status;
}
