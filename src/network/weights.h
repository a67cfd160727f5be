/* The weights of layers: matrices as views, vectors as floats. A model reader fills them in. */
#ifndef UNECHO_WEIGHTS_H
#define UNECHO_WEIGHTS_H

#include "matrix.h"

/* The gates of an LSTM in the order of the packed layers, which is that of Keras. */
enum { GATE_INPUT, GATE_FORGET, GATE_CELL, GATE_OUTPUT, GATES };

typedef struct lstm_weights {
    matrix input;           /* W: [4 * units, inputs] */
    matrix recurrent;       /* U: [4 * units, units] */
    size_t gate_row[GATES]; /* the row of W and U at which each gate's units begin */
    float *bias;            /* [4 * units], in the order of GATE_* */
} lstm_weights;

typedef struct norm_weights {
    float *gamma, *beta; /* [features] */
} norm_weights;

#endif
