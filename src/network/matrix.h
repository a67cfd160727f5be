/*
 * A matrix of weights in place: in the bytes of a model file, in its type and layout. Layers are
 * packed from it.
 */
#ifndef UNECHO_MATRIX_H
#define UNECHO_MATRIX_H

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
 * column_step from data on. A row is an output, a column an input. The value of an element q
 * is scale * scales[r] * (q - zero).
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

static inline uint64_t matrix_elements(const matrix *m)
{
    return (uint64_t)m->rows * m->columns;
}

static inline float matrix_scale(const matrix *m, size_t row)
{
    return m->scales ? m->scale * float32_of(m->scales + 4 * row) : m->scale;
}

/* An integer element minus the zero point. */
static inline int matrix_integer(const matrix *m, size_t row, size_t column)
{
    const int element = m->data[row * m->row_step + column * m->column_step];
    /* the sign without a branch */
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

#endif
