/* What the post-filter's model file holds: the weights of its network. */
#ifndef UNECHO_POSTFILTER_WEIGHTS_H
#define UNECHO_POSTFILTER_WEIGHTS_H

#include "network/weights.h"

/* What goes into the network each hop, and comes out of it: 7 rows of bands; a gain for each band,
 * and behind them, if the model has it, the probability that the near end talks. */
enum {
    POSTFILTER_BANDS = 70,
    POSTFILTER_FEATURES = 7 * POSTFILTER_BANDS,
    POSTFILTER_NEAR_END = POSTFILTER_BANDS,
    POSTFILTER_OUTPUTS,
};

enum { POSTFILTER_LAYERS = 2 };

/* All vectors share one allocation, `vectors`, which the owner frees. */
typedef struct postfilter_weights {
    size_t units;
    matrix input;      /* [units, POSTFILTER_FEATURES] */
    float *input_bias; /* [units] */
    gru_weights gru[POSTFILTER_LAYERS];
    matrix output;      /* [POSTFILTER_BANDS or POSTFILTER_OUTPUTS, 2 * units] */
    float *output_bias; /* [POSTFILTER_OUTPUTS] */
    float *vectors;
    char producer[64];
} postfilter_weights;

/* Trained numbers. */
uint64_t postfilter_weights_count(const postfilter_weights *weights);

#endif
