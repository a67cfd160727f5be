#include "transform.h"

#include "dsp/sine.h"

#include <string.h>

/*
 * Over the last 256 samples the product of analysis and synthesis window is a Hann window, whose
 * halves add up to 1.
 */
void transform_init(transform *t)
{
    enum { RISE = TRANSFORM_BLOCK - TRANSFORM_HOP, TAIL_AT = TRANSFORM_BLOCK - TRANSFORM_TAIL };
    static const double scale = 2.0 / 326.0;
    double window[TRANSFORM_BLOCK];
    for (size_t n = 0; n < TRANSFORM_BLOCK; n++) {
        const double at = (double)n + 0.5;
        window[n] = sine_of_pi(n < RISE ? 0.5 * at / (double)RISE
                                        : 0.5 + 0.5 * (at - (double)RISE) / (double)TRANSFORM_HOP);
        t->analysis[n] = (float)(scale * window[n]);
    }
    for (size_t n = 0; n < TRANSFORM_TAIL; n++) {
        const double sine = sine_of_pi(((double)n + 0.5) / (double)TRANSFORM_TAIL);
        t->synthesis[n] = (float)(sine * sine / (scale * window[TAIL_AT + n]));
    }
}

void transform_forward(const transform *t, const kernels *k, const fft *f, bins to, const float *x,
                       float *block)
{
    k->multiply(block, x, t->analysis, TRANSFORM_BLOCK);
    k->fft_forward(f, to.re, to.im, block);
}

void transform_inverse(const transform *t, const kernels *k, const fft *f, float *out, float *tail,
                       bins from, float *block)
{
    k->fft_inverse(f, block, from.re, from.im);
    float *const end = block + TRANSFORM_BLOCK - TRANSFORM_TAIL;
    k->multiply(end, end, t->synthesis, TRANSFORM_TAIL);
    for (size_t n = 0; n < TRANSFORM_HOP; n++)
        out[n] = tail[n] + end[n];
    memcpy(tail, end + TRANSFORM_HOP, TRANSFORM_HOP * sizeof *tail);
}
