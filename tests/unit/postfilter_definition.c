/*
 * The post-filter by itself: training/postfilter.py, on whose features networks are trained,
 * computes the same behind the linear filter, on 14 seconds of single talk, double talk, held
 * notes, another room, silence, a muted microphone and noise that sets in; and the bits are the
 * same in calls of one hop and of many, on every kernel set and machine.
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

static void add_tone(float *x, size_t from, size_t to, double hz)
{
    for (size_t i = from; i < to; i++)
        x[i] += 0.1f * (float)sin(2.0 * M_PI * hz * (double)i / (double)RATE);
}

static scene everything(void)
{
    signal_ first = room(0.3, 71), second = room(0.4, 72);
    scene s = new_scene(14 * RATE);
    far_speech(s.far, s.count);
    memset(s.far + 4 * RATE, 0, RATE / 2 * sizeof *s.far);
    add_echo(&s, &first, 0, 6 * RATE);
    memset(s.far + 10 * RATE, 0, 4 * RATE * sizeof *s.far);
    add_echo(&s, &second, 6 * RATE, s.count);
    add_noise(&s, 40.0, 73);
    add_near(&s, 0.0, 7 * RATE / 2, 6 * RATE);
    mix(&s);
    memset(s.mic + 8 * RATE, 0, RATE / 4 * sizeof *s.mic);
    /* A note that is held while the far end begins again, and one beside an echo that is known. */
    add_tone(s.mic, 4 * RATE, 5 * RATE, 440.0);
    add_tone(s.mic, 9 * RATE, 10 * RATE, 220.0);
    /* One where bands are wider than a tone, and a far end of such tones. */
    add_tone(s.mic, 19 * RATE / 2, 10 * RATE, 2000.0);
    add_tone(s.far, 13 * RATE / 2, 15 * RATE / 2, 2500.0);
    /* The network takes it for a talker, and forgets that. */
    white_noise(s.mic + 10 * RATE, 4 * RATE, 0.05f, 74);
    free(first.samples);
    free(second.samples);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    close_linear(&r);
    return s;
}

/* A post-filter by itself, fed `hops_at_once` hops a call; near_end [s->count / HOP]: whether the
 * near end talks. */
static void run(float *out, float *near_end, const scene *s, size_t kernels_index,
                unsigned hops_at_once, unecho_precision precision)
{
    unecho_config config;
    unecho_config_init(&config);
    config.hops_at_once = hops_at_once;
    config.precision = precision;
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

    const size_t length = HISTORY + hops_at_once * HOP;
    float *const all = calloc(3 * length, sizeof *all);
    assert_non_null(all);
    const suppressor_lines lines = {.echo = all, .far = all + length, .error = all + 2 * length};
    assert_int_equal(postfilter_native.start(p, &plan, &lines, fft_of(FFT_SIZE), &silent),
                     UNECHO_OK);
    const suppressor_settings settings = {1.0f, UNECHO_NOISE_REDUCTION_DB, 0};
    postfilter_native.set(p, &settings);
    postfilter_native.reset(p);
    for (size_t at = 0; at + HOP <= s->count;) {
        const size_t left = (s->count - at) / HOP, hops = left < p->rows ? left : p->rows;
        const float *const from[] = {s->mic, s->far, s->error};
        for (size_t i = 0; i < 3; i++)
            memcpy(all + i * length + HISTORY, from[i] + at, hops * HOP * sizeof *all);
        for (size_t i = 0; i < hops * HOP; i++)
            lines.echo[HISTORY + i] -= lines.error[HISTORY + i];
        float *const to = out + at;
        assert_int_equal(postfilter_native.run(p, &p, &to, 1, hops), UNECHO_OK);
        memcpy(near_end + at / HOP, p->near_end, hops * sizeof *near_end);
        for (size_t i = 0; i < 3; i++)
            memmove(all + i * length, all + i * length + hops * HOP, HISTORY * sizeof *all);
        at += hops * HOP;
    }
    postfilter_native.close(p);
    free(all);
    free(memory);
    unecho_model_unref(&plan.model);
}

/* Noise sets in after 10 s. */
static void expect_mistake_forgotten(const float *near_end)
{
    float most = 0.0f, later = 0.0f;
    for (size_t t = 10 * RATE / HOP; t < 14 * RATE / HOP; t++) {
        float *const to = t < 13 * RATE / HOP ? &most : &later;
        *to = near_end[t] > *to ? near_end[t] : *to;
    }
    assert_true(most > 0.9f);
    assert_true(later < 0.5f);
}

/* near_end [s->count / HOP] as in run. */
static void expect_what_numpy_computes(const scene *s, float *near_end)
{
    need_numpy(PYTHON);
    twin_begin();
    float *const out = calloc(s->count, sizeof *out);
    assert_non_null(out);
    twin_write("mic.f32", s->mic, s->count);
    twin_write("far.f32", s->far, s->count);
    twin_write("error.f32", s->error, s->count);
    twin_run(PYTHON, POSTFILTER_PY,
             "'" MODEL "' mic.f32 error.f32 far.f32 gains.f32 near_end.f32 out.f32");
    (void)twin_path("gains.f32");
    signal_ expected = read_signal(twin_path("out.f32"));
    assert_int_equal(expected.count, s->count);

    signal_ told = read_signal(twin_path("near_end.f32"));
    assert_int_equal(told.count, s->count / HOP);

    run(out, near_end, s, 0, 1, UNECHO_PRECISION_FP32);
    const double apart = -snr_db(expected.samples, out, s->count);
    const double through = -snr_db(s->error, out, s->count);
    print_message("%.1f dB apart; it changes the filter's output by %.1f dB\n", apart, through);
    assert_true(apart <= -80.0); /* 1e-4 */
    assert_true(through > -30.0);
    const double most = (double)max_difference(told.samples, near_end, told.count);
    print_message("whether the near end talks: at most %.2g apart\n", most);
    assert_true(most <= 1e-4);
    free(expected.samples);
    free(told.samples);
    free(out);
    twin_end();
}

static void numpy_computes_the_same(void **unused)
{
    (void)unused;
    scene s = everything();
    float *const near_end = calloc(s.count / HOP, sizeof *near_end);
    assert_non_null(near_end);
    expect_what_numpy_computes(&s, near_end);
    expect_mistake_forgotten(near_end);
    free_scene(&s);
    free(near_end);
}

/* What hums from the beginning, alone and with a voice after 3 s. */
static void numpy_bounds_noise_that_lasts(void **unused)
{
    (void)unused;
    enum { SECONDS = 5 };
    static float near_end[SECONDS * RATE / HOP];
    scene s = new_scene(SECONDS * RATE);
    near_speech(s.near + 3 * RATE, 2 * RATE);
    white_noise(s.noise, s.count, 1e-3f, 75);
    mix(&s);
    add_tone(s.mic, 0, s.count, 440.0);
    memcpy(s.error, s.mic, s.count * sizeof *s.error);
    expect_what_numpy_computes(&s, near_end);
    free_scene(&s);
}

/* FNV-1a over the bits of the samples, low byte first on every machine; `hash` is that of what came
 * before. */
static uint64_t hash_of(uint64_t hash, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        for (int byte = 0; byte < 4; byte++, bits >>= 8)
            hash = (hash ^ (bits & 0xffu)) * 0x100000001b3u;
    }
    return hash;
}

/*
 * Of the sample, with its near end as the output of a filter that left nothing: so the constants
 * depend on the post-filter and its model alone. tests/api/bits.c says when such may change.
 */
static void every_set_gives_these_bits(void **unused)
{
    (void)unused;
    enum { FROM = 12 * RATE, LENGTH = 24000 / HOP * HOP }; /* both ends talk there */
    static const uint64_t hashes[] = {0x3b33a77f8073a250, 0x70493f022b81b913, 0xf252c0aa0c176df8};
    const signal_ mic = read_sample("mic"), far = read_sample("far"), near = read_sample("near");
    const scene s = {.count = LENGTH,
                     .mic = mic.samples + FROM,
                     .far = far.samples + FROM,
                     .error = near.samples + FROM};
    float *const out = calloc(LENGTH, sizeof *out);
    assert_non_null(out);
    static float near_end[LENGTH / HOP];
    int wrong = 0;
    for (int p = UNECHO_PRECISION_FP32; p <= UNECHO_PRECISION_INT8; p++)
        for (size_t i = 0; i < kernels_count(); i++) {
            static const unsigned hops_at_once[] = {1, 16, 64, 3};
            if (!runnable(i))
                continue;
            run(out, near_end, &s, i, hops_at_once[i % 4], (unecho_precision)p);
            uint64_t hash = hash_of(0xcbf29ce484222325u, out, LENGTH);
            hash = hash_of(hash, near_end, LENGTH / HOP);
            print_message("precision %d, %s: 0x%016llx\n", p, kernels_at(i)->name,
                          (unsigned long long)hash);
            wrong += hash != hashes[p];
        }
    free(out);
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    if (wrong)
        fail_msg("%d outputs are other bits than the constants in this file say", wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numpy_computes_the_same),
                                       cmocka_unit_test(numpy_bounds_noise_that_lasts),
                                       cmocka_unit_test(every_set_gives_these_bits)};
    return cmocka_run_group_tests_name("postfilter_definition", tests, NULL, NULL);
}
