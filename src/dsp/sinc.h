/*
 * The low-pass filter between two sample rates: a sinc under a Kaiser window, tabulated at
 * fractions of an input sample (J. O. Smith, "Digital Audio Resampling", 2002).
 */
#ifndef UNECHO_SINC_H
#define UNECHO_SINC_H

#include <stddef.h>

/*
 * Row p of a table holds the `taps` weights for an output that lies p / phases of a sample after
 * input i: half of them for the inputs up to i, half for those after it. There is one row more than
 * phases, so that every fraction lies between two rows.
 */
typedef struct sinc {
    size_t taps; /* even, a multiple of SINC_LANES */
    size_t phases;
} sinc;

enum { SINC_LANES = 16 };

/*
 * Flat within 0.1 dB up to 7/16 of the lower rate, -80 dB from half of it on.
 * exact_phases: the number of fractions that occur if the ratio is fixed; 0: any fraction.
 */
sinc sinc_design(unsigned rate_in, unsigned rate_out, size_t exact_phases);

/* rows: [phases + 1][taps]. The same bits everywhere. */
void sinc_fill(const sinc *s, float *rows, unsigned rate_in, unsigned rate_out);

#endif
