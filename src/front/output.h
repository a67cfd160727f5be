/*
 * From the canceller's hops to frames at the microphone's rate, with a constant latency.
 *
 * At other rates than 16 kHz the output is the delayed microphone times the high band's gain, plus
 * the difference between the canceller's output and its microphone times that gain, resampled. So
 * the band that the canceller does not see, and that the resamplers remove, has the gain that
 * high_band decides on, and a microphone that the canceller leaves alone passes at full bandwidth.
 */
#ifndef UNECHO_OUTPUT_H
#define UNECHO_OUTPUT_H

#include "fifo.h"
#include "high_band.h"
#include "kernels/kernels.h"

typedef struct output_plan {
    unsigned rate;
    int high_band;
    size_t wait;         /* native frames by which the microphone holds back a hop */
    size_t lag;          /* samples by which the canceller's output lags its input */
    size_t hops_at_once; /* maximum number of hops pushed before their frames are read */
    size_t far_bands;    /* of the far end above 8 kHz; 0: none */
} output_plan;

typedef struct output {
    output_plan plan;
    int whole_hops; /* every chunk is a multiple of a hop; takes effect at the next reset */
    fifo frames;    /* finished output, if the rate is 16 kHz */
    resampler resampler;
    high_band high;
} output;

/* Maximum frames for one output_hear or output_give. */
enum { OUTPUT_PART = HIGH_BAND_PART };

void output_layout(output *o, arena *a, const output_plan *plan);
/* Returns 0, or -1 if out of memory; output_close in either case. */
int output_start(output *o, const kernels *k, const fft *transform);
void output_close(output *o);
void output_reset(output *o);

/* How noise is to sound above 8 kHz, from the next hop on. */
void output_set(output *o, const upper_noise *noise);

/* In native frames. */
size_t output_latency(const output *o);

/* Push n <= OUTPUT_PART native frames of the microphone, as they arrive. */
void output_hear(output *o, const float *mic, size_t n);
/* Push the far end's next hop, [UNECHO_HOP], and its power above 8 kHz, [far_bands], before the
 * canceller's output for that hop. */
void output_far(output *o, const float *far, const float *power);
/* Push the canceller's next hop and the hop of the microphone that it belongs to. */
void output_hop(output *o, const float *out, const float *mic);
/* Pop n <= OUTPUT_PART frames of output: in all as many as output_hear has taken. */
void output_give(output *o, float *x, size_t n);

#endif
