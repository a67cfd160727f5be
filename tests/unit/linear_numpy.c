/*
 * training/linear.py, whose output networks are trained on, is the linear canceller: 10 seconds
 * with single talk, double talk, another room, silence and a muted microphone.
 */
#include "check.h"
#include "linear_run.h"
#include "twin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static scene everything(void)
{
    signal_ first = room(0.3, 61), second = room(0.4, 62);
    scene s = new_scene(10 * RATE);
    far_speech(s.far, s.count);
    memset(s.far + 4 * RATE, 0, RATE / 2 * sizeof *s.far);
    add_echo(&s, &first, 0, 6 * RATE);
    add_echo(&s, &second, 6 * RATE, s.count);
    add_noise(&s, 40.0, 63);
    add_near(&s, 0.0, 7 * RATE / 2, 6 * RATE);
    mix(&s);
    memset(s.mic + 8 * RATE, 0, RATE / 4 * sizeof *s.mic);
    free(first.samples);
    free(second.samples);
    return s;
}

/* What the filter is told after every hop: anything, and something else in every bin. */
static float *anything(size_t hops)
{
    float *const shares = malloc(hops * PARTITION_BINS * sizeof *shares);
    assert_non_null(shares);
    white_noise(shares, hops * PARTITION_BINS, 0.6f, 65);
    return shares;
}

static void cancel_told(linear_run *r, scene *s, const float *shares)
{
    for (size_t at = 0; at < s->count; at += KALMAN_HOP, shares += PARTITION_BINS) {
        cancel(r, s, at, at + KALMAN_HOP);
        kalman_tell(&r->c, shares, 0.0f);
    }
}

static void equals_numpy(size_t count, int told)
{
    scene s = everything();
    float *const shares = anything(s.count / KALMAN_HOP);
    twin_write("mic.f32", s.mic, s.count);
    twin_write("far.f32", s.far, s.count);
    twin_write("near.f32", shares, s.count / KALMAN_HOP * PARTITION_BINS);
    char arguments[64];
    snprintf(arguments, sizeof arguments, "%zu mic.f32 far.f32 error.f32 echo.f32%s", count,
             told ? " near.f32" : "");
    twin_run(PYTHON, LINEAR_PY, arguments);
    signal_ error = read_signal(twin_path("error.f32")), echo = read_signal(twin_path("echo.f32"));
    assert_int_equal(error.count, s.count);
    assert_int_equal(echo.count, s.count);
    linear_run r = open_linear(fastest(), count);
    if (told)
        cancel_told(&r, &s, shares);
    else
        cancel(&r, &s, 0, s.count);
    const double off_error = -snr_db(error.samples, s.error, s.count);
    const double off_echo = -snr_db(echo.samples, s.estimate, s.count);
    print_message("%zu partitions%s: error %.1f dB, echo estimate %.1f dB apart\n", count,
                  told ? ", told of the near end" : "", off_error, off_echo);
    assert_true(off_error <= -80.0 && off_echo <= -80.0); /* 1e-4 */
    close_linear(&r);
    free_scene(&s);
    free(shares);
    free(error.samples);
    free(echo.samples);
}

static void numpy_computes_the_same(void **unused)
{
    (void)unused;
    need_numpy(PYTHON);
    twin_begin();
    equals_numpy(KALMAN_PARTITIONS, 0);
    equals_numpy(KALMAN_PARTITIONS, 1);
    equals_numpy(13, 0);
    twin_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numpy_computes_the_same)};
    return cmocka_run_group_tests_name("linear_numpy", tests, NULL, NULL);
}
