/*
 * The gains of the post-filter are raised where the linear filter shows a near end, and nowhere
 * else: not for residual echo as the filter usually leaves it, an error that resembles the far end,
 * noise, or what the network is sure about; and where the near end holds a tone that was not there
 * before.
 */
#include "suppress/postfilter/evidence.h"
#include "check.h"
#include "model/postfilter_weights.h"

#include <stdlib.h>

enum { BANDS = POSTFILTER_BANDS, FEATURES = POSTFILTER_FEATURES, SECOND = 125 };

typedef struct hop {
    float error, echo, noise; /* powers */
    float coherence;
    float gain; /* the network's */
    float talk;
    float far; /* power */
} hop;

static evidence_memory memory;

static int set_up(void **state)
{
    arena a = {0};
    evidence_layout(&memory, &a);
    a.memory = *state = aligned_alloc(ARENA_ALIGNMENT, a.used);
    if (!a.memory)
        return -1;
    a.used = 0;
    evidence_layout(&memory, &a);
    evidence_reset(&memory);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* The lowest gain after `hops` such hops. */
static float gain_after(size_t hops, hop what)
{
    noise_floor noise[BANDS];
    float error[BANDS], echo[BANDS], far[BANDS], features[FEATURES], gains[BANDS];
    for (size_t t = 0; t < hops; t++) {
        for (size_t b = 0; b < BANDS; b++) {
            error[b] = what.error;
            echo[b] = what.echo;
            far[b] = what.far;
            noise[b].level = what.noise;
            gains[b] = what.gain;
        }
        for (size_t i = 0; i < FEATURES; i++)
            features[i] = 3.0f * (what.coherence - 0.3f);
        evidence_raise(&memory, error, echo, far, features, noise, what.talk, gains);
    }
    float least = 1.0f;
    for (size_t b = 0; b < BANDS; b++)
        least = gains[b] < least ? gains[b] : least;
    return least;
}

/* 20 dB below its echo estimate. */
static const hop residual = {1e-5f, 1e-3f, 0.0f, 0.25f, 0.05f, 0.0f, 1e-3f};
/* As loud as the echo estimate. */
static const hop near_end = {1e-3f, 1e-3f, 0.0f, 0.25f, 0.45f, 0.0f, 1e-3f};

static void a_near_end_is_kept(void **state)
{
    (void)state;
    assert_float_equal(gain_after(2 * SECOND, residual), 0.05f, 0.0f);
    assert_true(gain_after(SECOND / 5, near_end) > 0.8f);
    /* Without a pause it counts more and more as what the filter leaves. */
    assert_true(gain_after(4 * SECOND, near_end) > 0.7f);
}

static void before_the_filter_has_cancelled_nothing_is_known(void **state)
{
    (void)state;
    assert_float_equal(gain_after(SECOND / 5, near_end), 0.45f, 0.0f);
    const hop nothing_removed = {1e-3f, 1e-9f, 0.0f, 0.25f, 0.45f, 0.0f, 1e-3f};
    assert_float_equal(gain_after(SECOND, nothing_removed), 0.45f, 0.0f);
}

static void an_error_like_the_far_end_is_echo(void **state)
{
    (void)state;
    (void)gain_after(2 * SECOND, residual);
    hop other_path = near_end;
    other_path.coherence = 0.6f;
    assert_float_equal(gain_after(SECOND, other_path), 0.45f, 0.0f);
}

static void noise_is_left_to_the_network(void **state)
{
    (void)state;
    (void)gain_after(2 * SECOND, residual);
    hop noisy = near_end;
    noisy.noise = 0.5f * noisy.error;
    assert_float_equal(gain_after(SECOND, noisy), 0.45f, 0.0f);
}

static void a_network_that_is_sure_decides(void **state)
{
    (void)state;
    (void)gain_after(2 * SECOND, residual);
    const hop burst = {1e-3f, 1e-3f, 0.0f, 0.25f,
                       0.02f, 0.0f,  1e-3f}; /* a loudspeaker that rattles */
    assert_float_equal(gain_after(SECOND / 20, burst), 0.02f, 0.0f);
}

static void the_networks_word_counts(void **state)
{
    (void)state;
    /* Without an echo estimate, and with a leak that is not known yet. */
    hop alone = {1e-3f, 1e-9f, 1e-6f, 0.25f, 0.05f, 0.4f, 1e-3f};
    assert_float_equal(gain_after(SECOND / 5, alone), 0.05f, 0.0f);
    alone.talk = 0.95f;
    assert_true(gain_after(SECOND / 5, alone) > 0.9f);
    hop like_the_far_end = alone;
    like_the_far_end.coherence = 0.6f;
    assert_float_equal(gain_after(SECOND, like_the_far_end), 0.05f, 0.0f);
    hop echo = residual;
    echo.talk = 0.95f;
    (void)gain_after(SECOND, residual);
    assert_float_equal(gain_after(SECOND, echo), 0.05f, 0.0f);
    hop noisy = alone;
    noisy.noise = 0.5f * noisy.error;
    assert_float_equal(gain_after(SECOND, noisy), 0.05f, 0.0f);
}

enum { TONE = 14 }; /* 440 Hz */

/* The gain of a tone of this power in noise of -70 dB after so many seconds, to a network that
 * takes it for noise, as minimum statistics do; 0 without the tone. */
static float tone_after(double seconds, float tone, float far, float *beside)
{
    noise_floor noise[BANDS];
    float error[BANDS], echo[BANDS] = {0.0f}, fars[BANDS], features[FEATURES], gains[BANDS];
    for (size_t b = 0; b < BANDS; b++) {
        error[b] = b == TONE ? tone + 1e-7f : 1e-7f;
        noise[b].level = 2.0f * error[b];
        fars[b] = far;
    }
    for (size_t i = 0; i < FEATURES; i++)
        features[i] = 3.0f * (0.25f - 0.3f);
    for (size_t t = 0; t < (size_t)(seconds * (double)SECOND); t++) {
        for (size_t b = 0; b < BANDS; b++)
            gains[b] = 0.05f;
        evidence_raise(&memory, error, echo, fars, features, noise, 0.0f, gains);
    }
    *beside = gains[2 * TONE];
    return gains[TONE];
}

static void a_held_tone_is_kept(void **state)
{
    (void)state;
    float beside;
    assert_float_equal(tone_after(3.0, 0.0f, 0.0f, &beside), 0.05f, 0.0f);
    assert_true(tone_after(0.5, 1e-2f, 0.0f, &beside) > 0.9f);
    assert_float_equal(beside, 0.05f, 0.0f);
    /* In double talk, too, where the filter leaves no echo. */
    assert_true(tone_after(20.0, 1e-2f, 1e-3f, &beside) > 0.9f);
    assert_float_equal(beside, 0.05f, 0.0f);
    /* What never ends is noise. */
    assert_float_equal(tone_after(60.0, 1e-2f, 0.0f, &beside), 0.05f, 0.0f);
}

static void a_tone_from_the_beginning_is_noise(void **state)
{
    (void)state;
    float beside;
    (void)tone_after(2.0, 1e-2f, 0.0f, &beside);
    assert_float_equal(tone_after(10.0, 1e-2f, 0.0f, &beside), 0.05f, 0.0f);
    assert_float_equal(beside, 0.05f, 0.0f);
}

static void a_hiss_is_no_tone(void **state)
{
    (void)state;
    float beside;
    (void)tone_after(3.0, 0.0f, 0.0f, &beside);
    const hop hiss = {1e-3f, 0.0f, 1e-7f, 0.25f, 0.05f, 0.0f, 0.0f};
    assert_float_equal(gain_after(SECOND, hiss), 0.05f, 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_near_end_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(before_the_filter_has_cancelled_nothing_is_known, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_error_like_the_far_end_is_echo, set_up, tear_down),
        cmocka_unit_test_setup_teardown(noise_is_left_to_the_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_network_that_is_sure_decides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_networks_word_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_held_tone_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tone_from_the_beginning_is_noise, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hiss_is_no_tone, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
