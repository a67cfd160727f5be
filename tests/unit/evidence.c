/*
 * The gains of the post-filter are raised where the linear filter shows a near end, and nowhere
 * else: not for residual echo as the filter usually leaves it, an error that resembles the far end,
 * noise, or what the network is sure about; and where the near end holds a tone that was not there
 * before.
 */
#include "suppress/postfilter/evidence.h"
#include "check.h"
#include "model/postfilter_weights.h"
#include "suppress/postfilter/features.h"

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
    const float tonal[SIGNALS][BANDS] = {{0.0f}};
    float power[SIGNALS][BANDS], features[FEATURES], gains[BANDS];
    for (size_t t = 0; t < hops; t++) {
        for (size_t b = 0; b < BANDS; b++) {
            power[SIGNAL_ERROR][b] = what.error;
            power[SIGNAL_MIC][b] = what.error + what.echo;
            power[SIGNAL_ECHO][b] = what.echo;
            power[SIGNAL_FAR][b] = what.far;
            noise[b].level = what.noise;
            gains[b] = what.gain;
        }
        for (size_t i = 0; i < FEATURES; i++)
            features[i] = 3.0f * (what.coherence - 0.3f);
        evidence_raise(&memory, &power[0][0], &tonal[0][0], features, noise, what.talk, gains);
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

enum { NOTE = 14, WHISTLE = 52 }; /* 440 Hz; 2 kHz, where bands are wider than a tone */

/* Powers of a tone in noise of -70 dB, and beside it of the far end and what it leaves; 0: not
 * there. */
typedef struct tone {
    size_t band;
    float error, beside;
    float echo; /* its estimate, in the tone's band and others */
    float far, far_beside;
    float coherence, talk;
    float far_tonal; /* what tones are of the far end in the wide bands, 0 to 1 */
} tone;

/* The gain of the tone after so many seconds, to a network that takes it for noise, as minimum
 * statistics do. */
static float gain_of_tone(double seconds, tone what, float *beside)
{
    noise_floor noise[BANDS];
    float power[SIGNALS][BANDS], tonal[SIGNALS][BANDS] = {{0.0f}};
    float features[FEATURES], gains[BANDS];
    for (size_t b = 0; b < BANDS; b++) {
        power[SIGNAL_ERROR][b] = (b == what.band ? what.error : what.beside) + 1e-7f;
        power[SIGNAL_ECHO][b] = what.echo;
        power[SIGNAL_FAR][b] = b == what.band ? what.far : what.far_beside;
        power[SIGNAL_MIC][b] = power[SIGNAL_ERROR][b] + what.echo;
        noise[b].level = b == what.band ? 2.0f * power[SIGNAL_ERROR][b] : 2e-7f;
    }
    tonal[SIGNAL_ERROR][what.band] = what.band == WHISTLE && what.error > 0.0f ? 0.9f : 0.0f;
    for (size_t b = 40; b < BANDS; b++)
        tonal[SIGNAL_FAR][b] = what.far_tonal;
    for (size_t i = 0; i < FEATURES; i++)
        features[i] = 3.0f * (what.coherence - 0.3f);
    for (size_t t = 0; t < (size_t)(seconds * (double)SECOND); t++) {
        for (size_t b = 0; b < BANDS; b++)
            gains[b] = 0.05f;
        evidence_raise(&memory, &power[0][0], &tonal[0][0], features, noise, what.talk, gains);
    }
    *beside = gains[2 * NOTE];
    return gains[what.band];
}

static float tone_after(double seconds, float power, float far, float *beside)
{
    const tone what = {
        .band = NOTE, .error = power, .far = far, .far_beside = far, .coherence = 0.25f};
    return gain_of_tone(seconds, what, beside);
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

/* The far end sets in, the filter knows nothing yet, and what it leaves of the echo in the tone's
 * band may be anything. */
static void a_tone_of_before_the_far_end_is_kept(void **state)
{
    (void)state;
    float beside;
    (void)tone_after(3.0, 0.0f, 0.0f, &beside);
    (void)tone_after(1.0, 1e-2f, 0.0f, &beside);
    const tone talk = {.band = NOTE,
                       .error = 1e-2f,
                       .beside = 1e-5f,
                       .echo = 1e-3f,
                       .far = 1e-3f,
                       .far_beside = 1e-3f,
                       .coherence = 0.6f,
                       .talk = 0.5f};
    assert_true(gain_of_tone(2.0, talk, &beside) > 0.9f);
    /* Also where the network hears nobody, beside an echo of half its power. */
    tone unheard = talk;
    unheard.talk = 0.0f;
    unheard.beside = 2e-4f;
    assert_true(gain_of_tone(2.0, unheard, &beside) > 0.9f);
    /* Not one that begins with the far end. */
    evidence_reset(&memory);
    (void)tone_after(4.0, 0.0f, 0.0f, &beside);
    assert_float_equal(gain_of_tone(2.0, talk, &beside), 0.05f, 0.0f);
}

/* To a network that takes what is left of a song for a singer. */
static void what_is_left_of_a_song_is_no_near_end(void **state)
{
    (void)state;
    float beside;
    (void)tone_after(3.0, 0.0f, 0.0f, &beside);
    tone left = {.band = NOTE,
                 .error = 1e-4f,
                 .far = 1e-2f,
                 .far_beside = 1e-6f,
                 .coherence = 0.25f,
                 .talk = 0.6f};
    assert_float_equal(gain_of_tone(3.0, left, &beside), 0.05f, 0.0f);
    /* The far end does not sing. */
    left.far_beside = left.far;
    assert_true(gain_of_tone(3.0, left, &beside) > 0.9f);
}

/* To a network that hears nobody, 10 dB below her playback, which the filter had cancelled. */
static void a_singer_beside_a_known_echo_is_kept(void **state)
{
    (void)state;
    float beside;
    const tone playback = {.band = NOTE,
                           .error = 1e-6f,
                           .beside = 1e-6f,
                           .echo = 1e-2f,
                           .far = 1e-2f,
                           .far_beside = 1e-2f,
                           .coherence = 0.25f};
    tone singer = playback;
    singer.error = 7e-2f;
    (void)gain_of_tone(4.0, playback, &beside);
    assert_true(gain_of_tone(1.0, singer, &beside) > 0.8f);
    /* Also if the filter has followed most of her notes, and for as long as she sings. */
    tone followed = playback;
    followed.error = 7e-3f;
    evidence_reset(&memory);
    (void)gain_of_tone(4.0, playback, &beside);
    assert_true(gain_of_tone(1.0, followed, &beside) > 0.8f);
    assert_true(gain_of_tone(20.0, followed, &beside) > 0.8f);
    /* Where the echo was never cancelled it may be the echo of another path. */
    evidence_reset(&memory);
    tone loud = playback;
    loud.error = loud.beside = 1e-3f;
    (void)gain_of_tone(4.0, loud, &beside);
    assert_float_equal(gain_of_tone(1.0, singer, &beside), 0.05f, 0.0f);
}

/* To a network that hears nobody. */
static void a_whistle_is_kept(void **state)
{
    (void)state;
    float beside;
    tone whistle = {.band = WHISTLE, .coherence = 0.25f};
    assert_float_equal(gain_of_tone(3.0, whistle, &beside), 0.05f, 0.0f);
    whistle.error = 1e-2f;
    assert_true(gain_of_tone(0.5, whistle, &beside) > 0.9f);
    assert_float_equal(beside, 0.05f, 0.0f);
    whistle.far = whistle.far_beside = 1e-3f;
    assert_true(gain_of_tone(10.0, whistle, &beside) > 0.9f);
    /* Not to a far end that whistles, whose loudspeaker adds harmonics. */
    whistle.far_tonal = 0.9f;
    assert_float_equal(gain_of_tone(3.0, whistle, &beside), 0.05f, 0.0f);
    /* Until that one has been silent for a second. */
    whistle.far = whistle.far_beside = 0.0f;
    assert_true(gain_of_tone(2.0, whistle, &beside) > 0.9f);
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
        cmocka_unit_test_setup_teardown(a_tone_of_before_the_far_end_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_of_a_song_is_no_near_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_whistle_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_singer_beside_a_known_echo_is_kept, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
