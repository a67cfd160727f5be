/*
 * Elements of the GStreamer plugin on a bench, in the harness of GStreamer's own tests, and what
 * the library gives for the same samples.
 */
#ifndef UNECHO_TEST_GST_BENCH_H
#define UNECHO_TEST_GST_BENCH_H

#include "signals.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <stdbool.h>

/* Long enough for the default engine to cancel, short enough for many runs. */
enum { SHORT = 48000 };

/* The sample at 16 kHz. */
extern signal_ mic, far;

/* Of a test group: read the sample and load the plugin; free both. */
int set_up(void **unused);
int tear_down(void **unused);

typedef struct bench {
    GstElement *element;
    GstBus *bus;
    GstHarness *mic; /* in and out */
    GstHarness *far; /* NULL: not connected; of a pair, in and out of the probe */
    size_t mic_sent, far_sent;
} bench;

typedef struct format {
    const char *name; /* "F32LE", "S16LE" */
    int rate, channels;
} format;

extern const format float_16;

void set_format(GstHarness *h, const format *f);
/* `unecho`; far NULL: that pad does not exist. */
bench unecho_bench(const format *m, const format *f);
/* The pair; far NULL: there is no probe. */
bench pair_bench(const format *m, const format *f);
void end_bench(bench *b);

/* The next warning or error contains this text; there is none. */
void assert_complains(bench *b, const char *of);
void assert_content(bench *b);

/* As bytes of that format, the same signal in every channel. */
void *samples_in(const format *f, const float *x, size_t n);
size_t frame_of(const format *f);
/* An odd size, at most `left`, another one each time. */
size_t next_block(size_t left, size_t *turn);
/* The next n frames of all. */
void send(GstHarness *h, const format *f, const void *all, size_t *sent, size_t n);
/* What has come out since the last call, joined; its timestamps go on without gap from `from`. */
GByteArray *pull(GstHarness *h, const format *f, bool until_end, size_t from);
/* All of both ends in buffers of odd sizes, each from a thread of its own. */
GByteArray *run_unecho(bench *b, const format *f, const void *m, size_t mic_n, const format *ff,
                       const void *r, size_t far_n);

unecho_config config_of(const format *m);
/* What the library gives for n frames without its latency; r NULL: no far end. */
void *of_library(const unecho_config *config, const format *f, const void *m, const void *r,
                 size_t n);
void assert_bytes(const GByteArray *all, const void *expected, size_t size);

#endif
