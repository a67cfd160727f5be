#include "dtln.h"

#include <stdlib.h>
#include <string.h>

/* In floats, with one more for each row. */
static size_t largest_matrix(const stage_weights *w)
{
    const matrix *const all[] = {
        &w->lstm[0].input, &w->lstm[0].recurrent, &w->lstm[1].input, &w->lstm[1].recurrent,
        &w->dense,         &w->encoder,           &w->decoder};
    size_t largest = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const size_t size = all[i]->rows * (all[i]->columns + 1);
        largest = size > largest ? size : largest;
    }
    return largest;
}

static void stage_build(dtln_stage *stage, arena *a, dtln_precision precision,
                        const stage_weights *w, float *scratch)
{
    static const dense_format masking[] = {DENSE_F32, DENSE_BF16, DENSE_INT8};
    static const dense_format signal[] = {DENSE_F32, DENSE_BF16, DENSE_BF16};
    const dense_format format = masking[precision], path = signal[precision];
    const size_t n = w->features;

    stage->units = w->units;
    stage->features = n;
    stage->norm_main = (norm){w->norm_main.gamma, w->norm_main.beta, n};
    stage->norm_far = (norm){w->norm_far.gamma, w->norm_far.beta, n};
    lstm_build(&stage->lstm[0], a, &w->lstm[0], w->units, format, scratch);
    lstm_build(&stage->lstm[1], a, &w->lstm[1], w->units, format, scratch);
    const bool integers = precision == DTLN_INT8;
    dense_build(&stage->dense, a, &w->dense, w->dense_bias, format, integers, scratch);
    if (w->encoder.rows == 0)
        return;
    dense_build(&stage->encoder, a, &w->encoder, NULL, path, integers, scratch);
    dense_build(&stage->decoder, a, &w->decoder, NULL, path, integers, scratch);
}

static dtln *layout(arena *a, const kernels *k, dtln_precision precision,
                    const stage_weights weights[2], float *scratch)
{
    dtln unused;
    dtln *const packed = arena_take(a, sizeof *packed);
    dtln *const net = packed ? packed : &unused;
    net->k = k;
    stage_build(&net->stages[0], a, precision, &weights[0], scratch);
    stage_build(&net->stages[1], a, precision, &weights[1], scratch);
    return packed;
}

dtln *dtln_build(const kernels *k, dtln_precision precision, const stage_weights weights[2])
{
    const size_t first = largest_matrix(&weights[0]), second = largest_matrix(&weights[1]);
    float *const scratch = malloc((first > second ? first : second) * sizeof *scratch);
    arena a = {0};
    layout(&a, k, precision, weights, NULL);
    a.memory = arena_allocate(a.used);

    dtln *net = NULL;
    if (scratch && a.memory) {
        a.used = 0;
        net = layout(&a, k, precision, weights, scratch);
    } else {
        arena_release(a.memory);
    }
    free(scratch);
    return net;
}

static size_t widest_layer(const dtln *net)
{
    const size_t first = net->stages[0].units, second = net->stages[1].units;
    return first > second ? first : second;
}

void dtln_memory_layout(dtln_memory *memory, arena *a, const dtln *net)
{
    const size_t row[2] = {KERNEL_PAD(net->stages[0].units), KERNEL_PAD(net->stages[1].units)};
    memory->all_count = 4 * (row[0] + row[1]);
    memory->all = arena_floats(a, memory->all_count);
    float *at = memory->all;
    for (size_t stage = 0; at && stage < 2; stage++)
        for (size_t layer = 0; layer < 2; layer++) {
            memory->h[stage][layer] = at;
            memory->c[stage][layer] = at + row[stage];
            at += 2 * row[stage];
        }
}

void dtln_memory_reset(dtln_memory *memory)
{
    memset(memory->all, 0, memory->all_count * sizeof *memory->all);
}

void dtln_workspace_layout(dtln_workspace *work, arena *a, const dtln *net, size_t rows)
{
    const size_t units = widest_layer(net);
    work->rows = rows;
    work->features = arena_floats(a, rows * KERNEL_PAD(2 * DTLN_BLOCK));
    work->gates = arena_floats(a, rows * KERNEL_PAD(4 * units));
    work->hidden = arena_floats(a, rows * KERNEL_PAD(units));
    work->mask = arena_floats(a, rows * DTLN_BLOCK);
    work->blocks = arena_floats(a, 2 * rows * DTLN_BLOCK);
    work->encoded = arena_floats(a, 2 * rows * DTLN_BLOCK);
    work->h = arena_floats(a, rows * KERNEL_PAD(units));
    work->c = arena_floats(a, rows * KERNEL_PAD(units));
    /* The encoder has the most inputs, except in very wide networks. */
    const size_t encoder = DENSE_SCRATCH(DTLN_BLOCK, 2 * rows), wide = DENSE_SCRATCH(units, rows);
    work->scratch = arena_take(a, encoder > wide ? encoder : wide);
}

/* One run of a stage. */
typedef struct batch {
    const dtln *net;
    dtln_workspace *work;
    dtln_line *const *lines;
    size_t count, hops, stage;
} batch;

/* Run one LSTM layer: in place for a single stream, on gathered states for several. */
static void run_layer(const batch *b, size_t layer, layer_rows x)
{
    const lstm *const l = &b->net->stages[b->stage].lstm[layer];
    dtln_workspace *const work = b->work;
    const layer_work run = {b->count, b->hops, work->gates, work->scratch};
    if (b->count == 1) {
        dtln_memory *const m = &b->lines[0]->memory;
        const lstm_state own = {m->h[b->stage][layer], m->c[b->stage][layer], &m->cell_limit};
        lstm_run(l, b->net->k, &own, x, work->hidden, &run);
        return;
    }
    const size_t row = KERNEL_PAD(l->units), bytes = row * sizeof(float);
    float limits[SUPPRESSOR_ROWS_MOST] = {0};
    const lstm_state gathered = {work->h, work->c, limits};
    for (size_t s = 0; s < b->count; s++) {
        const dtln_memory *const m = &b->lines[s]->memory;
        limits[s] = m->cell_limit;
        memcpy(work->h + s * row, m->h[b->stage][layer], bytes);
        memcpy(work->c + s * row, m->c[b->stage][layer], bytes);
    }
    lstm_run(l, b->net->k, &gathered, x, work->hidden, &run);
    for (size_t s = 0; s < b->count; s++) {
        const dtln_memory *const m = &b->lines[s]->memory;
        memcpy(m->h[b->stage][layer], work->h + s * row, bytes);
        memcpy(m->c[b->stage][layer], work->c + s * row, bytes);
    }
}

/* Common to both stages: from features [rows][2 n] to the logits of the mask. */
static void separate(const batch *b)
{
    const dtln_stage *const s = &b->net->stages[b->stage];
    dtln_workspace *const work = b->work;
    const layer_rows features = {work->features, KERNEL_PAD(2 * s->features)};
    const layer_rows hidden = {work->hidden, KERNEL_PAD(s->units)};
    run_layer(b, 0, features);
    run_layer(b, 1, hidden);
    b->net->k->dense(&s->dense, hidden.at, hidden.stride, work->mask, DTLN_BLOCK,
                     b->count * b->hops, work->scratch);
}

static void normalize(const norm *layer, const kernels *k, float *y, const float *x)
{
    k->normalize(y, x, layer->gamma, layer->beta, layer->features);
}

void dtln_stage1(const dtln *net, dtln_workspace *work, dtln_line *const *lines, size_t count,
                 size_t hops)
{
    const dtln_stage *const stage = &net->stages[0];
    const kernels *const k = net->k;
    const size_t n = stage->features;

    for (size_t row = 0; row < count * hops; row++) {
        const dtln_line *const line = lines[row % count];
        const size_t bins = row / count * DTLN_BINS_ROW;
        float *const features = work->features + row * KERNEL_PAD(2 * n);
        k->log_power(features, line->mic_magnitude + bins, n);
        k->log_power(features + n, line->far_magnitude + bins, n);
        normalize(&stage->norm_main, k, features, features);
        normalize(&stage->norm_far, k, features + n, features + n);
    }
    separate(&(batch){net, work, lines, count, hops, 0});
    for (size_t row = 0; row < count * hops; row++)
        k->sigmoid(lines[row % count]->mask + row / count * DTLN_BINS_ROW,
                   work->mask + row * DTLN_BLOCK, n);
}

void dtln_stage2(const dtln *net, dtln_workspace *work, dtln_line *const *lines, size_t count,
                 size_t hops)
{
    const dtln_stage *const stage = &net->stages[1];
    const kernels *const k = net->k;
    const size_t n = stage->features, bytes = n * sizeof(float);
    float *const far_blocks = work->blocks + count * hops * n;
    float *const far_encoded = work->encoded + count * hops * n;

    /* Encode both ends at once, to read the encoder's weights once. */
    for (size_t row = 0; row < count * hops; row++) {
        const dtln_line *const line = lines[row % count];
        const size_t t = row / count;
        memcpy(work->blocks + row * n, line->estimate + t * n, bytes);
        memcpy(far_blocks + row * n, line->far + t * DTLN_HOP, bytes);
    }
    dense_run(&stage->encoder, k, work->blocks, work->encoded, n, 2 * count * hops, work->scratch);
    for (size_t row = 0; row < count * hops; row++) {
        float *const features = work->features + row * KERNEL_PAD(2 * n);
        normalize(&stage->norm_main, k, features, work->encoded + row * n);
        normalize(&stage->norm_far, k, features + n, far_encoded + row * n);
    }
    separate(&(batch){net, work, lines, count, hops, 1});
    for (size_t row = 0; row < count * hops; row++) {
        float *const mask = work->mask + row * n, *const encoded = work->encoded + row * n;
        k->sigmoid(mask, mask, n);
        k->multiply(encoded, encoded, mask, n);
    }
    dense_run(&stage->decoder, k, work->encoded, work->blocks, n, count * hops, work->scratch);
    for (size_t row = 0; row < count * hops; row++)
        memcpy(lines[row % count]->block + row / count * n, work->blocks + row * n, bytes);
}
