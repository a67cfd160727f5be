/*
 * A constant in the microphone. Cut into hops it would be in every bin, and outweigh all that the
 * bins have to say of the echo. The mean is only taken for one where it outweighs the rest of the
 * error, so that an echo's lowest frequencies are left to it.
 */
#ifndef UNECHO_DC_OFFSET_H
#define UNECHO_DC_OFFSET_H

#include <stddef.h>

/* Mean and power of the error, smoothed, and how much of the mean counts as a constant. All zero:
 * nothing heard yet. */
typedef struct dc_offset {
    double mean, power, value;
} dc_offset;

/* With sum and energy of the next hop's error, of n samples: the constant from sample to sample. */
void dc_offset_follow(dc_offset *o, double sum, double energy, float *offset, size_t n);

#endif
