/*
 * The input of the post-filter's network: the levels of the linear filter's error, microphone, echo
 * estimate and far end in bands, and coherences between them over the last hops.
 */
#ifndef UNECHO_POSTFILTER_FEATURES_H
#define UNECHO_POSTFILTER_FEATURES_H

#include "arena.h"
#include "bands.h"
#include "transform.h"

enum { SIGNAL_ERROR, SIGNAL_MIC, SIGNAL_ECHO, SIGNAL_FAR, SIGNALS };
enum { PAIRS = 3 };

/* The state of one stream: smoothed powers and cross spectra. */
typedef struct features_memory {
    float *power[SIGNALS];
    bins cross[PAIRS];
    float *all; /* the whole state, all_count floats */
    size_t all_count;
} features_memory;

void features_memory_layout(features_memory *m, arena *a);

/*
 * y [POSTFILTER_FEATURES] := the features of one hop; power [SIGNALS][POSTFILTER_BANDS] := the mean
 * power of the signals in the bands; rows [BANDS_ROWS][TRANSFORM_ROW] := what these and the
 * coherences are means of. Flushes values in `spectra` that are too small to be squared.
 */
void features_run(features_memory *m, const kernels *k, const bands *b, float *y, float *power,
                  const bins spectra[SIGNALS], float *rows);

#endif
