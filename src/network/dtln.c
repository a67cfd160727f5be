#include "dtln.h"

#include <stdlib.h>
#include <string.h>

static size_t largest_matrix(const stage_weights *w)
{
    const matrix *const all[] = {&w->lstm[0].input, &w->lstm[0].recurrent, &w->lstm[1].input,
                                 &w->lstm[1].recurrent, &w->dense, &w->encoder, &w->decoder};
    size_t largest = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const size_t size = all[i]->rows * all[i]->columns;
        largest = size > largest ? size : largest;
    }
    return largest;
}

static void stage_build(dtln_stage *stage, arena *a, dtln_precision precision,
                        const stage_weights *w, float *scratch)
{
    static const linear_format masking[] = {LINEAR_F32, LINEAR_BF16, LINEAR_INT8};
    static const linear_format signal[] = {LINEAR_F32, LINEAR_BF16, LINEAR_BF16};
    const linear_format format = masking[precision], path = signal[precision];
    const size_t n = w->features;

    stage->units = w->units;
    stage->features = n;
    stage->norm_main = (norm){w->norm_main.gamma, w->norm_main.beta, n};
    stage->norm_far = (norm){w->norm_far.gamma, w->norm_far.beta, n};
    lstm_build(&stage->lstm[0], a, &w->lstm[0], w->units, format, scratch);
    lstm_build(&stage->lstm[1], a, &w->lstm[1], w->units, format, scratch);
    linear_build(&stage->dense, a, &w->dense, w->dense_bias, format, scratch);
    if (w->encoder.rows == 0)
        return;
    linear_build(&stage->encoder, a, &w->encoder, NULL, path, scratch);
    linear_build(&stage->decoder, a, &w->decoder, NULL, path, scratch);
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
    a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);

    dtln *net = NULL;
    if (scratch && a.memory) {
        a.used = 0;
        net = layout(&a, k, precision, weights, scratch);
        fft_init(&net->fft);
    } else {
        free(a.memory);
    }
    free(scratch);
    return net;
}

void dtln_state_layout(dtln_state *state, arena *a, const dtln *net, size_t hops_at_once)
{
    const size_t row[2] = {KERNEL_PAD(net->stages[0].units), KERNEL_PAD(net->stages[1].units)};
    const size_t units = net->stages[0].units > net->stages[1].units ? net->stages[0].units
                                                                     : net->stages[1].units;
    const size_t t = hops_at_once;

    state->states_count = 4 * (row[0] + row[1]);
    state->states = arena_floats(a, state->states_count);
    float *at = state->states;
    for (size_t stage = 0; at && stage < 2; stage++)
        for (size_t layer = 0; layer < 2; layer++) {
            state->lstm[stage][layer] = (lstm_state){.h = at, .c = at + row[stage]};
            at += 2 * row[stage];
        }
    state->features = arena_floats(a, t * KERNEL_PAD(2 * DTLN_BLOCK));
    state->gates = arena_floats(a, t * KERNEL_PAD(4 * units));
    state->hidden = arena_floats(a, t * KERNEL_PAD(units));
    state->blocks = arena_floats(a, 2 * t * DTLN_BLOCK);
    state->encoded = arena_floats(a, 2 * t * DTLN_BLOCK);
    state->mask = arena_floats(a, t * DTLN_BLOCK);
    /* The encoder's inputs are the most, or those of very wide LSTM layers. */
    const size_t encoder = LINEAR_SCRATCH(DTLN_BLOCK, 2 * t), wide = LINEAR_SCRATCH(units, t);
    state->scratch = arena_take(a, encoder > wide ? encoder : wide);
}

void dtln_state_reset(dtln_state *state)
{
    memset(state->states, 0, state->states_count * sizeof *state->states);
}

static void normalize(const norm *layer, const kernels *k, float *y, const float *x)
{
    k->normalize(y, x, layer->gamma, layer->beta, layer->features);
}

/* From features [hops][2 n] to mask [hops][mask_row]: what the two stages have in common. */
static void separate(const dtln_stage *stage, const kernels *k, dtln_state *state,
                     lstm_state layers[2], float *mask, size_t mask_row, size_t hops)
{
    const size_t features_row = KERNEL_PAD(2 * stage->features);
    const size_t hidden_row = KERNEL_PAD(stage->units);

    lstm_run(&stage->lstm[0], k, &layers[0], state->features, features_row, state->gates,
             state->hidden, hops, state->scratch);
    lstm_run(&stage->lstm[1], k, &layers[1], state->hidden, hidden_row, state->gates, state->hidden,
             hops, state->scratch);
    k->linear(&stage->dense, state->hidden, hidden_row, mask, mask_row, hops, state->scratch);
    for (size_t t = 0; t < hops; t++)
        k->sigmoid(mask + t * mask_row, mask + t * mask_row, stage->features);
}

void dtln_stage1(const dtln *net, dtln_state *state, const float *mic_magnitude,
                 const float *far_magnitude, float *mask, size_t hops)
{
    const dtln_stage *const stage = &net->stages[0];
    const kernels *const k = net->k;
    const size_t n = stage->features;

    for (size_t t = 0; t < hops; t++) {
        float *const features = state->features + t * KERNEL_PAD(2 * n);
        k->log_power(features, mic_magnitude + t * DTLN_BINS_ROW, n);
        k->log_power(features + n, far_magnitude + t * DTLN_BINS_ROW, n);
        normalize(&stage->norm_main, k, features, features);
        normalize(&stage->norm_far, k, features + n, features + n);
    }
    separate(stage, k, state, state->lstm[0], mask, DTLN_BINS_ROW, hops);
}

void dtln_stage2(const dtln *net, dtln_state *state, const float *estimate, const float *far,
                 float *block, size_t hops)
{
    const dtln_stage *const stage = &net->stages[1];
    const kernels *const k = net->k;
    const size_t n = stage->features;

    /* Both ends through the encoder at once: its weights are read once. */
    memcpy(state->blocks, estimate, hops * n * sizeof *estimate);
    for (size_t t = 0; t < hops; t++)
        memcpy(state->blocks + (hops + t) * n, far + t * DTLN_HOP, n * sizeof *far);
    k->linear(&stage->encoder, state->blocks, n, state->encoded, n, 2 * hops, state->scratch);
    for (size_t t = 0; t < hops; t++) {
        float *const features = state->features + t * KERNEL_PAD(2 * n);
        normalize(&stage->norm_main, k, features, state->encoded + t * n);
        normalize(&stage->norm_far, k, features + n, state->encoded + (hops + t) * n);
    }
    separate(stage, k, state, state->lstm[1], state->mask, n, hops);
    for (size_t t = 0; t < hops; t++)
        k->multiply(state->encoded + t * n, state->encoded + t * n, state->mask + t * n, n);
    k->linear(&stage->decoder, state->encoded, n, block, DTLN_BLOCK, hops, state->scratch);
}
