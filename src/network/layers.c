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

static void build(linear *layer, arena *a, const matrix *m, const size_t rows_at[GATES],
                  const float *bias, linear_rows order, linear_format format, float *scratch)
{
    void *const memory = arena_take(a, linear_size(m->rows, m->columns, order, format));
    if (!memory)
        return;
    matrix_floats(scratch, m, rows_at);
    linear_pack(layer, memory, scratch, bias, m->rows, m->columns, order, format);
}

void linear_build(linear *layer, arena *a, const matrix *m, const float *bias,
                  linear_format format, float *scratch)
{
    build(layer, a, m, NULL, bias, ROWS_PLAIN, format, scratch);
}

void lstm_build(lstm *layer, arena *a, const lstm_weights *w, size_t units, linear_format format,
                float *scratch)
{
    layer->units = units;
    build(&layer->input, a, &w->input, w->gate_row, w->bias, ROWS_GATES, format, scratch);
    build(&layer->recurrent, a, &w->recurrent, w->gate_row, NULL, ROWS_GATES, format, scratch);
}

void lstm_run(const lstm *layer, const kernels *k, lstm_state *state, const float *x,
              size_t x_stride, float *gates, float *hidden, size_t hops, void *scratch)
{
    const size_t gates_row = KERNEL_PAD(4 * layer->units);
    const size_t hidden_row = KERNEL_PAD(layer->units);

    k->linear(&layer->input, x, x_stride, gates, gates_row, hops, scratch);
    const float *h = state->h;
    for (size_t t = 0; t < hops; t++) {
        float *const h_next = hidden + t * hidden_row;
        k->lstm_step(&layer->recurrent, h, gates + t * gates_row, state->c, h_next, 1, scratch);
        h = h_next;
    }
    memcpy(state->h, h, layer->units * sizeof *h);
}
