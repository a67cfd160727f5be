/*
 * A constant in the far end goes, comes back and changes with it; sounds without one keep their
 * bits, and no chunking changes any.
 */
#include "front/constant.h"
#include "check.h"
#include "signals.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = UNECHO_SAMPLE_RATE, SECONDS = 8, COUNT = SECONDS * RATE };

/* Speech up to second 3 and from second 6 on, at -26 dB of full scale in the mean. */
static float *talk(void)
{
    float *const x = calloc(COUNT, sizeof *x);
    assert_non_null(x);
    uint32_t seed = 3;
    float low = 0.0f;
    for (size_t i = 0; i < COUNT; i++) {
        low += 0.2f * (random_float(&seed) - low);
        const int talks = i < 3 * RATE || i >= 6 * RATE;
        const float syllable = 0.5f - 0.5f * cosf(6.2831853f * 4.0f * (float)i / (float)RATE);
        x[i] = talks ? 0.35f * syllable * low : 0.0f;
    }
    return x;
}

static void add_constant(float *x, float value, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        x[i] += value;
}

static void remove_all(float *x, size_t chunk)
{
    constant c = {0};
    for (size_t at = 0; at < COUNT; at += chunk)
        constant_remove(&c, x + at, at, chunk < COUNT - at ? chunk : COUNT - at);
}

static double rms(const float *x, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t i = from; i < to; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)(to - from));
}

static void silence_is_silent_again(void **unused)
{
    (void)unused;
    float *const clean = talk(), *const x = talk();
    add_constant(x, 0.15f, 0, COUNT);
    remove_all(x, 128);
    /* The far end counts as silent below -90 dB. */
    assert_true(rms(x, 5 * RATE, 6 * RATE) < 3e-5);
    for (size_t i = 0; i < COUNT; i++)
        x[i] -= clean[i];
    print_message("what is left of it beside a voice: %.4f, %.4f\n", rms(x, RATE, 3 * RATE),
                  rms(x, 6 * RATE, COUNT));
    assert_true(rms(x, RATE, 3 * RATE) < 0.01 && rms(x, 6 * RATE, COUNT) < 0.01);
    free(clean);
    free(x);
}

static void one_that_ends_or_turns(void **unused)
{
    (void)unused;
    float *const x = talk();
    add_constant(x, 0.3f, 0, 4 * RATE);
    add_constant(x, -0.1f, 5 * RATE, 6 * RATE);
    remove_all(x, 128);
    assert_true(rms(x, 3 * RATE + RATE / 2, 4 * RATE) < 0.01);
    assert_true(rms(x, 4 * RATE + RATE / 2, 5 * RATE) < 0.02);
    assert_true(rms(x, 5 * RATE + RATE / 2, 6 * RATE) < 0.02);
    free(x);
}

static void sounds_keep_their_bits(void **unused)
{
    (void)unused;
    float *const clean = talk(), *const x = talk();
    remove_all(x, 128);
    assert_memory_equal(x, clean, COUNT * sizeof *x);
    /* A bass note, and a constant that nobody hears. */
    for (size_t i = 0; i < COUNT; i++)
        x[i] = clean[i] = 0.5f * sinf(6.2831853f * 25.0f * (float)i / (float)RATE) + 0.0005f;
    remove_all(x, 128);
    assert_memory_equal(x, clean, COUNT * sizeof *x);
    free(clean);
    free(x);
}

static void any_chunking(void **unused)
{
    (void)unused;
    float *const all = talk(), *const x = talk();
    add_constant(all, 0.15f, RATE, 7 * RATE);
    add_constant(x, 0.15f, RATE, 7 * RATE);
    remove_all(all, COUNT);
    uint32_t seed = 4;
    constant c = {0};
    for (size_t at = 0, n; at < COUNT; at += n) {
        n = random_bits(&seed) % 300;
        n = n < COUNT - at ? n : COUNT - at;
        constant_remove(&c, x + at, at, n);
    }
    assert_memory_equal(x, all, COUNT * sizeof *x);
    free(all);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_silent_again),
        cmocka_unit_test(one_that_ends_or_turns),
        cmocka_unit_test(sounds_keep_their_bits),
        cmocka_unit_test(any_chunking),
    };
    return cmocka_run_group_tests_name("constant", tests, NULL, NULL);
}
