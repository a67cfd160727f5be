/*
 * training/postfilter.py, on whose features networks are trained, is the post-filter: gains and
 * output behind the linear filter, on 10 seconds of single talk, double talk, another room, silence
 * and a muted microphone, in chunks of one hop and of many, on every kernel set.
 */
#include "check.h"
#include "each_set.h"
#include "linear_run.h"
#include "suppress/postfilter/postfilter_suppressor.h"
#include "twin.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HOP = UNECHO_HOP, HISTORY = 384 };

static scene everything(void)
{
    signal_ first = room(0.3, 71), second = room(0.4, 72);
    scene s = new_scene(10 * RATE);
    far_speech(s.far, s.count);
    memset(s.far + 4 * RATE, 0, RATE / 2 * sizeof *s.far);
    add_echo(&s, &first, 0, 6 * RATE);
    add_echo(&s, &second, 6 * RATE, s.count);
    add_noise(&s, 40.0, 73);
    add_near(&s, 0.0, 7 * RATE / 2, 6 * RATE);
    mix(&s);
    memset(s.mic + 8 * RATE, 0, RATE / 4 * sizeof *s.mic);
    free(first.samples);
    free(second.samples);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    close_linear(&r);
    return s;
}

/* A post-filter by itself, fed `hops_at_once` hops a call. */
static void run(float *out, const scene *s, size_t kernels_index, unsigned hops_at_once)
{
    unecho_config config;
    unecho_config_init(&config);
    config.hops_at_once = hops_at_once;
    suppressor_plan plan = {&postfilter_native, &config, kernels_index, 1, NULL, NULL};
    const message silent = {NULL, 0};
    assert_int_equal(unecho_model_builtin(&plan.model, UNECHO_MODEL_POSTFILTER, NULL, 0),
                     UNECHO_OK);
    assert_int_equal(postfilter_native.prepare(&plan, &silent), UNECHO_OK);
    arena a = {0};
    postfilter_native.layout(&a, &plan);
    a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    assert_non_null(a.memory);
    void *const memory = a.memory;
    a.used = 0;
    suppressor *const p = postfilter_native.layout(&a, &plan);

    fft transform;
    fft_init(&transform);
    const size_t length = HISTORY + hops_at_once * HOP;
    float *const all = calloc(3 * length, sizeof *all);
    assert_non_null(all);
    const suppressor_lines lines = {.mic = all, .far = all + length, .error = all + 2 * length};
    assert_int_equal(postfilter_native.start(p, &plan, &lines, &transform, &silent), UNECHO_OK);
    postfilter_native.reset(p);
    for (size_t at = 0; at + HOP <= s->count;) {
        const size_t left = (s->count - at) / HOP, hops = left < hops_at_once ? left : hops_at_once;
        const float *const from[] = {s->mic, s->far, s->error};
        for (size_t i = 0; i < 3; i++)
            memcpy(all + i * length + HISTORY, from[i] + at, hops * HOP * sizeof *all);
        float *const to = out + at;
        assert_int_equal(postfilter_native.run(p, &p, &to, 1, hops), UNECHO_OK);
        for (size_t i = 0; i < 3; i++)
            memmove(all + i * length, all + i * length + hops * HOP, HISTORY * sizeof *all);
        at += hops * HOP;
    }
    postfilter_native.close(p);
    free(all);
    free(memory);
    unecho_model_unref(&plan.model);
}

static void numpy_computes_the_same(void **unused)
{
    (void)unused;
    need_numpy(PYTHON);
    twin_begin();
    scene s = everything();
    float *const out = calloc(s.count, sizeof *out), *const other = calloc(s.count, sizeof *other);
    assert_true(out && other);
    twin_write("mic.f32", s.mic, s.count);
    twin_write("far.f32", s.far, s.count);
    twin_write("error.f32", s.error, s.count);
    twin_run(PYTHON, POSTFILTER_PY, "'" MODEL "' mic.f32 error.f32 far.f32 gains.f32 out.f32");
    (void)twin_path("gains.f32");
    signal_ expected = read_signal(twin_path("out.f32"));
    assert_int_equal(expected.count, s.count);

    run(out, &s, 0, 1);
    const double apart = -snr_db(expected.samples, out, s.count);
    const double through = -snr_db(s.error, out, s.count);
    print_message("%.1f dB apart; it changes the filter's output by %.1f dB\n", apart, through);
    assert_true(apart <= -80.0); /* 1e-4 */
    assert_true(through > -30.0);
    for (size_t i = 0; i < kernels_count(); i++) {
        if (!runnable(i))
            continue;
        run(other, &s, i, i % 2 ? 16 : 64);
        assert_memory_equal(other, out, s.count * sizeof *out);
    }
    free_scene(&s);
    free(expected.samples);
    free(out);
    free(other);
    twin_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numpy_computes_the_same)};
    return cmocka_run_group_tests_name("postfilter_numpy", tests, NULL, NULL);
}
