/*
 * The loudspeaker is muted in mid-call, or headphones are plugged in, while the far end goes on;
 * and then it is heard again. Who talks meanwhile stays, and the echo that comes back is known.
 */
#include "check.h"
#include "default_run.h"

#include <math.h>
#include <stdlib.h>

enum { MUTED = 6 * RATE, TALKS = 7 * RATE, SILENT = 11 * RATE, BACK = 15 * RATE, END = 18 * RATE };

static scene call(uint32_t i)
{
    signal_ h = room(0.2 + 0.1 * (double)i, 71 + i);
    scene s = new_scene(END);
    far_speech(s.far, s.count);
    add_echo(&s, &h, 0, MUTED);
    add_echo(&s, &h, BACK, END);
    add_noise(&s, 40.0, 81 + i);
    near_speech(s.near + TALKS, SILENT - TALKS);
    mix(&s);
    free(h.samples);
    return s;
}

static double difference_db(const float *a, const float *b, size_t from, size_t to)
{
    return power_db(a + from, to - from) - power_db(b + from, to - from);
}

static void a_talker_stays_and_the_echo_is_known(void **unused)
{
    (void)unused;
    static const unecho_engine engines[] = {UNECHO_ENGINE_LINEAR, UNECHO_ENGINE_LINEAR_NEURAL};
    for (uint32_t i = 0; i < 4; i++)
        for (size_t e = 0; e < 2; e++) {
            scene s = call(i);
            run_default(&s, engines[e]);
            const double before = difference_db(s.mic, s.error, 4 * RATE, MUTED);
            const double kept = difference_db(s.error, s.near, TALKS, SILENT);
            const double back = difference_db(s.mic, s.error, BACK + RATE / 2, END);
            print_message("%-7s room %u: %.1f dB of echo, talker %+.1f dB, then %.1f dB of echo\n",
                          e ? "default" : "linear", i, before, kept, back);
            assert_true(fabs(kept) <= 0.5);
            assert_true(back >= 20.0);
            free_scene(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_talker_stays_and_the_echo_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
