/* Shared by the parts of fuzz_api: the streams of a script, and the buffers of a call. */
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
    unsigned mic_channels, far_channels; /* 1 while it is closed */
    unsigned rate, far_rate;
    int whole_hops, pushed;
    int latency;
    size_t cost;                 /* of a frame, higher for plain kernels */
    uint64_t frames;             /* the count that its statistics must report */
    uint64_t mic_time, far_time; /* frames that each end has received */
} line;

/* Close the stream and open the one that the script describes. */
void line_open(line *l, unecho_model *model, input *script);
void line_close(line *l);
/* Check statistics, latency and kernels, also of the twin. */
void line_check(const line *l);
/* Blocks that the allocation hooks have not got back. */
size_t hooks_hold(void);

/* ---- Samples ---------------------------------------------------------------------------- */

/* One buffer per channel, or one for all, with canaries before, between and after them. */
typedef struct block {
    float floats[UNECHO_CHANNELS_MAX * (MOST + 1) + 1];
    int16_t integers[UNECHO_CHANNELS_MAX * (MOST + 1) + 1];
    size_t planes, length; /* samples in each */
    unsigned step;         /* samples of a plane per frame */
} block;

/* Lay out n frames of `channels` channels. */
void block_shape(block *b, unsigned channels, size_t n, int planar);
/*
 * Fill with a kind of samples: odd values, one odd value repeated, noise that depends only on the
 * time, so that one end can be the other's echo, or unrelated noise.
 */
void block_fill(block *b, unsigned kind, uint64_t time);
/* The first sample of a plane. */
size_t block_plane(const block *b, size_t plane);
void block_check_canaries(const block *b);
void block_check_finite(const block *b);
/* Expect the same bits in a and b. */
void block_check_equal(const block *a, const block *b, int integers);

#endif
