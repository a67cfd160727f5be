/* Elements of the matrices that a loader hands over as views into a file's bytes. */
#include "weights.h"

#include <stdint.h>
#include <string.h>

float matrix_at(const matrix *m, size_t row, size_t column)
{
    const unsigned char *at = m->data + 4 * (row * m->row_step + column * m->column_step);
    const uint32_t bits =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
