/*
 * What `unecho bench` and `unecho tune` rely on: a backend cannot win by skipping work, and the
 * figures are drawn as described.
 */
#include "check.h"
#include "signals.h"

#include "bench/backend.h"
#include "bench/compare.h"
#include "bench/stats.h"
#include "bench/tune_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HOPS = 1250, COUNT = HOPS * 128 };

static float *copy_of(const float *samples)
{
    float *copy = malloc(COUNT * sizeof(*copy));
    memcpy(copy, samples, COUNT * sizeof(*copy));
    return copy;
}

/* ---- Comparing -------------------------------------------------------------------------- */

static void same_output_is_good(void **state)
{
    (void)state;
    const signal_ s = noise_signal(COUNT, 0.1f, 1);
    const struct comparison c = compare_outputs(s.samples, s.samples, COUNT, 50.0);
    assert_int_equal(c.verdict, VERDICT_GOOD);
    assert_true(c.max_difference == 0.0 && isinf(c.snr_db) && c.snr_db > 0.0);
    assert_string_equal(verdict_in_words(c.verdict), "");
    free(s.samples);
}

static void difference_is_measured(void **state)
{
    (void)state;
    const float reference[] = {0.5f, -0.5f, 0.5f, -0.5f};
    const float output[] = {0.5f, -0.5f, 0.5f, -0.45f};
    const struct comparison c = compare_outputs(reference, output, 4, 20.0);
    assert_int_equal(c.verdict, VERDICT_GOOD);
    assert_true(fabs(c.max_difference - 0.05) < 1e-6);
    /* 1 over 0.05^2: 26.02 dB */
    assert_true(fabs(c.snr_db - 26.0206) < 1e-3);
}

static void silence_is_found(void **state)
{
    (void)state;
    const signal_ s = noise_signal(COUNT, 0.1f, 2);
    float *silent = calloc(COUNT, sizeof(*silent));
    const struct comparison c = compare_outputs(s.samples, silent, COUNT, 20.0);
    assert_int_equal(c.verdict, VERDICT_SILENT);
    free(silent);
    free(s.samples);
}

static void one_sample_that_is_no_number_is_found(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    const signal_ s = noise_signal(COUNT, 0.1f, 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        float *output = copy_of(s.samples);
        output[COUNT / 3] = bad[i];
        const struct comparison c = compare_outputs(s.samples, output, COUNT, 20.0);
        assert_int_equal(c.verdict, VERDICT_NOT_FINITE);
        assert_true(isnan(c.max_difference));
        free(output);
    }
    free(s.samples);
}

/* An exact backend that skips one hop in a thousand is off by about 30 dB: far from 50. */
static void one_skipped_hop_is_found(void **state)
{
    (void)state;
    const signal_ s = noise_signal(COUNT, 0.1f, 4);
    float *output = copy_of(s.samples);
    for (size_t hop = 0; hop < HOPS; hop += 1000)
        memset(output + (hop + 100) * 128, 0, 128 * sizeof(*output));
    const struct comparison c = compare_outputs(s.samples, output, COUNT, 50.0);
    assert_int_equal(c.verdict, VERDICT_OFF);
    free(output);
    free(s.samples);
}

/* The microphone passed through: the echo is the difference. */
static void doing_nothing_is_found(void **state)
{
    (void)state;
    const signal_ near = noise_signal(COUNT, 0.1f, 5), echo = noise_signal(COUNT, 0.05f, 6);
    float *mic = copy_of(near.samples);
    for (size_t i = 0; i < COUNT; i++)
        mic[i] += echo.samples[i];
    const struct comparison c = compare_outputs(near.samples, mic, COUNT, 20.0);
    assert_int_equal(c.verdict, VERDICT_OFF);
    free(mic);
    free(near.samples);
    free(echo.samples);
}

static void a_silent_reference_proves_nothing(void **state)
{
    (void)state;
    const float silent[4] = {0}, output[4] = {0};
    assert_int_equal(compare_outputs(silent, output, 4, 20.0).verdict, VERDICT_NO_REFERENCE);
}

static void the_worse_of_both_feeds_counts(void **state)
{
    (void)state;
    const struct comparison good = {VERDICT_GOOD, 1e-6, 110.0}, less = {VERDICT_GOOD, 1e-5, 90.0};
    const struct comparison off = {VERDICT_OFF, 0.5, 3.0};
    assert_int_equal(compare_worse(good, off).verdict, VERDICT_OFF);
    assert_int_equal(compare_worse(off, good).verdict, VERDICT_OFF);
    assert_true(compare_worse(good, less).snr_db == 90.0);
    assert_true(compare_worse(less, good).max_difference == 1e-5);
}

/* ---- Figures ---------------------------------------------------------------------------- */

static void medians(void **state)
{
    (void)state;
    const double values[] = {5.0, 1.0, 3.0, 100.0};
    assert_true(stats_median(values, 3) == 3.0);
    assert_true(stats_median(values, 4) == 4.0);
    assert_true(isnan(stats_median(values, 0)));
    assert_true(stats_lowest(values, 4) == 1.0 && stats_highest(values, 4) == 100.0);
}

static void percentiles(void **state)
{
    (void)state;
    float values[200];
    for (size_t i = 0; i < 200; i++)
        values[(i * 77) % 200] = (float)(i + 1);
    stats_order(values, 200);
    assert_true(stats_percentile(values, 200, 0.5) == 100.0f);
    assert_true(stats_percentile(values, 200, 0.99) == 198.0f);
    assert_true(stats_percentile(values, 200, 1.0) == 200.0f);
    assert_true(stats_percentile(values, 1, 0.5) == 1.0f);
}

static void slowest_ones(void **state)
{
    (void)state;
    const float values[] = {3, 9, 1, 7, 8, 2};
    size_t indices[10];
    assert_int_equal(stats_largest(values, 6, indices, 3), 3);
    assert_true(indices[0] == 1 && indices[1] == 4 && indices[2] == 3);
    assert_int_equal(stats_largest(values, 2, indices, 10), 2);
    assert_true(indices[0] == 1 && indices[1] == 0);
}

/* ---- Backends and settings --------------------------------------------------------------- */

static void backends_are_found_by_their_first_words(void **state)
{
    (void)state;
    const struct backend e = {.name = "onnxruntime tuned here"};
    assert_true(backend_is_called(&e, "onnxruntime", 11));
    assert_true(backend_is_called(&e, "onnxruntime tuned", 17));
    assert_true(backend_is_called(&e, "onnxruntime-tuned-here", 22));
    assert_false(backend_is_called(&e, "onnx", 4));
    assert_false(backend_is_called(&e, "", 0));
    assert_false(backend_is_called(&e, "onnxruntime tuned here too", 26));
}

/* The promised rows, each of them once. */
static void the_rows(void **state)
{
    (void)state;
    static const char *const names[] = {
        "onnxruntime untuned", "onnxruntime 2+4", "onnxruntime tuned here",
        "native fp32",         "native bf16",     "native int8",
    };
    assert_int_equal(backend_row_count, sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < backend_row_count; i++)
        assert_string_equal(backend_rows[i].name, names[i]);
}

static bool has(const struct tune_setting *settings, size_t n, unsigned first, unsigned second,
                bool spinning)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += settings[i].stage_threads[0] == first && settings[i].stage_threads[1] == second &&
                 settings[i].spinning == spinning;
    assert_true(found <= 1);
    return found == 1;
}

static void all_settings_are_tried(void **state)
{
    (void)state;
    struct tune_setting settings[512];
    size_t n = tune_settings(settings, 512, 2);
    /* 1, 2 and 4 threads for either stage, with and without spinning, which needs two threads. */
    assert_int_equal(n, 3 * 3 * 2 - 1);
    assert_true(has(settings, n, 2, 4, false) && has(settings, n, 2, 4, true));
    assert_true(has(settings, n, 1, 1, false) && !has(settings, n, 1, 1, true));
    assert_true(settings[0].stage_threads[0] == 1 && settings[0].stage_threads[1] == 1);

    n = tune_settings(settings, 512, 10);
    assert_true(has(settings, n, 10, 10, false) && has(settings, n, 8, 1, true));
    assert_false(has(settings, n, 12, 1, false));
    assert_int_equal(tune_settings(settings, 5, 64), 5);
}

static void variants_turn_over_one_option_each(void **state)
{
    (void)state;
    const struct tune_setting setting = {.stage_threads = {1, 2}};
    struct tune_setting v[TUNE_VARIANTS];
    char text[128];
    tune_variants(v, &setting);
    assert_true(v[0].parallel && !v[0].no_arena && !v[0].no_memory_pattern);
    assert_true(v[1].no_memory_pattern && !v[1].parallel);
    assert_true(v[2].no_arena && !v[2].parallel);
    tune_describe(&v[2], text, sizeof(text));
    assert_string_equal(text, "1 + 2 threads, no arena");
    assert_true(tune_effort(&v[2]) > tune_effort(&setting));
}

static void few_rounds_prove_nothing(void **state)
{
    (void)state;
    assert_false(tune_is_clear(4, 4));
    assert_true(tune_is_clear(10, 10));
    assert_false(tune_is_clear(6, 10));
    assert_true(tune_is_clear(70, 100));
    assert_false(tune_is_clear(55, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_output_is_good),
        cmocka_unit_test(difference_is_measured),
        cmocka_unit_test(silence_is_found),
        cmocka_unit_test(one_sample_that_is_no_number_is_found),
        cmocka_unit_test(one_skipped_hop_is_found),
        cmocka_unit_test(doing_nothing_is_found),
        cmocka_unit_test(a_silent_reference_proves_nothing),
        cmocka_unit_test(the_worse_of_both_feeds_counts),
        cmocka_unit_test(medians),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(slowest_ones),
        cmocka_unit_test(backends_are_found_by_their_first_words),
        cmocka_unit_test(the_rows),
        cmocka_unit_test(all_settings_are_tried),
        cmocka_unit_test(variants_turn_over_one_option_each),
        cmocka_unit_test(few_rounds_prove_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
