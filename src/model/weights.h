/*
 * The weights of one stage as the loaders hand them over: matrices as views into the file's bytes,
 * vectors as floats. What a loader fills and what the network packs; knows no file format.
 */
#ifndef UNECHO_WEIGHTS_H
#define UNECHO_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A matrix at any alignment, of little-endian float32 or, where scale is not 0, of int8 that scale
 * multiplies; element (r, c) is element r * row_step + c * column_step from data on. A row is an
 * output, a column an input. */
typedef struct matrix {
    const unsigned char *data;
    size_t rows, columns;
    size_t row_step, column_step;
    float scale;
} matrix;

static inline float matrix_at(const matrix *m, size_t row, size_t column)
{
    const size_t index = row * m->row_step + column * m->column_step;
    if (m->scale != 0)
        return m->scale * (float)((m->data[index] ^ 128) - 128); /* the sign, without a branch */
    const unsigned char *at = m->data + 4 * index;
    const uint32_t bits =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* LSTM gates in the order in which unecho keeps them, that of Keras. */
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

/*
 * What goes in and out of a stage's file, by role, for who runs the file itself. main: the
 * microphone's magnitude or the estimate in, the mask or the block out. The names are views into
 * the file's bytes, not terminated.
 */
enum { PORT_MAIN, PORT_FAR, PORT_STATES, PORT_MAIN_OUT, PORT_STATES_OUT, PORTS };
enum { PORT_RANK_MAX = 8 };
typedef struct stage_port {
    const char *name; /* NULL: the file is no ONNX file */
    size_t name_size;
    size_t rank, dims[PORT_RANK_MAX];
} stage_port;

/*
 * One stage. Stage 1: 257 features, no encoder and decoder. Stage 2: 512 features.
 * All vectors are in one allocation, `vectors`, which the owner frees.
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

#endif
