/*
 * A near end that whistles, or an appliance that beeps, above the notes of most songs: no network
 * takes it for a voice, and it stays, in double talk as well as while the far end is silent.
 */
#include "check.h"
#include "default_run.h"

#include <math.h>
#include <stdlib.h>

enum { TOGETHER = 4 * RATE, SILENT = 8 * RATE, ALONE = 19 * RATE / 2, END = 13 * RATE };

/* A whistle between 1.3 and 2.1 kHz, or beeps of 0.5 s. */
static float sound_of(uint32_t kind, size_t i, double *phase)
{
    static const double beeps[] = {0.0, 2000.0, 3100.0};
    const double turn = 6.283185307179586, t = (double)i / (double)RATE;
    const double hz = kind ? beeps[kind] : 1700.0 + 400.0 * sin(0.7 * turn * t);
    *phase += turn * hz / (double)RATE;
    return kind && fmod(t, 1.0) >= 0.5 ? 0.0f : 0.05f * (float)sin(*phase);
}

static scene call(uint32_t kind)
{
    signal_ h = room(0.3, 91 + kind);
    scene s = new_scene(END);
    far_speech(s.far, SILENT);
    add_echo(&s, &h, 0, END);
    add_noise(&s, 40.0, 95 + kind);
    double phase = 0.0;
    for (size_t i = TOGETHER; i < END; i++)
        s.near[i] = sound_of(kind, i, &phase);
    mix(&s);
    free(h.samples);
    return s;
}

static double kept_db(const scene *s, size_t from, size_t to)
{
    return power_db(s->error + from, to - from) - power_db(s->near + from, to - from);
}

static void a_whistle_stays(void **unused)
{
    (void)unused;
    for (uint32_t kind = 0; kind < 3; kind++) {
        scene s = call(kind);
        run_default(&s, UNECHO_ENGINE_LINEAR_NEURAL);
        const double echo =
            power_db(s.mic + 2 * RATE, 2 * RATE) - power_db(s.error + 2 * RATE, 2 * RATE);
        const double together = kept_db(&s, TOGETHER, SILENT);
        const double alone = kept_db(&s, ALONE, END - RATE);
        print_message("%-7s %.1f dB of echo, kept %+.1f dB beside it and %+.1f dB alone\n",
                      kind ? "beeps" : "whistle", echo, together, alone);
        assert_true(echo >= 30.0);
        assert_true(fabs(together) <= 4.0);
        assert_true(fabs(alone) <= 2.0);
        free_scene(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_whistle_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
