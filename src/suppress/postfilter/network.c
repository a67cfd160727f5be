#include "network.h"

#include "suppress/suppressor.h"

#include <stdlib.h>
#include <string.h>

/* ---- Packing ---------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* In floats, with one more for each row. */
static size_t largest_matrix(const postfilter_weights *w)
{
    const size_t input = w->units * (POSTFILTER_FEATURES + 1);
    const size_t recurrent = GRU_GATES * w->units * (w->units + 1);
    const size_t output = POSTFILTER_OUTPUTS * (POSTFILTER_LAYERS * w->units + 1);
    return larger(larger(input, recurrent), output);
}

static postfilter *layout(arena *a, const kernels *k, postfilter_precision precision,
                          const postfilter_weights *w, float *scratch)
{
    static const dense_format formats[] = {DENSE_F32, DENSE_BF16, DENSE_INT8};
    const dense_format format = formats[precision];
    const bool integers = precision == POSTFILTER_INT8;
    postfilter unused;
    postfilter *const packed = arena_take(a, sizeof *packed);
    postfilter *const net = packed ? packed : &unused;
    net->k = k;
    net->units = w->units;
    dense_build(&net->input, a, &w->input, w->input_bias, format, integers, scratch);
    for (size_t i = 0; i < POSTFILTER_LAYERS; i++)
        gru_build(&net->gru[i], a, &w->gru[i], w->units, format, scratch);
    dense_build(&net->output, a, &w->output, w->output_bias, format, integers, scratch);
    return packed;
}

postfilter *postfilter_build(const kernels *k, postfilter_precision precision,
                             const postfilter_weights *weights)
{
    float *const scratch = malloc(largest_matrix(weights) * sizeof *scratch);
    arena a = {0};
    layout(&a, k, precision, weights, NULL);
    a.memory = arena_allocate(a.used);

    postfilter *net = NULL;
    if (scratch && a.memory) {
        a.used = 0;
        net = layout(&a, k, precision, weights, scratch);
        bands_init(&net->bands);
        transform_init(&net->transform);
    } else {
        arena_release(a.memory);
    }
    free(scratch);
    return net;
}

/* ---- Memory ----------------------------------------------------------------------------- */

void network_memory_layout(network_memory *m, arena *a, const postfilter *net)
{
    m->all_count = POSTFILTER_LAYERS * net->units;
    m->all = arena_floats(a, m->all_count);
    for (size_t i = 0; m->all && i < POSTFILTER_LAYERS; i++)
        m->h[i] = m->all + i * net->units;
}

void network_memory_reset(network_memory *m)
{
    memset(m->all, 0, m->all_count * sizeof *m->all);
}

static size_t hidden_row(const postfilter *net)
{
    return KERNEL_PAD(POSTFILTER_LAYERS * net->units);
}

/* What lies between input and output. */
typedef struct network_work {
    float *dense, *hidden, *gates;
    void *scratch;
} network_work;

static void layout_work(network_work *work, arena *a, const postfilter *net, size_t rows)
{
    const size_t widest = larger(POSTFILTER_FEATURES, POSTFILTER_LAYERS * net->units);
    work->dense = arena_floats(a, rows * KERNEL_PAD(net->units));
    /* Room for the states of up to `rows` streams, too. */
    work->hidden = arena_floats(a, 2 * rows * hidden_row(net));
    work->gates = arena_floats(a, 2 * rows * KERNEL_PAD(GRU_GATES * net->units));
    work->scratch = arena_take(a, DENSE_SCRATCH(widest, rows));
}

size_t network_room(const postfilter *net, size_t rows)
{
    network_work unused;
    arena a = {0};
    layout_work(&unused, &a, net, rows);
    return a.used;
}

/* ---- Running ---------------------------------------------------------------------------- */

void network_run(const postfilter *net, const network_rows *rows, void *room,
                 network_memory *const *memories, size_t count, size_t hops)
{
    const kernels *const k = net->k;
    const size_t all = count * hops, units = net->units;
    network_work work;
    arena a = {.memory = room};
    layout_work(&work, &a, net, all);
    const layer_work run = {count, hops, work.gates, work.scratch};
    const layer_rows input = {work.dense, KERNEL_PAD(units)};
    const layer_rows hidden = {work.hidden + count * hidden_row(net), hidden_row(net)};

    k->dense(&net->input, rows->features, FEATURES_ROW, input.at, input.stride, all, work.scratch);
    for (size_t row = 0; row < all; row++)
        k->tanh(input.at + row * input.stride, input.at + row * input.stride, units);
    layer_rows x = input;
    for (size_t i = 0; i < POSTFILTER_LAYERS; i++) {
        float *h[SUPPRESSOR_ROWS_MOST] = {NULL};
        const layer_rows y = {hidden.at + i * units, hidden.stride};
        for (size_t s = 0; s < count; s++)
            h[s] = memories[s]->h[i];
        gru_run(&net->gru[i], k, h, x, y, &run);
        x = y;
    }
    k->dense(&net->output, hidden.at, hidden.stride, rows->gains, GAINS_ROW, all, work.scratch);
    for (size_t row = 0; row < all; row++) {
        float *const gains = rows->gains + row * GAINS_ROW;
        k->sigmoid(gains, gains, net->output.rows);
    }
}
