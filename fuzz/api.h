/* What the parts of fuzz_api share: streams as the script left them, and buffers for a call. */
#ifndef UNECHO_FUZZ_API_H
#define UNECHO_FUZZ_API_H

#include "fuzz.h"
#include "unecho_model.h"

enum { MOST = 4096 }; /* frames in a call */

/* Ends the program, saying what did not hold. */
void expect(int holds, const char *what);

/* ---- Streams ---------------------------------------------------------------------------- */

typedef struct line {
    unecho *stream; /* NULL: closed */
    /*
     * The same stream once more, or NULL: given the same samples in pieces of its own, with other
     * kernels and other hops at once, it must give the same bits.
     */
    unecho *twin;
    uint32_t pieces;                     /* random bits: how they are cut */
    unsigned mic_channels, far_channels; /* 1 where it is closed */
    unsigned rate, far_rate;
    int whole_hops, pushed;
    int latency;
    size_t cost;                 /* of a frame: plain kernels take their time */
    uint64_t frames;             /* that its statistics have to know of */
    uint64_t mic_time, far_time; /* frames that each end has brought */
} line;

/* Opens what the script says, in place of what was there. */
void line_open(line *l, unecho_model *model, input *script);
void line_close(line *l);
/* Statistics, latency and kernels, and those of the twin. */
void line_check(const line *l);
/* What the hooks gave and have not got back. */
size_t hooks_hold(void);

/* ---- Samples ---------------------------------------------------------------------------- */

/* A buffer for each channel, or all in one; a canary before, between and behind them. */
typedef struct block {
    float floats[UNECHO_CHANNELS_MAX * (MOST + 1) + 1];
    int16_t integers[UNECHO_CHANNELS_MAX * (MOST + 1) + 1];
    size_t planes, length; /* of samples in each */
    unsigned step;         /* samples in a frame of a plane */
} block;

/* n frames of that many channels. */
void block_shape(block *b, unsigned channels, size_t n, int planar);
/*
 * Samples of a kind: odd ones, the same odd one again and again, a noise that is a function of
 * time, whatever buffer it is in, so that one end may be the other's echo; a noise that is none.
 */
void block_fill(block *b, unsigned kind, uint64_t time);
/* The first sample of a plane. */
size_t block_plane(const block *b, size_t plane);
void block_check_canaries(const block *b);
void block_check_finite(const block *b);
/* The same bits in a and b. */
void block_check_equal(const block *a, const block *b, int integers);

#endif
