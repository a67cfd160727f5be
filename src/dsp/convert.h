/* Converts the sample rate of a whole signal. */
#ifndef UNECHO_DSP_CONVERT_H
#define UNECHO_DSP_CONVERT_H

#include <stddef.h>

/*
 * Convert x [n] from rate_in, not necessarily an integer, to rate_out: out_n samples, the first at
 * x[start], with silence around x. The caller frees the result; NULL: out of memory.
 */
float *convert_rate(const float *x, size_t n, double rate_in, unsigned rate_out, long start,
                    size_t out_n);

#endif
