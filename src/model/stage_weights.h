/* What a model file holds: the weights of one stage, and the file's inputs and outputs. */
#ifndef UNECHO_STAGE_WEIGHTS_H
#define UNECHO_STAGE_WEIGHTS_H

#include "network/weights.h"

/*
 * The inputs and outputs of a stage's file by role, for a backend that runs the file itself. main:
 * the microphone's magnitude or the estimate in, the mask or the block out. Names are views into
 * the file's bytes, not terminated.
 */
enum { PORT_MAIN, PORT_FAR, PORT_STATES, PORT_MAIN_OUT, PORT_STATES_OUT, PORTS };
enum { PORT_RANK_MAX = 8 };
typedef struct stage_port {
    const char *name; /* NULL: not an ONNX file */
    size_t name_size;
    size_t rank, dims[PORT_RANK_MAX];
} stage_port;

/*
 * One stage. Stage 1: 257 features, no encoder and decoder. Stage 2: 512 features.
 * All vectors share one allocation, `vectors`, which the owner frees.
 */
typedef struct stage_weights {
    size_t units;
    size_t features;
    norm_weights norm_main, norm_far;
    lstm_weights lstm[2];
    matrix dense; /* [features, units] */
    float *dense_bias;
    matrix encoder, decoder; /* [512, 512] */
    float *vectors;
    stage_port ports[PORTS];
    char producer[64];
} stage_weights;

/* Trained numbers in a stage. */
uint64_t stage_weights_count(const stage_weights *weights);

#endif
