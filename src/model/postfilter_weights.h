/* What the post-filter's model file holds: the weights of its network. */
#ifndef UNECHO_POSTFILTER_WEIGHTS_H
#define UNECHO_POSTFILTER_WEIGHTS_H

#include "network/weights.h"

/* What goes into the network each hop, and comes out of it: 7 rows of bands, and a gain for each
 * band. */
enum { POSTFILTER_BANDS = 70, POSTFILTER_FEATURES = 7 * POSTFILTER_BANDS };

enum { POSTFILTER_LAYERS = 2 };

/* All vectors share one allocation, `vectors`, which the owner frees. */
typedef struct postfilter_weights {
    size_t units;
    matrix input;      /* [units, POSTFILTER_FEATURES] */
    float *input_bias; /* [units] */
    gru_weights gru[POSTFILTER_LAYERS];
    matrix output;      /* [POSTFILTER_BANDS, 2 * units] */
    float *output_bias; /* [POSTFILTER_BANDS] */
    float *vectors;
    char producer[64];
} postfilter_weights;

/* Trained numbers. */
uint64_t postfilter_weights_count(const postfilter_weights *weights);

#endif
