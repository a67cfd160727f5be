#include "layers.h"

#include <string.h>

/* A row whose elements stand side by side, as in TFLite files: told so, compilers make vectors of
 * it, which is ten times as fast. */
static void row_floats(float *restrict floats, const matrix *m, size_t row)
{
    matrix line = {m->data, 1, m->columns, m->row_step, 1, 0};
    if (m->scale == 0) {
        for (size_t c = 0; c < line.columns; c++)
            floats[c] = matrix_at(&line, row, c);
        return;
    }
    line.scale = m->scale;
    for (size_t c = 0; c < line.columns; c++)
        floats[c] = matrix_at(&line, row, c);
}

/* ONNX files hold most matrices column by column: a block of rows at a time reads whole cache
 * lines. */
enum { ROWS_AT_ONCE = 16 };

void matrix_floats(float *floats, const matrix *m, const size_t rows_at[GATES])
{
    const matrix copy = *m;
    const size_t quarter = m->rows / GATES;
    size_t rows[ROWS_AT_ONCE];
    for (size_t first = 0; first < copy.rows; first += ROWS_AT_ONCE) {
        const size_t left = copy.rows - first;
        const size_t count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (size_t i = 0; i < count; i++) {
            const size_t r = first + i;
            rows[i] = rows_at ? rows_at[r / quarter] + r % quarter : r;
            if (copy.column_step == 1)
                row_floats(floats + r * copy.columns, &copy, rows[i]);
        }
        for (size_t c = 0; copy.column_step != 1 && c < copy.columns; c++)
            for (size_t i = 0; i < count; i++)
                floats[(first + i) * copy.columns + c] = matrix_at(&copy, rows[i], c);
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

void linear_build(linear *layer, arena *a, const matrix *m, const float *bias, linear_format format,
                  float *scratch)
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

void lstm_run(const lstm *layer, const kernels *k, float *h, float *c, const float *x,
              size_t x_stride, float *gates, float *hidden, size_t count, size_t hops,
              void *scratch)
{
    const size_t gates_hop = count * KERNEL_PAD(4 * layer->units);
    const size_t hidden_hop = count * KERNEL_PAD(layer->units);

    k->linear(&layer->input, x, x_stride, gates, KERNEL_PAD(4 * layer->units), count * hops,
              scratch);
    const float *before = h;
    for (size_t t = 0; t < hops; t++) {
        float *const after = hidden + t * hidden_hop;
        k->lstm_step(&layer->recurrent, before, gates + t * gates_hop, c, after, count, scratch);
        before = after;
    }
    memcpy(h, before, hidden_hop * sizeof *h);
}
