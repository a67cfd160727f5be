#include "panels.h"

#include <string.h>

static size_t round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* With ROWS_GATES each gate is filled up by itself: a panel holds width / 4 units of all four. */
static size_t packed_rows(size_t rows, linear_rows order, size_t width)
{
    return order == ROWS_GATES ? 4 * round_up(rows / 4, width / 4) : round_up(rows, width);
}

/* The row of the matrix that stands at a packed row; `rows` where there is none. */
static size_t source_row(size_t packed, size_t rows, linear_rows order, size_t width)
{
    if (order == ROWS_PLAIN)
        return packed < rows ? packed : rows;
    const size_t units = width / 4;
    const size_t gate = packed % width / units;
    const size_t unit = packed / width * units + packed % units;
    return unit < rows / 4 ? gate * (rows / 4) + unit : rows;
}

size_t panels_size(size_t rows, size_t columns, linear_rows order, size_t width)
{
    const size_t floats = packed_rows(rows, order, width) * (columns + 1);
    return round_up(floats * sizeof(float), 64);
}

void panels_pack(linear *layer, void *memory, const float *weights, const float *bias, size_t rows,
                 size_t columns, linear_rows order, size_t width)
{
    const size_t padded = packed_rows(rows, order, width);
    float *packed = memory;
    float *packed_bias = packed + padded * columns;
    memset(memory, 0, panels_size(rows, columns, order, width));

    for (size_t p = 0; p < padded; p++) {
        const size_t row = source_row(p, rows, order, width);
        if (row == rows)
            continue;
        float *column = packed + p / width * width * columns + p % width;
        for (size_t k = 0; k < columns; k++)
            column[k * width] = weights[row * columns + k];
        if (bias)
            packed_bias[p] = bias[row];
    }
    *layer = (linear){.rows = rows,
                      .columns = columns,
                      .weights = packed,
                      .bias = bias ? packed_bias : NULL};
}
