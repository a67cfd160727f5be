/* Matrices as panels, in the three formats. */
#include "kernels.h"
#include "scalar.h"

static size_t round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* With ROWS_GATES each gate is padded by itself. */
static size_t packed_rows(size_t rows, dense_rows order)
{
    return order == ROWS_GATES ? 4 * round_up(rows / 4, PANEL_UNITS) : round_up(rows, PANEL_ROWS);
}

/* The row of the matrix at a packed row; `rows`: none, padding. */
static size_t source_row(size_t packed, size_t rows, dense_rows order)
{
    if (order == ROWS_PLAIN)
        return packed < rows ? packed : rows;
    const size_t gate = packed % PANEL_ROWS / PANEL_UNITS;
    const size_t unit = packed / PANEL_ROWS * PANEL_UNITS + packed % PANEL_UNITS;
    return unit < rows / 4 ? gate * (rows / 4) + unit : rows;
}

/* What follows the weights: bias, scales and offsets, one of each per packed row. */
enum { ROW_EXTRAS = 3 };

size_t dense_size(size_t rows, size_t columns, dense_rows order, dense_format format)
{
    const dense layer = {.columns = columns, .format = format};
    const size_t words = packed_rows(rows, order) * (dense_steps(&layer) + ROW_EXTRAS);
    return round_up(words * sizeof(uint32_t), 64);
}

/* One row as int8, each weight times `inverse`; `first` is the row's first word.
 * Returns -128 times their sum. */
static int32_t pack_multiples(int8_t *first, const float *row, size_t columns, float inverse)
{
    int32_t sum = 0;
    for (size_t k = 0; k < columns; k++) {
        const int32_t weight = round_(row[k] * inverse);
        first[k / 4 * 4 * PANEL_ROWS + k % 4] = (int8_t)weight;
        sum += weight;
    }
    return -128 * sum;
}

/* The same, in units of a 127th of the row's largest weight. */
static int32_t pack_int8(int8_t *first, const float *row, size_t columns, float *scale)
{
    float most = 0.0f;
    for (size_t k = 0; k < columns; k++)
        most = fabsf(row[k]) > most ? fabsf(row[k]) : most;
    *scale = most / 127.0f;
    return pack_multiples(first, row, columns, most > 1e-30f ? 127.0f / most : 0.0f);
}

static void pack_bf16(uint16_t *first, const float *row, size_t columns)
{
    for (size_t k = 0; k < columns; k++)
        first[k / 2 * 2 * PANEL_ROWS + k % 2] = bf16_(row[k]);
}

static void pack_f32(float *first, const float *row, size_t columns)
{
    for (size_t k = 0; k < columns; k++)
        first[k * PANEL_ROWS] = row[k];
}

void dense_pack(dense *layer, void *memory, const dense_values *from, dense_format format)
{
    const size_t rows = from->rows, columns = from->columns;
    const size_t padded = packed_rows(rows, from->order);
    *layer = (dense){
        .rows = rows,
        .columns = columns,
        .used = from->order == ROWS_PLAIN ? rows : padded,
        .format = format,
        .weights = memory,
    };
    const size_t steps = dense_steps(layer);
    float *const biases = (float *)memory + padded * steps;
    float *const units = biases + padded;
    int32_t *const offsets = (int32_t *)(units + padded);
    memset(memory, 0, dense_size(rows, columns, from->order, format));

    for (size_t p = 0; p < padded; p++) {
        const size_t row = source_row(p, rows, from->order);
        if (row == rows)
            continue;
        void *const first =
            (uint32_t *)memory + p / PANEL_ROWS * PANEL_ROWS * steps + p % PANEL_ROWS;
        const float *const weights = from->weights + row * columns;
        if (from->scales)
            units[p] = from->scales[row];
        if (format == DENSE_F32)
            pack_f32(first, weights, columns);
        else if (format == DENSE_BF16)
            pack_bf16(first, weights, columns);
        else
            offsets[p] = from->scales ? pack_multiples(first, weights, columns, 1.0f)
                                      : pack_int8(first, weights, columns, &units[p]);
        if (from->bias)
            biases[p] = from->bias[row];
    }
    layer->bias = from->bias ? biases : NULL;
    layer->scales = from->scales || format == DENSE_INT8 ? units : NULL;
    layer->offsets = offsets;
}
