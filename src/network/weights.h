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

/* Rows and vectors hold the gates z (update), r (reset) and n (new state) in turn, as in ONNX. */
enum { GRU_GATES = 3 };

typedef struct gru_weights {
    matrix input;          /* W: [3 * units, inputs] */
    matrix recurrent;      /* U: [3 * units, units] */
    float *bias;           /* [3 * units], of W */
    float *recurrent_bias; /* [3 * units], of U: 0 for z and r, whose biases add up */
} gru_weights;

typedef struct norm_weights {
    float *gamma, *beta; /* [features] */
} norm_weights;

#endif
