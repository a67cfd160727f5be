/*
 * The matrix kernels of every instruction set with vectors, written once. Before it includes this,
 * a set defines:
 *
 * - vector: LANES 32-bit words, of any type
 * - LANES: words in it
 * - WIDE, PAIR, TALL, HOPS: vectors of a block for one hop, for two, for more, and the most hops of
 *   a block (2 to 6): as many sums as there are registers for
 * - vector_load, vector_store, vector_zero, vector_add (of words), vector_spread (one word from
 *   memory in all lanes)
 * - vector_f32, vector_bf16, vector_int8 (sums, weights, input): one step of each format
 * - vector_scale (sums, row_scales, x_scale, base): base + sums * (row_scales * x_scale), where the
 *   sums are integers
 * - vector_hide (v): v, but the compiler no longer knows its value
 * - INPUT_FLIP: xor of the words of an int8 input: 0, or 0x80808080 where the instruction takes
 * them unsigned
 */
#ifndef UNECHO_PANELS_H
#define UNECHO_PANELS_H

#include "plain.h"

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* How far ahead the weights are prefetched for one hop: the outer caches deliver at full speed
 * only if the next page is touched before it is reached. */
enum { AHEAD_BYTES = 1024 };

/* The inputs of a matrix as words, `stride` apart; for int8 also their scales. */
typedef struct inputs {
    const void *words;
    size_t stride;
    const uint32_t *scales; /* bits of a float, `stride` apart */
} inputs;

/* The sums of `vectors` * LANES rows for `hops` hops. All arguments but the pointers are
 * constants. */
INLINE void block(const dense_format format, const int vectors, const int hops, const dense *layer,
                  size_t row, const inputs *in, float *y, size_t y_stride, const int accumulate)
{
    const size_t steps = dense_steps(layer);
    const uint32_t *w = (const uint32_t *)dense_panel(layer, row / PANEL_ROWS) + row % PANEL_ROWS;
    const uint32_t *const x = in->words;
    const float *const bias = layer->bias ? layer->bias + row : NULL;
    vector sums[16][6];

    UNROLL
    for (int v = 0; v < vectors; v++) {
        UNROLL
        for (int t = 0; t < hops; t++) {
            if (format != DENSE_INT8 && accumulate)
                sums[v][t] = vector_load(y + (size_t)t * y_stride + v * LANES);
            else if (format != DENSE_INT8 && bias)
                sums[v][t] = vector_load(bias + v * LANES);
            else
                sums[v][t] = vector_zero();
            /* GCC keeps sums of integers in memory if it sees that they start equal. */
            vector_hide(sums[v][t]);
        }
    }
    for (size_t k = 0; k < steps; k++, w += PANEL_ROWS) {
        if (hops <= 2) {
            UNROLL
            for (int line = 0; line < vectors * LANES; line += 16)
                __builtin_prefetch((const char *)(w + line) + AHEAD_BYTES);
        }
        vector weights[16];
        UNROLL
        for (int v = 0; v < vectors; v++)
            weights[v] = vector_load(w + v * LANES);
        UNROLL
        for (int t = 0; t < hops; t++) {
            const vector input = vector_spread(x + (size_t)t * in->stride + k);
            UNROLL
            for (int v = 0; v < vectors; v++)
                sums[v][t] = format == DENSE_F32    ? vector_f32(sums[v][t], weights[v], input)
                             : format == DENSE_BF16 ? vector_bf16(sums[v][t], weights[v], input)
                                                    : vector_int8(sums[v][t], weights[v], input);
        }
    }
    UNROLL
    for (int t = 0; t < hops; t++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            float *const to = y + (size_t)t * y_stride + v * LANES;
            if (format == DENSE_INT8) {
                const vector base = accumulate ? vector_load(to)
                                    : bias     ? vector_load(bias + v * LANES)
                                               : vector_zero();
                const float scale = float_of_bits(in->scales[(size_t)t * in->stride]);
                if (INPUT_FLIP != 0)
                    sums[v][t] =
                        vector_add(sums[v][t], vector_load(layer->offsets + row + v * LANES));
                sums[v][t] = vector_scale(sums[v][t], layer->scales + row + v * LANES, scale, base);
            }
            vector_store(to, sums[v][t]);
        }
    }
}

/* One panel, `hops` <= HOPS hops; of the last one only half, if the rest is padding. */
INLINE void panel(const dense_format format, const dense *layer, size_t row, const inputs *in,
                  float *y, size_t y_stride, size_t hops, const int accumulate)
{
    enum { HALF = PANEL_ROWS / 2 };
    const size_t rows = row + HALF < layer->used ? PANEL_ROWS : HALF;
#define BLOCKS(vectors, count)                                                                     \
    if ((vectors)*LANES > HALF && rows == HALF)                                                    \
        block(format, (vectors) / 2, count, layer, row, in, y, y_stride, accumulate);              \
    else                                                                                           \
        for (size_t r = 0; r < rows; r += (vectors)*LANES)                                         \
        block(format, vectors, count, layer, row + r, in, y + r, y_stride, accumulate)
    switch (hops) {
    case 1:
        BLOCKS(WIDE, 1);
        return;
    case 2:
        BLOCKS(PAIR, 2);
        return;
    case 3:
        BLOCKS(TALL, 3);
        return;
    case 4:
        BLOCKS(TALL, 4);
        return;
#if HOPS >= 5
    case 5:
        BLOCKS(TALL, 5);
        return;
#endif
#if HOPS >= 6
    case 6:
        BLOCKS(TALL, 6);
        return;
#endif
    default:
        return;
    }
#undef BLOCKS
}

/* How many of the remaining hops to take next, so that no block is much smaller than the others. */
static inline size_t next_hops(size_t left)
{
    const size_t blocks = (left + HOPS - 1) / HOPS;
    return (left + blocks - 1) / blocks;
}

static inputs after(const inputs *in, size_t hops)
{
    return (inputs){(const uint32_t *)in->words + hops * in->stride, in->stride,
                    in->scales ? in->scales + hops * in->stride : NULL};
}

/* One panel, any number of hops. */
#define PANEL_OF(name, format)                                                                     \
    static void name(const dense *layer, size_t row, const inputs *in, float *y, size_t y_stride,  \
                     size_t count, int accumulate)                                                 \
    {                                                                                              \
        inputs left = *in;                                                                         \
        while (count > 0) {                                                                        \
            const size_t hops = next_hops(count);                                                  \
            if (accumulate)                                                                        \
                panel(format, layer, row, &left, y, y_stride, hops, 1);                            \
            else                                                                                   \
                panel(format, layer, row, &left, y, y_stride, hops, 0);                            \
            left = after(&left, hops);                                                             \
            y += hops * y_stride;                                                                  \
            count -= hops;                                                                         \
        }                                                                                          \
    }
PANEL_OF(panel_f32, DENSE_F32)
PANEL_OF(panel_bf16, DENSE_BF16)
PANEL_OF(panel_int8, DENSE_INT8)

static void run_panel(const dense *layer, size_t row, const inputs *in, float *y, size_t y_stride,
                      size_t count, int accumulate)
{
    if (layer->format == DENSE_F32)
        panel_f32(layer, row, in, y, y_stride, count, accumulate);
    else if (layer->format == DENSE_BF16)
        panel_bf16(layer, row, in, y, y_stride, count, accumulate);
    else
        panel_int8(layer, row, in, y, y_stride, count, accumulate);
}

/* Inputs as the format needs them: floats in place, or words in scratch. */
static inputs prepare(const dense *layer, const float *x, size_t x_stride, size_t count,
                      void *scratch)
{
    if (layer->format == DENSE_F32)
        return (inputs){x, x_stride, NULL};
    /* A row of scratch ends with its scale. */
    const size_t stride = DENSE_SCRATCH(layer->columns, 1) / sizeof(uint32_t);
    uint32_t *words = scratch;
    for (size_t t = 0; t < count; t++, words += stride) {
        const float scale = prepare_words(words, x + t * x_stride, layer->columns, layer->format);
        words[stride - 1] = bits_of_float(scale);
        if (layer->format == DENSE_INT8 && INPUT_FLIP != 0)
            for (size_t k = 0; k < dense_steps(layer); k++)
                words[k] ^= INPUT_FLIP;
    }
    return (inputs){scratch, stride, (const uint32_t *)scratch + stride - 1};
}

static void panels_dense(const dense *layer, const float *x, size_t x_stride, float *y,
                         size_t y_stride, size_t count, void *scratch)
{
    const inputs in = prepare(layer, x, x_stride, count, scratch);
    for (size_t row = 0; row < layer->used; row += PANEL_ROWS)
        run_panel(layer, row, &in, y + row, y_stride, count, 0);
}

static void panels_lstm_step(const dense *recurrent, const float *h_before, float *gates, float *c,
                             float *h, size_t count, void *scratch)
{
    const size_t units_row = KERNEL_PAD(recurrent->columns);
    const size_t gates_row = KERNEL_PAD(recurrent->rows);
    const inputs in = prepare(recurrent, h_before, units_row, count, scratch);
    for (size_t row = 0; row < recurrent->rows; row += PANEL_ROWS) {
        run_panel(recurrent, row, &in, gates + row, gates_row, count, 1);
        /* Update the cells of this panel while the weights of the next one arrive. */
        for (size_t t = 0; t < count; t++) {
            const size_t unit = t * units_row + row / 4;
            update_cells(gates + t * gates_row + row, c + unit, h + unit);
        }
    }
}

#endif
