/* A whole signal at another sample rate. */
#ifndef UNECHO_DSP_CONVERT_H
#define UNECHO_DSP_CONVERT_H

#include <stddef.h>

/*
 * x [n] from rate_in, which need not be an integer, to rate_out: out_n samples, the first at
 * x[start]. Silence surrounds x. To be freed by the caller; NULL: out of memory.
 */
float *convert_rate(const float *x, size_t n, double rate_in, unsigned rate_out, long start,
                    size_t out_n);

#endif
