#include "layers.h"

#include <string.h>

void matrix_floats(float *floats, const matrix *m, const size_t rows_at[GATES])
{
    const size_t quarter = m->rows / GATES;
    for (size_t r = 0; r < m->rows; r++) {
        const size_t row = rows_at ? rows_at[r / quarter] + r % quarter : r;
        for (size_t c = 0; c < m->columns; c++)
            *floats++ = matrix_at(m, row, c);
    }
}

static void build(linear *layer, const kernels *k, arena *a, const matrix *m,
                  const size_t rows_at[GATES], const float *bias, linear_rows order, float *scratch)
{
    void *const memory = arena_take(a, k->linear_size(m->rows, m->columns, order));
    if (!memory)
        return;
    matrix_floats(scratch, m, rows_at);
    k->linear_pack(layer, memory, scratch, bias, m->rows, m->columns, order);
}

void linear_build(linear *layer, const kernels *k, arena *a, const matrix *m, const float *bias,
                  float *scratch)
{
    build(layer, k, a, m, NULL, bias, ROWS_PLAIN, scratch);
}

void lstm_build(lstm *layer, const kernels *k, arena *a, const lstm_weights *w, size_t units,
                float *scratch)
{
    layer->units = units;
    build(&layer->input, k, a, &w->input, w->gate_row, w->bias, ROWS_GATES, scratch);
    build(&layer->recurrent, k, a, &w->recurrent, w->gate_row, NULL, ROWS_GATES, scratch);
}

void lstm_run(const lstm *layer, const kernels *k, lstm_state *state, const float *x,
              size_t x_stride, float *gates, float *hidden, size_t hops)
{
    const size_t gates_row = KERNEL_PAD(4 * layer->units);
    const size_t hidden_row = KERNEL_PAD(layer->units);

    k->linear(&layer->input, x, x_stride, gates, gates_row, hops);
    const float *h = state->h;
    for (size_t t = 0; t < hops; t++) {
        float *const h_next = hidden + t * hidden_row;
        k->lstm_step(&layer->recurrent, h, gates + t * gates_row, state->c, h_next);
        h = h_next;
    }
    memcpy(state->h, h, layer->units * sizeof *h);
}
