/* The plain C kernels: they run on every CPU and define the results of every other set. */
#include "plain.h"

/* sums[r] += W[r] x for the rows of one panel, in input order. */
static inline void add_f32(float *restrict sums, const float *restrict panel,
                           const float *restrict x, size_t columns)
{
    for (size_t k = 0; k < columns; k++)
        for (size_t r = 0; r < PANEL_ROWS; r++)
            sums[r] = fmaf(panel[k * PANEL_ROWS + r], x[k], sums[r]);
}

/*
 * The same for bf16: products of pairs, the second of a pair first, each a fused multiply-add in
 * float. That is the order of the dot-product instructions of x86.
 */
static inline void add_bf16(float *restrict sums, const uint16_t *restrict panel,
                            const uint32_t *restrict words, size_t steps)
{
    for (size_t k = 0; k < steps; k++) {
        const float first = float_of_bits(words[k] << 16);
        const float second = float_of_bits(words[k] & 0xffff0000u);
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            const uint16_t *const w = panel + 2 * (k * PANEL_ROWS + r);
            sums[r] = fmaf(float_of_bits((uint32_t)w[1] << 16), second, sums[r]);
            sums[r] = fmaf(float_of_bits((uint32_t)w[0] << 16), first, sums[r]);
        }
    }
}

/* The same for int8: an exact sum, scaled once. */
static inline void add_int8(float *restrict sums, const int8_t *restrict panel,
                            const uint32_t *restrict words, size_t steps,
                            const float *restrict row_scales, float x_scale)
{
    const int8_t *const x = (const int8_t *)words;
    int32_t products[PANEL_ROWS] = {0};
    for (size_t k = 0; k < steps; k++)
        for (size_t r = 0; r < PANEL_ROWS; r++) {
            const int8_t *const w = panel + 4 * (k * PANEL_ROWS + r);
            for (size_t i = 0; i < 4; i++)
                products[r] += w[i] * x[4 * k + i];
        }
    for (size_t r = 0; r < PANEL_ROWS; r++)
        sums[r] = fmaf((float)products[r], row_scales[r] * x_scale, sums[r]);
}

/* sums += W x for the panel that begins at `row`. words: x prepared for the format. */
static void add_panel(const dense *layer, float *sums, size_t row, const float *x,
                      const uint32_t *words, float x_scale)
{
    const size_t steps = dense_steps(layer);
    const void *const panel = dense_panel(layer, row / PANEL_ROWS);
    switch (layer->format) {
    case DENSE_F32:
        add_f32(sums, panel, x, layer->columns);
        return;
    case DENSE_BF16:
        add_bf16(sums, panel, words, steps);
        return;
    case DENSE_INT8:
        add_int8(sums, panel, words, steps, layer->scales + row, x_scale);
        return;
    }
}

static void plain_dense(const dense *layer, const float *x, size_t x_stride, float *y,
                        size_t y_stride, size_t count, void *scratch)
{
    for (size_t t = 0; t < count; t++) {
        const float *const input = x + t * x_stride;
        const float scale = layer->format == DENSE_F32
                                ? 1.0f
                                : prepare_words(scratch, input, layer->columns, layer->format);
        for (size_t row = 0; row < layer->rows; row += PANEL_ROWS) {
            float sums[PANEL_ROWS] = {0};
            if (layer->bias)
                memcpy(sums, layer->bias + row, sizeof sums);
            add_panel(layer, sums, row, input, scratch, scale);
            memcpy(y + t * y_stride + row, sums, sizeof sums);
        }
    }
}

static void plain_lstm_step(const dense *recurrent, const float *h_before, float *gates, float *c,
                            float *h, size_t count, void *scratch)
{
    const size_t units_row = KERNEL_PAD(recurrent->columns);
    const size_t gates_row = KERNEL_PAD(recurrent->rows);
    for (size_t t = 0; t < count; t++) {
        const float *const input = h_before + t * units_row;
        const float scale =
            recurrent->format == DENSE_F32
                ? 1.0f
                : prepare_words(scratch, input, recurrent->columns, recurrent->format);
        for (size_t row = 0; row < recurrent->rows; row += PANEL_ROWS) {
            float *const z = gates + t * gates_row + row;
            const size_t unit = t * units_row + row / 4;
            add_panel(recurrent, z, row, input, scratch, scale);
            update_cells(z, c + unit, h + unit);
        }
    }
}

const kernels KERNELS_NAME = {
    .name = KERNELS_LABEL,
    .cpu = KERNELS_CPU,
    .dense = plain_dense,
    .lstm_step = plain_lstm_step,
    PLAIN_KERNELS,
};
