#include "bench/measure.h"

#include "interrupt.h"
#include "progress.h"

#include <time.h>

/* A quarter of a second, to warm caches and branch predictors and to wake threads. */
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

static int warm_up(unecho *stream, const struct bench_audio *audio, const struct pass *pass)
{
    const double start = progress_now();
    const size_t n = least(pass->n, WARM_UP);
    for (size_t at = 0; at < n && progress_now() - start < pass->limit_seconds; at += pass->chunk) {
        const size_t part = least(pass->chunk, n - at);
        const int status =
            unecho_process(stream, audio->mic + at, audio->far + at, pass->out + at, part);
        if (status != UNECHO_OK)
            return status;
    }
    return unecho_reset(stream);
}

int measure(unecho *stream, const struct bench_audio *audio, const struct pass *pass,
            struct measurement *measurement)
{
    double wall = 0.0, cpu;
    size_t at = 0, calls = 0;
    int status = warm_up(stream, audio, pass);

    cpu = cpu_now();
    while (status == UNECHO_OK && at < pass->n && wall < pass->limit_seconds && !interrupted()) {
        const size_t part = least(pass->chunk, pass->n - at);
        const double start = progress_now();
        status = unecho_process(stream, audio->mic + at, audio->far + at, pass->out + at, part);
        const double taken = progress_now() - start;
        wall += taken;
        if (pass->call_us)
            pass->call_us[calls++] = (float)(1e6 * taken);
        at += part;
    }
    *measurement = (struct measurement){at, wall, cpu_now() - cpu};
    return status;
}
