/* Converts the sample rate of a signal that comes part by part. */
#ifndef UNECHO_DSP_CONVERTER_H
#define UNECHO_DSP_CONVERTER_H

#include <stddef.h>

typedef struct converter converter;

/*
 * From rate_in, not necessarily an integer, to rate_out. The first output lies at the first input.
 * most: what is pushed at a time. NULL: out of memory.
 */
converter *converter_open(double rate_in, unsigned rate_out, size_t most);
void converter_close(converter **c);

/* Push n inputs once converter_pull has nothing more to give. An output needs some that follow it:
 * push silence after the end. */
void converter_push(converter *c, const float *x, size_t n);

/* Pull at most n outputs, as many as are ready; returns how many. */
size_t converter_pull(converter *c, float *y, size_t n);

#endif
