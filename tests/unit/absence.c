/*
 * An echo that has been cancelled for a while and is then missed has gone: said once, and not of a
 * microphone that is muted, of noise that would hide it, of a talker, or of a far end that pauses.
 */
#include "suppress/postfilter/absence.h"
#include "check.h"
#include "model/postfilter_weights.h"
#include "suppress/postfilter/features.h"

#include <stdlib.h>

enum { BANDS = POSTFILTER_BANDS, SECOND = 125 };

/* Powers in all bands. */
typedef struct hop {
    float far, echo, error, noise;
} hop;

/* The echo is 6 dB below the far end, and the filter leaves 20 dB less; then it is gone. */
static const hop heard = {4e-3f, 1e-3f, 1e-5f, 1e-8f};
static const hop gone = {4e-3f, 0.0f, 1e-8f, 1e-8f};

static absence_memory memory;

static int set_up(void **state)
{
    arena a = {0};
    absence_layout(&memory, &a);
    a.memory = *state = aligned_alloc(ARENA_ALIGNMENT, a.used);
    if (!a.memory)
        return -1;
    a.used = 0;
    absence_layout(&memory, &a);
    absence_reset(&memory);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* How often it was said in so many such hops. */
static int said_in(size_t hops, hop what)
{
    noise_floor noise[BANDS];
    float power[SIGNALS][BANDS];
    int said = 0;
    for (size_t t = 0; t < hops; t++) {
        for (size_t b = 0; b < BANDS; b++) {
            power[SIGNAL_ERROR][b] = what.error;
            power[SIGNAL_MIC][b] = what.error + what.echo;
            power[SIGNAL_ECHO][b] = what.echo;
            power[SIGNAL_FAR][b] = what.far;
            noise[b].level = what.noise;
        }
        said += absence_next(&memory, &power[0][0], noise);
    }
    return said;
}

static void an_echo_that_goes_is_missed_once(void **state)
{
    (void)state;
    for (int times = 0; times < 3; times++) {
        assert_int_equal(said_in(SECOND, heard), 0);
        assert_int_equal(said_in(SECOND / 4, gone), 0);
        assert_int_equal(said_in(SECOND, gone), 1);
        assert_int_equal(said_in(10 * SECOND, gone), 0);
    }
}

static void an_echo_that_was_not_known_is_not_missed(void **state)
{
    (void)state;
    assert_int_equal(said_in(10 * SECOND, gone), 0);
    assert_int_equal(said_in(SECOND / 4, heard), 0);
    assert_int_equal(said_in(10 * SECOND, gone), 0);
}

static void what_hides_an_echo_says_nothing(void **state)
{
    (void)state;
    const hop muted = {4e-3f, 0.0f, 0.0f, 1e-8f}, noisy = {4e-3f, 0.0f, 1e-5f, 1e-5f};
    const hop talker = {4e-3f, 0.0f, 1e-3f, 1e-8f}, pause = {0.0f, 0.0f, 1e-8f, 1e-8f};
    const hop all[] = {muted, noisy, talker, pause};
    assert_int_equal(said_in(SECOND, heard), 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(said_in(2 * SECOND, all[i]), 0);
    assert_int_equal(said_in(SECOND, gone), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_echo_that_goes_is_missed_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_echo_that_was_not_known_is_not_missed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_hides_an_echo_says_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("absence", tests, NULL, NULL);
}
