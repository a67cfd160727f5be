/*
 * Each tensor of the first 50 hops of a recording equals the reference evaluation
 * ($UNECHO_REFERENCE/expected/stages_128): transforms, masks, estimates, blocks, LSTM states.
 */
#include "arena.h"
#include "check.h"
#include "signals.h"
#include "suppress/dtln/dtln_model.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HOPS = 50, UNITS = 128 };

static unecho_model *model;
static const dtln *net;
static dtln_workspace work;
static dtln_line line;
static void *memory;

static int set_up(void **unused)
{
    (void)unused;
    if (!reference_folder())
        return 0;
    if (unecho_model_load(&model, reference_path("models/model_128"), NULL, 0) < 0)
        return -1;
    net = dtln_of_model(model, kernels_choose(UNECHO_CPU_ALL), DTLN_FP32);
    arena a = {0};
    dtln_workspace_layout(&work, &a, net, 1);
    dtln_memory_layout(&line.memory, &a, net);
    a.memory = memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    a.used = 0;
    dtln_workspace_layout(&work, &a, net, 1);
    dtln_memory_layout(&line.memory, &a, net);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(memory);
    unecho_model_unref(&model);
    return 0;
}

static signal_ tensor(const char *name, size_t per_hop)
{
    const signal_ s = read_signal(reference_path("expected/stages_128/%s.f32", name));
    assert_int_equal(s.count, HOPS * per_hop);
    return s;
}

/* |a - b| against 1e-5, for values above 1 against 1e-5 of the value. */
static void assert_close(const char *what, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-5f * fmaxf(1.0f, fabsf(b[i]))))
            fail_msg("%s: element %zu is %.9g, expected %.9g", what, i, (double)a[i], (double)b[i]);
}

/* The expected states are [layer][unit][h, c]. */
static void assert_states(const char *what, size_t stage, const float *expected)
{
    for (size_t layer = 0; layer < 2; layer++)
        for (size_t unit = 0; unit < UNITS; unit++, expected += 2) {
            assert_close(what, &line.memory.h[stage][layer][unit], &expected[0], 1);
            assert_close(what, &line.memory.c[stage][layer][unit], &expected[1], 1);
        }
}

static void spectra(void **unused)
{
    (void)unused;
    need_reference();
    const signal_ block = tensor("mic_block", DTLN_BLOCK);
    const signal_ magnitude = tensor("in_mag", DTLN_BINS);
    const signal_ far_block = tensor("lpb_block", DTLN_BLOCK);
    const signal_ far_magnitude = tensor("lpb_mag", DTLN_BINS);
    const signal_ mask = tensor("mask", DTLN_BINS);
    const signal_ estimate = tensor("estimated_block", DTLN_BLOCK);
    float re[DTLN_BINS_ROW], im[DTLN_BINS_ROW], ours[DTLN_BLOCK];
    for (size_t t = 0; t < HOPS; t++) {
        net->k->fft_forward(fft_of(FFT_SIZE), re, im, far_block.samples + t * DTLN_BLOCK);
        net->k->magnitude(ours, re, im, DTLN_BINS);
        assert_close("far magnitude", ours, far_magnitude.samples + t * DTLN_BINS, DTLN_BINS);
        net->k->fft_forward(fft_of(FFT_SIZE), re, im, block.samples + t * DTLN_BLOCK);
        net->k->magnitude(ours, re, im, DTLN_BINS);
        assert_close("mic magnitude", ours, magnitude.samples + t * DTLN_BINS, DTLN_BINS);
        net->k->multiply(re, re, mask.samples + t * DTLN_BINS, DTLN_BINS);
        net->k->multiply(im, im, mask.samples + t * DTLN_BINS, DTLN_BINS);
        net->k->fft_inverse(fft_of(FFT_SIZE), ours, re, im);
        assert_close("estimate", ours, estimate.samples + t * DTLN_BLOCK, DTLN_BLOCK);
    }
    free(block.samples);
    free(magnitude.samples);
    free(far_block.samples);
    free(far_magnitude.samples);
    free(mask.samples);
    free(estimate.samples);
}

static void stage1(void **unused)
{
    (void)unused;
    need_reference();
    const signal_ mic = tensor("in_mag", DTLN_BINS);
    const signal_ far = tensor("lpb_mag", DTLN_BINS);
    const signal_ mask = tensor("mask", DTLN_BINS);
    const signal_ states = tensor("states_1", 4 * UNITS);
    float ours[DTLN_BINS_ROW];
    dtln_memory_reset(&line.memory);
    for (size_t t = 0; t < HOPS; t++) {
        line.mic_magnitude = mic.samples + t * DTLN_BINS;
        line.far_magnitude = far.samples + t * DTLN_BINS;
        line.mask = ours;
        dtln_stage1(net, &work, (dtln_line *[]){&line}, 1, 1);
        assert_close("mask", ours, mask.samples + t * DTLN_BINS, DTLN_BINS);
        assert_states("stage 1 state", 0, states.samples + t * 4 * UNITS);
    }
    free(mic.samples);
    free(far.samples);
    free(mask.samples);
    free(states.samples);
}

static void stage2(void **unused)
{
    (void)unused;
    need_reference();
    const signal_ estimate = tensor("estimated_block", DTLN_BLOCK);
    const signal_ far = tensor("lpb_block", DTLN_BLOCK);
    const signal_ block = tensor("out_block", DTLN_BLOCK);
    const signal_ states = tensor("states_2", 4 * UNITS);
    float ours[DTLN_BLOCK];
    dtln_memory_reset(&line.memory);
    for (size_t t = 0; t < HOPS; t++) {
        line.estimate = estimate.samples + t * DTLN_BLOCK;
        line.far = far.samples + t * DTLN_BLOCK;
        line.block = ours;
        dtln_stage2(net, &work, (dtln_line *[]){&line}, 1, 1);
        assert_close("block", ours, block.samples + t * DTLN_BLOCK, DTLN_BLOCK);
        assert_states("stage 2 state", 1, states.samples + t * 4 * UNITS);
    }
    free(estimate.samples);
    free(far.samples);
    free(block.samples);
    free(states.samples);
}

/* Overlap-add: the sum of the expected blocks is the expected output, hop by hop. */
static void overlap_add(void **unused)
{
    (void)unused;
    need_reference();
    const signal_ mic = tensor("mic_block", DTLN_BLOCK);
    const signal_ far = tensor("lpb_block", DTLN_BLOCK);
    const signal_ expected = tensor("out_128", DTLN_HOP);
    unecho_config config = reference_config();
    config.model = model;
    config.whole_hops = 1;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    for (size_t t = 0; t < HOPS; t++) {
        const size_t newest = t * DTLN_BLOCK + DTLN_BLOCK - DTLN_HOP;
        float ours[DTLN_HOP];
        assert_int_equal(
            unecho_process(stream, mic.samples + newest, far.samples + newest, ours, DTLN_HOP),
            UNECHO_OK);
        assert_close("output", ours, expected.samples + t * DTLN_HOP, DTLN_HOP);
    }
    unecho_close(&stream);
    free(mic.samples);
    free(far.samples);
    free(expected.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spectra),
        cmocka_unit_test(stage1),
        cmocka_unit_test(stage2),
        cmocka_unit_test(overlap_add),
    };
    return cmocka_run_group_tests_name("stages", tests, set_up, tear_down);
}
