/*
 * Float matrices as panels: `width` rows side by side, column after column, so that one column of a
 * panel is one load; the last panel is filled up with zeros. Used by every set, each with its width.
 */
#ifndef UNECHO_PANELS_H
#define UNECHO_PANELS_H

#include "kernels.h"

/* As kernels.linear_size and kernels.linear_pack; width divides KERNEL_ROW. */
size_t panels_size(size_t rows, size_t columns, linear_rows order, size_t width);
void panels_pack(linear *layer, void *memory, const float *weights, const float *bias, size_t rows,
                 size_t columns, linear_rows order, size_t width);

#endif
