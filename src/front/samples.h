/* Conversion between the caller's samples and the library's floats: channel selection and the guard
 * against harmful samples on input, rounding on output. */
#ifndef UNECHO_SAMPLES_H
#define UNECHO_SAMPLES_H

#include "unecho.h"

#include <stddef.h>
#include <stdint.h>

typedef enum sample_format { SAMPLES_FLOAT, SAMPLES_INT16 } sample_format;

/* A caller's buffers: the first sample of every channel, and the distance to the next. */
typedef struct samples {
    sample_format format;
    unsigned channels; /* 0: silence */
    size_t stride;
    void *channel[UNECHO_CHANNELS_MAX];
} samples;

/* Interleaved channels; NULL: silence. */
samples samples_interleaved(const void *from, sample_format format, unsigned channels);
/* One buffer per channel; NULL: silence. */
samples samples_planar(const float *const *from, unsigned channels);
/* Only one channel of `from`. */
samples samples_channel(const samples *from, unsigned channel);
/* The frames of `all` from number `first` on. */
samples samples_from(const samples *all, uint64_t first);

/* What the guard has counted. */
typedef struct samples_seen {
    uint64_t guarded; /* not finite or beyond +-100 */
    uint64_t clipped; /* at full scale or beyond */
} samples_seen;

/*
 * mean[0..n) = the mean over the channels of frames first..first+n, each sample made fit for the
 * network: not finite → 0, beyond +-100 → +-100, below 1e-15 in magnitude → 0 (it is far below
 * anything audible, and would turn subnormal and slow on its way). Adds to *seen. side[0..n),
 * unless NULL, = the same with every second channel negative: left and right are mean + side, mean
 * - side.
 */
void samples_read(float *mean, float *side, const samples *from, size_t first, size_t n,
                  samples_seen *seen);

/* Frames first..first+n of every channel of `to` = from[0..n). */
void samples_write(const samples *to, size_t first, const float *from, size_t n);

/* Frames first..first+n of `to` = 0. */
void samples_silence(const samples *to, size_t first, size_t n);

#endif
