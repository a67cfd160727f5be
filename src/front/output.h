/*
 * From the canceller's hops to frames at the microphone's rate, with a constant latency.
 *
 * At other rates than 16 kHz the output is the microphone itself, late by the latency, times the
 * high band's gain, plus what the network's output differs from that: so the band that the network
 * does not hear, or that a resampler takes away, follows the band that it does, and what the
 * network leaves alone stays as it was, to the last bit of air.
 */
#ifndef UNECHO_OUTPUT_H
#define UNECHO_OUTPUT_H

#include "dsp/resampler.h"
#include "fifo.h"
#include "high_band.h"
#include "kernels/kernels.h"

typedef struct output_plan {
    unsigned rate;
    int high_band;
    size_t wait;         /* native frames that a hop waits before it goes through the network */
    size_t lag;          /* samples by which hops come later than what they were made of */
    size_t hops_at_once; /* the most hops that are taken before frames are given */
} output_plan;

typedef struct output {
    output_plan plan;
    int whole_hops; /* frames are taken and given by multiples of a hop; looked at by the reset */
    fifo frames;    /* ready, where the rate is 16 kHz */
    resampler resampler;
    fifo mic; /* native, as late as the output */
    high_band band;
    float *gains; /* a ring: the gain at the end of hop i at (i + 1) % ring */
    size_t ring;
    float *scratch;
    uint64_t hops; /* taken so far */
    /* Where the next frame lies in the network's output: samples, and that many rate-th parts. */
    int64_t place;
    unsigned part;
} output;

/* The most frames for one output_hear. */
enum { OUTPUT_PART = 256 };

void output_layout(output *o, arena *a, const output_plan *plan);
void output_start(output *o, const kernels *k);
void output_reset(output *o);

/* In native frames. */
size_t output_latency(const output *o);

/* The microphone as it comes, n <= OUTPUT_PART native frames. */
void output_hear(output *o, const float *mic, size_t n);
/* The network's next hop, and the hop of the microphone that it belongs to. */
void output_hop(output *o, const float *out, const float *mic);
/* n <= OUTPUT_PART frames of output; as many as have been heard are there. */
void output_give(output *o, float *x, size_t n);

#endif
