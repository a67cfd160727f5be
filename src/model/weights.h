/*
 * The weights of one stage as the loaders hand them over: matrices as views into the file's bytes,
 * vectors as floats. What a loader fills and what the network packs; knows no file format.
 */
#ifndef UNECHO_WEIGHTS_H
#define UNECHO_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum matrix_type {
    MATRIX_FLOAT32,
    MATRIX_FLOAT16,
    MATRIX_BFLOAT16,
    MATRIX_INT8,
    MATRIX_UINT8
} matrix_type;

/*
 * A matrix at any alignment, little-endian; element (r, c) is element r * row_step + c *
 * column_step from data on. A row is an output, a column an input. What an element q stands for is
 * scale * scales[r] * (q - zero).
 */
typedef struct matrix {
    const unsigned char *data;
    size_t rows, columns;
    size_t row_step, column_step;
    matrix_type type;
    float scale;                 /* 1: none */
    const unsigned char *scales; /* [rows], float32; NULL: none */
    int zero;                    /* of integers */
} matrix;

static inline float float32_of(const unsigned char *at)
{
    const uint32_t bits =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float bfloat16_of(const unsigned char *at)
{
    const uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Exact: every float16 is a float32. */
static inline float float16_of(const unsigned char *at)
{
    const uint32_t half = (uint32_t)at[0] | (uint32_t)at[1] << 8;
    const uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31u;
    uint32_t bits = sign | (exponent + 112) << 23 | (half & 0x3ffu) << 13;
    if (exponent == 31)
        bits |= 0x7f800000u;
    float value;
    memcpy(&value, &bits, sizeof value);
    if (exponent == 0)
        value = (sign ? -0x1p-24f : 0x1p-24f) * (float)(half & 0x3ffu);
    return value;
}

static inline size_t matrix_bytes(matrix_type type)
{
    return type == MATRIX_FLOAT32 ? 4 : type >= MATRIX_INT8 ? 1 : 2;
}

static inline float matrix_scale(const matrix *m, size_t row)
{
    return m->scales ? m->scale * float32_of(m->scales + 4 * row) : m->scale;
}

/* An element of integers, less what stands for 0. */
static inline int matrix_integer(const matrix *m, size_t row, size_t column)
{
    const int element = m->data[row * m->row_step + column * m->column_step];
    /* the sign, without a branch */
    return (m->type == MATRIX_INT8 ? (element ^ 128) - 128 : element) - m->zero;
}

static inline float matrix_at(const matrix *m, size_t row, size_t column)
{
    const size_t index = row * m->row_step + column * m->column_step;
    switch (m->type) {
    case MATRIX_FLOAT32:
        return m->scale * float32_of(m->data + 4 * index);
    case MATRIX_FLOAT16:
        return m->scale * float16_of(m->data + 2 * index);
    case MATRIX_BFLOAT16:
        return m->scale * bfloat16_of(m->data + 2 * index);
    default:
        return matrix_scale(m, row) * (float)matrix_integer(m, row, column);
    }
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

/* Trained numbers in a stage. */
uint64_t weights_count(const stage_weights *weights);

#endif
