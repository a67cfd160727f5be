/*
 * The layers that networks are made of, over any number of hops at once, on a kernel table. They
 * know neither topologies nor file formats.
 */
#ifndef UNECHO_LAYERS_H
#define UNECHO_LAYERS_H

#include "arena.h"
#include "kernels/kernels.h"
#include "weights.h"

#include <stdbool.h>

/* ---- Packed layers: immutable, shared by all streams ------------------------------------ */

typedef struct norm {
    const float *gamma, *beta; /* [features] */
    size_t features;
} norm;

typedef struct lstm {
    dense input, recurrent;
    size_t units;
} lstm;

typedef struct gru {
    dense input, recurrent;
    size_t units;
} gru;

/* A matrix as row-major floats, for packing. rows_at: the row of m at which each quarter of the
 * rows begins (the gates of an LSTM); NULL: in order. */
void matrix_floats(float *floats, const matrix *m, const size_t rows_at[GATES]);

/*
 * Pack into the arena; only take room while it measures. scratch: rows * columns + rows floats of
 * the largest matrix of the layer. int8 keeps a matrix's own integers and scales; `integers` lets
 * bf16 do so too, in layers that run by dense_run.
 */
void dense_build(dense *layer, arena *a, const matrix *m, const float *bias, dense_format format,
                 bool integers, float *scratch);
void lstm_build(lstm *layer, arena *a, const lstm_weights *w, size_t units, dense_format format,
                float *scratch);

void gru_build(gru *layer, arena *a, const gru_weights *w, size_t units, dense_format format,
               float *scratch);

/* ---- Running ---------------------------------------------------------------------------- */

/* y = W x for `count` rows, both with that stride, of a layer without bias. Scratch as for the
 * kernels. */
void dense_run(const dense *layer, const kernels *k, const float *x, float *y, size_t stride,
               size_t count, void *scratch);

/* Rows of values, `stride` apart: hop t of stream s is row t * count + s. */
typedef struct layer_rows {
    float *at;
    size_t stride;
} layer_rows;

/* One run of a recurrent layer: `hops` steps for `count` streams. */
typedef struct layer_work {
    size_t count, hops;
    float *gates;  /* scratch, see the layer */
    void *scratch; /* DENSE_SCRATCH for the inputs of all rows */
} layer_work;

/* An LSTM's state of each stream, zero at the start: [count][KERNEL_PAD(units)]. */
typedef struct lstm_state {
    float *h, *c;
    const float *limits; /* [count], the largest magnitude of c between two steps; 0: no limit */
} lstm_state;

/*
 * From x to the rows of hidden, KERNEL_PAD(units) apart; x may be hidden.
 * gates: [hops * count][KERNEL_PAD(4 * units)].
 */
void lstm_run(const lstm *layer, const kernels *k, const lstm_state *state, layer_rows x,
              float *hidden, const layer_work *work);

/*
 * From x to y, `units` values a row; the `count` rows before y are overwritten too. h [count]: the
 * state of each stream, [units], zero at the start.
 * gates: [hops * count + count][KERNEL_PAD(3 * units)].
 */
void gru_run(const gru *layer, const kernels *k, float *const *h, layer_rows x, layer_rows y,
             const layer_work *work);

#endif
