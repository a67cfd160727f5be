#include "layers.h"

#include <stdbool.h>
#include <string.h>

/* A contiguous row, as in TFLite files: with constant type and step, compilers vectorise the
 * loop, which is ten times as fast. */
static void row_floats(float *restrict floats, const matrix *m, size_t row)
{
    matrix line = {m->data, 1, m->columns, m->row_step, 1, m->type, m->scale, NULL, m->zero};
    switch (m->type) {
    case MATRIX_FLOAT32:
        line.type = MATRIX_FLOAT32;
        for (size_t c = 0; c < line.columns; c++)
            floats[c] = matrix_at(&line, row, c);
        return;
    case MATRIX_INT8:
        line.type = MATRIX_INT8;
        line.scale = matrix_scale(m, row);
        for (size_t c = 0; c < line.columns; c++)
            floats[c] = matrix_at(&line, row, c);
        return;
    default:
        for (size_t c = 0; c < line.columns; c++)
            floats[c] = matrix_at(m, row, c);
    }
}

/* ONNX files store most matrices by columns: a block of rows at a time uses whole cache lines. */
enum { ROWS_AT_ONCE = 16 };

static size_t row_in(const matrix *m, const size_t rows_at[GATES], size_t row)
{
    const size_t quarter = m->rows / GATES;
    return rows_at ? rows_at[row / quarter] + row % quarter : row;
}

void matrix_floats(float *floats, const matrix *m, const size_t rows_at[GATES])
{
    const matrix copy = *m;
    size_t rows[ROWS_AT_ONCE];
    for (size_t first = 0; first < copy.rows; first += ROWS_AT_ONCE) {
        const size_t left = copy.rows - first;
        const size_t count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            const size_t r = first + i;
            rows[i] = row_in(&copy, rows_at, r);
            if (copy.column_step == 1)
                row_floats(floats + r * copy.columns, &copy, rows[i]);
        }
        for (size_t c = 0; copy.column_step != 1 && c < copy.columns; c++)
            for (size_t i = 0; i < count; i++)
                floats[(first + i) * copy.columns + c] = matrix_at(&copy, rows[i], c);
    }
}

/* The integers of a matrix, as floats, and the scale of each row; false: it has no integers, or
 * some that the int8 kernels do not multiply exactly. */
static bool matrix_integers(float *integers, float *scales, const matrix *m,
                            const size_t rows_at[GATES])
{
    if (m->type != MATRIX_INT8 && m->type != MATRIX_UINT8)
        return false;
    matrix bare = *m;
    bare.scale = 1;
    bare.scales = NULL;
    matrix_floats(integers, &bare, rows_at);
    for (size_t i = 0; i < m->rows * m->columns; i++)
        if (integers[i] < -127.0f || integers[i] > 127.0f)
            return false;
    for (size_t r = 0; r < m->rows; r++)
        scales[r] = matrix_scale(m, row_in(m, rows_at, r));
    return true;
}

/* One matrix of a layer. */
typedef struct part {
    const matrix *m;
    const size_t *rows_at; /* as of matrix_floats */
    const float *bias;
    dense_rows order;
} part;

/* integers: keep the matrix's own integers and scales, if it has them. */
static void build(dense *layer, arena *a, const part *from, dense_format format, bool integers,
                  float *scratch)
{
    const matrix *const m = from->m;
    void *const memory = arena_take(a, dense_size(m->rows, m->columns, from->order, format));
    if (!memory)
        return;
    float *const scales = scratch + m->rows * m->columns;
    const bool exact = integers && matrix_integers(scratch, scales, m, from->rows_at);
    if (!exact)
        matrix_floats(scratch, m, from->rows_at);
    const dense_values values = {
        .rows = m->rows,
        .columns = m->columns,
        .order = from->order,
        .weights = scratch,
        .scales = exact ? scales : NULL,
        .bias = from->bias,
    };
    dense_pack(layer, memory, &values, format);
}

void dense_build(dense *layer, arena *a, const matrix *m, const float *bias, dense_format format,
                 bool integers, float *scratch)
{
    const part all = {m, NULL, bias, ROWS_PLAIN};
    build(layer, a, &all, format, integers, scratch);
}

void lstm_build(lstm *layer, arena *a, const lstm_weights *w, size_t units, dense_format format,
                float *scratch)
{
    const bool integers = format == DENSE_INT8;
    const part input = {&w->input, w->gate_row, w->bias, ROWS_GATES};
    const part recurrent = {&w->recurrent, w->gate_row, NULL, ROWS_GATES};
    layer->units = units;
    build(&layer->input, a, &input, format, integers, scratch);
    build(&layer->recurrent, a, &recurrent, format, integers, scratch);
}

void gru_build(gru *layer, arena *a, const gru_weights *w, size_t units, dense_format format,
               float *scratch)
{
    const bool integers = format == DENSE_INT8;
    layer->units = units;
    dense_build(&layer->input, a, &w->input, w->bias, format, integers, scratch);
    dense_build(&layer->recurrent, a, &w->recurrent, w->recurrent_bias, format, integers, scratch);
}

void dense_run(const dense *layer, const kernels *k, const float *x, float *y, size_t stride,
               size_t count, void *scratch)
{
    k->dense(layer, x, stride, y, stride, count, scratch);
    if (layer->format != DENSE_BF16 || !layer->scales)
        return;
    for (size_t t = 0; t < count; t++)
        k->multiply(y + t * stride, y + t * stride, layer->scales, layer->rows);
}

/* Keep c of each stream between -limit and limit; 0: no limit. */
static void limit_cells(float *c, size_t units, const float *limits, size_t count)
{
    for (size_t s = 0; s < count; s++) {
        float *const cells = c + s * units;
        const float limit = limits[s];
        for (size_t i = 0; limit > 0.0f && i < units; i++) {
            const float most = cells[i] < limit ? cells[i] : limit;
            cells[i] = most > -limit ? most : -limit;
        }
    }
}

void lstm_run(const lstm *layer, const kernels *k, const lstm_state *state, layer_rows x,
              float *hidden, const layer_work *work)
{
    const size_t count = work->count;
    const size_t gates_row = KERNEL_PAD(4 * layer->units);
    const size_t hidden_hop = count * KERNEL_PAD(layer->units);

    k->dense(&layer->input, x.at, x.stride, work->gates, gates_row, count * work->hops,
             work->scratch);
    const float *before = state->h;
    for (size_t t = 0; t < work->hops; t++) {
        float *const after = hidden + t * hidden_hop;
        k->lstm_step(&layer->recurrent, before, work->gates + t * count * gates_row, state->c,
                     after, count, work->scratch);
        limit_cells(state->c, KERNEL_PAD(layer->units), state->limits, count);
        before = after;
    }
    memcpy(state->h, before, hidden_hop * sizeof *state->h);
}

void gru_run(const gru *layer, const kernels *k, float *const *h, layer_rows x, layer_rows y,
             const layer_work *work)
{
    const size_t count = work->count, hops = work->hops;
    float *const gates = work->gates;
    const size_t gates_row = KERNEL_PAD(GRU_GATES * layer->units);
    const size_t bytes = layer->units * sizeof(float);
    float *const sums = gates + hops * count * gates_row;
    float *before = y.at - count * y.stride;

    k->dense(&layer->input, x.at, x.stride, gates, gates_row, count * hops, work->scratch);
    for (size_t s = 0; s < count; s++)
        memcpy(before + s * y.stride, h[s], bytes);
    for (size_t t = 0; t < hops; t++) {
        float *const after = before + count * y.stride;
        k->dense(&layer->recurrent, before, y.stride, sums, gates_row, count, work->scratch);
        for (size_t s = 0; s < count; s++)
            k->gru_update(gates + (t * count + s) * gates_row, sums + s * gates_row,
                          before + s * y.stride, after + s * y.stride, layer->units);
        before = after;
    }
    for (size_t s = 0; s < count; s++)
        memcpy(h[s], before + s * y.stride, bytes);
}
