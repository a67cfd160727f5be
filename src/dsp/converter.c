#include "dsp/converter.h"

#include "dsp/dot.h"
#include "dsp/resampler.h"

#include <math.h>
#include <stdlib.h>

struct converter {
    resampler resampler;
    void *memory;
};

converter *converter_open(double rate_in, unsigned rate_out, size_t most)
{
    const unsigned rate = (unsigned)lround(rate_in);
    const double drift = rate_in / rate - 1.0;
    /* What is pushed, and what is left of the one before between two outputs. */
    const size_t capacity = most + rate / rate_out + 1;
    converter *c = calloc(1, sizeof(*c));
    arena a = {0};
    if (!c)
        return NULL;
    resampler_layout(&c->resampler, &a, rate, rate_out, capacity, drift == 0.0);
    c->memory = a.memory = arena_allocate(a.used);
    if (!c->memory) {
        free(c);
        return NULL;
    }
    a.used = 0;
    resampler_layout(&c->resampler, &a, rate, rate_out, capacity, drift == 0.0);
    if (resampler_start(&c->resampler, dsp_dot) < 0) {
        converter_close(&c);
        return NULL;
    }
    resampler_reset(&c->resampler, NULL, 0);
    resampler_drift(&c->resampler, drift);
    return c;
}

void converter_close(converter **c)
{
    if (!*c)
        return;
    resampler_close(&(*c)->resampler);
    arena_release((*c)->memory);
    free(*c);
    *c = NULL;
}

void converter_push(converter *c, const float *x, size_t n)
{
    resampler_push(&c->resampler, x, n);
}

size_t converter_pull(converter *c, float *y, size_t n)
{
    const size_t ready = resampler_ready(&c->resampler, n);
    if (ready > 0)
        resampler_pull(&c->resampler, y, ready);
    return ready;
}
