#include "dsp/convert.h"

#include "dsp/dot.h"
#include "dsp/resampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Samples pushed and pulled at a time. */
enum { PART = 4096 };

/* Copy x[from..from+PART) to part, with silence outside x. */
static void copy_part(float *part, const float *x, size_t n, long from)
{
    const long end = from + PART;
    const long first = from < 0 ? 0 : from, last = end < (long)n ? end : (long)n;
    memset(part, 0, PART * sizeof *part);
    if (first < last)
        memcpy(part + (first - from), x + first, (size_t)(last - first) * sizeof *part);
}

static void run(resampler *r, const float *x, size_t n, long from, float *out, size_t out_n)
{
    float part[PART];
    for (size_t done = 0; done < out_n;) {
        const size_t wanted = out_n - done < PART ? out_n - done : PART;
        const size_t ready = resampler_ready(r, wanted);
        if (ready > 0) {
            resampler_pull(r, out + done, ready);
            done += ready;
        } else {
            copy_part(part, x, n, from);
            resampler_push(r, part, PART);
            from += PART;
        }
    }
}

float *convert_rate(const float *x, size_t n, double rate_in, unsigned rate_out, long start,
                    size_t out_n)
{
    const unsigned rate = (unsigned)lround(rate_in);
    const double drift = rate_in / rate - 1.0;
    float *const out = malloc((out_n ? out_n : 1) * sizeof *out);
    resampler r;
    arena a = {0};
    resampler_layout(&r, &a, rate, rate_out, PART, drift == 0.0);
    a.memory = arena_allocate(a.used);
    void *const memory = a.memory;
    if (!out || !memory) {
        free(out);
        arena_release(memory);
        return NULL;
    }
    a.used = 0;
    resampler_layout(&r, &a, rate, rate_out, PART, drift == 0.0);
    resampler_start(&r, dsp_dot);
    resampler_reset(&r, NULL, 0);
    resampler_drift(&r, drift);
    run(&r, x, n, start, out, out_n);
    arena_release(memory);
    return out;
}
