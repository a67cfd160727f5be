/* Shared by the parts of fuzz_api: streams as the script left them, and the buffers of a call. */
#ifndef UNECHO_FUZZ_API_H
#define UNECHO_FUZZ_API_H

#include "fuzz.h"
#include "unecho_model.h"

enum { MOST = 4096 }; /* frames in a call */

/* Ends the program with the property that failed. */
void expect(int holds, const char *what);

/* ---- Streams ---------------------------------------------------------------------------- */

typedef struct line {
    unecho *stream; /* NULL: closed */
    /*
     * A second stream or NULL: given the same samples in other pieces, with other kernels and hops
     * at once, it must give the same bits.
     */
    unecho *twin;
    uint32_t pieces;                     /* random bits: how the samples are split */
    unsigned mic_channels, far_channels; /* 1 where it is closed */
    unsigned rate, far_rate;
    int whole_hops, pushed;
    int latency;
    size_t cost;                 /* of a frame: plain kernels are slow */
    uint64_t frames;             /* that its statistics must count */
    uint64_t mic_time, far_time; /* frames that each end has received */
} line;

/* Opens the stream that the script describes, replacing the one before. */
void line_open(line *l, unecho_model *model, input *script);
void line_close(line *l);
/* Checks statistics, latency and kernels, and those of the twin. */
void line_check(const line *l);
/* Blocks that the hooks gave and did not get back. */
size_t hooks_hold(void);

/* ---- Samples ---------------------------------------------------------------------------- */

/* A buffer for each channel, or one for all; canaries before, between and after them. */
typedef struct block {
    float floats[UNECHO_CHANNELS_MAX * (MOST + 1) + 1];
    int16_t integers[UNECHO_CHANNELS_MAX * (MOST + 1) + 1];
    size_t planes, length; /* samples in each */
    unsigned step;         /* samples of a plane per frame */
} block;

/* n frames of that many channels. */
void block_shape(block *b, unsigned channels, size_t n, int planar);
/*
 * Samples of a kind: odd ones, one odd value repeated, noise that is a function of time in any
 * buffer, so that one end can be the other's echo, or unrelated noise.
 */
void block_fill(block *b, unsigned kind, uint64_t time);
/* The first sample of a plane. */
size_t block_plane(const block *b, size_t plane);
void block_check_canaries(const block *b);
void block_check_finite(const block *b);
/* The same bits in a and b. */
void block_check_equal(const block *a, const block *b, int integers);

#endif
