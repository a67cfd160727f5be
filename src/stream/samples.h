/* Between the caller's samples and the network's floats: the guard on the way in, rounding on the
 * way out. */
#ifndef UNECHO_SAMPLES_H
#define UNECHO_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

typedef enum sample_format { SAMPLES_FLOAT, SAMPLES_INT16 } sample_format;

/*
 * to[0..n) = samples first..first+n of `from` (NULL: silence), made fit for the network: not finite
 * → 0, beyond +-100 → +-100, below 1e-15 in magnitude → 0 (it is far below anything audible, and
 * would turn subnormal and slow on its way). Returns how many were not finite or beyond.
 */
size_t samples_read(float *to, const void *from, sample_format format, size_t first, size_t n);

/* Samples first..first+n of `to` = from[0..n). */
void samples_write(void *to, sample_format format, size_t first, const float *from, size_t n);

/* Samples 0..n of `to` = 0. */
void samples_silence(void *to, sample_format format, size_t n);

#endif
