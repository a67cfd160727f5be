/*
 * The output's band above 8 kHz, at the microphone's rate: the microphone, delayed, with a gain in
 * each upper band, and noise. It looks at nothing but powers and the hops below 8 kHz.
 */
#ifndef UNECHO_HIGH_BAND_H
#define UNECHO_HIGH_BAND_H

#include "dsp/resampler.h"
#include "fifo.h"
#include "upper_filter.h"
#include "upper_gains.h"

typedef struct high_band_plan {
    unsigned rate;
    size_t latency;      /* native frames by which it is delayed */
    size_t most;         /* frames heard before they are popped, at most */
    size_t lag;          /* hops by which the canceller's output lags its input */
    size_t hops_at_once; /* maximum number of hops pushed before their frames are read */
    size_t far_bands;    /* of the far end; 0: none */
} high_band_plan;

typedef struct high_band {
    high_band_plan plan;
    fifo mic; /* native frames */
    upper_meter meter;
    octave far; /* of a far end without upper bands */
    /* Rings of powers, [UPPER_BANDS]: of the microphone's hops, of which `measured` are complete,
     * and of the far end's. */
    float *mic_power, *far_power;
    size_t mic_ring, far_ring;
    uint64_t heard, measured, far_hops; /* frames; hops */
    upper_gains decide;
    /* Ring: gains and noise at the end of hop i at (i + 1) % ring, [2][UPPER_BANDS]. */
    float *gains;
    size_t ring;
    uint64_t hops; /* decided so far */
    upper_passes passes;
    upper_filter filter, noise; /* for microphone and noise, */
    int64_t step;               /* in this step of a hop */
    float *line, *noise_line;   /* [taps - 1 + HIGH_BAND_PART]: microphone, and white noise */
    uint32_t seed;
    int noisy; /* noise has been filled in since the reset */
    dot_product *dot;
    /* Position of the next frame in the canceller's output: place + part / rate samples. */
    int64_t place;
    unsigned part;
} high_band;

/* Maximum frames for one high_band_hear or high_band_add. */
enum { HIGH_BAND_PART = 256 };

void high_band_layout(high_band *h, arena *a, const high_band_plan *plan);
/* transform has FFT_SIZE points and outlives it. */
void high_band_start(high_band *h, const kernels *k, const fft *transform);
/* The first frame lies place + part / rate samples after the canceller's first output. */
void high_band_reset(high_band *h, int64_t place, unsigned part);

/* Push n frames of the microphone, as they arrive. */
void high_band_hear(high_band *h, const float *mic, size_t n);
/* Push the far end's next hop, [UNECHO_HOP] at 16 kHz, and its power in the upper bands,
 * [far_bands], before the canceller's output for that hop. */
void high_band_far(high_band *h, const float *far, const float *power);
/*
 * Push the canceller's next hop and the hop of the microphone that it belongs to. gain [UNECHO_HOP]
 * := that of the lowest band, which high_band_add gives to all that is below it, too.
 */
void high_band_hop(high_band *h, const float *out, const float *mic, float *gain);
/* Add the next n frames to x: of hops that have been pushed. */
void high_band_add(high_band *h, float *x, size_t n);

#endif
