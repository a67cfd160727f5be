/*
 * Delays are found, steps and drift are followed, and nothing moves where there is nothing to find.
 * The study behind docs/alignment.md (bench/alignment.c) measures how well; this test checks what
 * is promised.
 */
#include "check.h"
#include "scene.h"
#include "transforms.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128, LENGTH = 8 * RATE };

/* Only the far end talks; its echo arrives 40 samples later. */
static signal_ far, mic;
static const double direct_ms = 2.5;

static int set_up(void **unused)
{
    (void)unused;
    far = read_sample("far");
    far.count = LENGTH;
    mic = room_echo(&far, 0.3, 0.5f, 40, 31);
    add_hiss(&mic, 1e-3f, 32);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(far.samples);
    free(mic.samples);
    return 0;
}

static unecho *open_stream(unecho_align align, double delay_ms, unsigned late)
{
    unecho_config config;
    unecho_config_init(&config);
    config.align = align;
    config.delay_ms = delay_ms;
    config.reference_late_ms = late;
    config.precision = UNECHO_PRECISION_INT8;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static unecho_stats stats_of(const unecho *stream)
{
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    return stats;
}

/* Processes samples from..to, with the output to out + from. */
static void pass(unecho *stream, const signal_ *m, const signal_ *f, float *out, size_t from,
                 size_t to)
{
    for (size_t i = from; i < to; i += CHUNK) {
        const size_t n = to - i < CHUNK ? to - i : CHUNK;
        assert_int_equal(unecho_process(stream, m->samples + i, f->samples + i, out + i, n),
                         UNECHO_OK);
    }
}

/* Seconds of active far end in from..to. */
static double active(const signal_ *f, size_t from, size_t to)
{
    size_t hops = 0;
    for (size_t i = from; i + CHUNK <= to; i += CHUNK)
        hops += power_db(f->samples + i, CHUNK) > -50.0;
    return (double)hops * CHUNK / RATE;
}

/* ---- What is found ----------------------------------------------------------------------------
 */

static void delays(void **unused)
{
    (void)unused;
    static const double added[] = {-150, -20, 0, 3, 40, 120, 300, 600, 950};
    for (size_t d = 0; d < sizeof added / sizeof *added; d++) {
        const long shift = (long)(added[d] * RATE / 1000);
        signal_ m = delayed(&mic, shift > 0 ? shift : 0), f = delayed(&far, shift < 0 ? -shift : 0);
        float *const out = calloc(LENGTH, sizeof *out);
        unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, added[d] < 0 ? 200 : 0);
        size_t found = 0;
        for (size_t i = 0; i < LENGTH && !found; i += CHUNK) {
            pass(stream, &m, &f, out, i, i + CHUNK);
            found = stats_of(stream).aligned ? i : 0;
        }
        const unecho_stats stats = stats_of(stream);
        const double error = (double)stats.delay_ms - direct_ms - added[d];
        print_message("%+.0f ms: found after %.2f s of far end, %.3f ms off\n", added[d],
                      active(&f, 0, found), error);
        assert_true(stats.aligned);
        assert_true(active(&f, 0, found) <= 2.0);
        assert_true(fabs(error) <= 1.0);
        assert_true(stats.confidence > 0.3f && stats.confidence <= 1.0f);
        unecho_close(&stream);
        free(m.samples);
        free(f.samples);
        free(out);
    }
}

/*
 * Once the delay is found, the output of a pair recorded apart is as good as that of one that was
 * not; without alignment it is not.
 */
static void echo_is_gone_then(void **unused)
{
    (void)unused;
    signal_ m = delayed(&mic, 600 * RATE / 1000), heard = delayed(&far, 600 * RATE / 1000);
    double erle[2];
    for (int align = 0; align < 2; align++) {
        float *const out = calloc(LENGTH + 512, sizeof *out);
        unecho *stream = open_stream(align ? UNECHO_ALIGN_AUTO : UNECHO_ALIGN_OFF, 0.0, 0);
        pass(stream, &m, &far, out, 0, LENGTH);
        erle[align] = active_erle_db(m.samples, heard.samples, out + 512, 4 * RATE, LENGTH - 512);
        unecho_close(&stream);
        free(out);
    }
    print_message("600 ms apart: ERLE %.1f dB, %.1f dB with alignment\n", erle[0], erle[1]);
    assert_true(erle[0] < 3.0 && erle[1] > 25.0);
    free(m.samples);
    free(heard.samples);
}

static void step(void **unused)
{
    (void)unused;
    signal_ m = repeated(&mic, 2 * LENGTH), f = repeated(&far, 2 * LENGTH);
    signal_ before = delayed(&m, 1600), after = delayed(&m, 1600 + 1280);
    memcpy(after.samples, before.samples, LENGTH * sizeof(float));
    float *const out = calloc(2 * LENGTH, sizeof *out);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
    pass(stream, &after, &f, out, 0, LENGTH);
    assert_true(fabs((double)stats_of(stream).delay_ms - direct_ms - 100.0) <= 1.0);
    size_t found = 0;
    for (size_t i = LENGTH; i < 2 * LENGTH && !found; i += CHUNK) {
        pass(stream, &after, &f, out, i, i + CHUNK);
        found = fabs((double)stats_of(stream).delay_ms - direct_ms - 180.0) <= 1.0 ? i : 0;
    }
    print_message("a step of 80 ms: followed after %.2f s of far end\n", active(&f, LENGTH, found));
    assert_true(found > 0 && active(&f, LENGTH, found) <= 3.0);
    assert_int_equal(stats_of(stream).realignments, 2);
    unecho_close(&stream);
    free(m.samples);
    free(f.samples);
    free(before.samples);
    free(after.samples);
    free(out);
}

/*
 * Two clocks that differ by 300 ppm for a minute: the delay stays known within a millisecond
 * although the streams have moved apart by 18 ms.
 */
static void drift(void **state)
{
    const double ppm = *(const double *)*state;
    signal_ m = repeated(&mic, 60 * RATE), f = repeated(&far, 60 * RATE);
    signal_ late = delayed(&m, 100 * RATE / 1000), played = recorded_by(&f, ppm);
    float *const out = calloc(60 * RATE, sizeof *out);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
    double worst = 0.0;
    for (size_t i = 0; i < 60 * RATE; i += RATE) {
        pass(stream, &late, &played, out, i, i + RATE);
        const unecho_stats stats = stats_of(stream);
        const double expected = direct_ms + 100.0 - 1e-3 * ppm * (double)(i + RATE) / RATE;
        const double error = fabs((double)stats.delay_ms - expected);
        if (i >= 5 * RATE)
            worst = fmax(worst, error);
    }
    const unecho_stats stats = stats_of(stream);
    print_message("%+.0f ppm: found %.1f ppm, delay at most %.3f ms off, %u moves\n", ppm,
                  (double)stats.drift_ppm, worst, stats.realignments);
    assert_true(worst <= 1.0);
    assert_true(fabs((double)stats.drift_ppm - ppm) <= 10.0);
    assert_int_equal(stats.realignments, 1);
    unecho_close(&stream);
    free(m.samples);
    free(f.samples);
    free(late.samples);
    free(played.samples);
    free(out);
}

/* ---- What is left alone ------------------------------------------------------------------------
 */

/* A pair with a delay that the network can handle: the same bits as without alignment. */
static void aligned_pair_is_left_alone(void **unused)
{
    (void)unused;
    float *const out = calloc(LENGTH, sizeof *out), *const as = calloc(LENGTH, sizeof *as);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
    pass(stream, &mic, &far, out, 0, LENGTH);
    const unecho_stats stats = stats_of(stream);
    assert_true(stats.aligned && stats.realignments == 0);
    assert_true(fabs((double)stats.delay_ms - direct_ms) <= 0.1);
    unecho_close(&stream);
    stream = open_stream(UNECHO_ALIGN_OFF, 0.0, 0);
    pass(stream, &mic, &far, as, 0, LENGTH);
    assert_memory_equal(out, as, LENGTH * sizeof *out);
    unecho_close(&stream);
    free(out);
    free(as);
}

static void nothing_to_be_found(void **unused)
{
    (void)unused;
    signal_ once = read_sample("near"), near = repeated(&once, LENGTH * 2);
    signal_ chords = music(near.count, 0.3f, 5), hiss = delayed(&chords, (long)near.count);
    add_hiss(&hiss, 0.1f, 6);
    signal_ talker = repeated(&far, near.count);
    const signal_ *const others[] = {&chords, &hiss, &talker};
    static const char *const names[] = {"music", "noise", "another talker"};
    float *const out = calloc(near.count, sizeof *out);
    for (size_t i = 0; i < 3; i++) {
        unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
        pass(stream, &near, others[i], out, 0, near.count);
        const unecho_stats stats = stats_of(stream);
        if (stats.aligned || stats.realignments > 0)
            fail_msg("%s: found an echo %.1f ms behind", names[i], (double)stats.delay_ms);
        unecho_close(&stream);
    }
    free(once.samples);
    free(near.samples);
    free(chords.samples);
    free(hiss.samples);
    free(talker.samples);
    free(out);
}

/* The delay that is set is the delay that is used: as if the far end had been recorded later. */
static void fixed_delay(void **unused)
{
    (void)unused;
    signal_ moved = delayed(&far, 800);
    float *const out = calloc(LENGTH, sizeof *out), *const as = calloc(LENGTH, sizeof *as);
    unecho *stream = open_stream(UNECHO_ALIGN_FIXED, 50.0, 0);
    pass(stream, &mic, &far, out, 0, LENGTH);
    const unecho_stats stats = stats_of(stream);
    assert_true(stats.aligned && fabsf(stats.delay_ms - 50.0f) < 1e-3f);
    unecho_close(&stream);
    stream = open_stream(UNECHO_ALIGN_OFF, 0.0, 0);
    pass(stream, &mic, &moved, as, 0, LENGTH);
    assert_memory_equal(out, as, LENGTH * sizeof *out);
    unecho_close(&stream);
    free(moved.samples);
    free(out);
    free(as);
}

int main(void)
{
    static double slow = -300.0, fast = 300.0, little = 20.0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays),
        cmocka_unit_test(echo_is_gone_then),
        cmocka_unit_test(step),
        {"drift -300 ppm", drift, NULL, NULL, &slow},
        {"drift +300 ppm", drift, NULL, NULL, &fast},
        {"drift +20 ppm", drift, NULL, NULL, &little},
        cmocka_unit_test(aligned_pair_is_left_alone),
        cmocka_unit_test(nothing_to_be_found),
        cmocka_unit_test(fixed_delay),
    };
    return cmocka_run_group_tests_name("alignment", tests, set_up, tear_down);
}
