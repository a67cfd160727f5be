/*
 * No input slows a stream down: silence, subnormal and tiny samples, bad ones, full scale. The best
 * of several rounds against ordinary input, in one process; no absolute times.
 */
#include "check.h"
#include "each_model.h"
#include "signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECOND = 16000, LENGTH = 2 * SECOND };

/*
 * At 16 kHz as it comes, or declared as 48 kHz; alignment watches both, and the network runs on
 * silence as well.
 */
static double best_seconds(const ends *e, int rate)
{
    double best = 1e9;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.sample_rate = rate;
    for (int round = 0; round < 7; round++) {
        unecho *stream = NULL;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
        const clock_t start = clock();
        unecho_process(stream, e->mic.samples, e->far.samples, e->out, LENGTH);
        const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        best = seconds < best ? seconds : best;
        unecho_close(&stream);
    }
    return best;
}

static void assert_nothing_slows_it_down(int rate)
{
    static const float levels[] = {0.0f,   1e-40f, 1e-38f, 1e-30f,   1e-22f,
                                   1e-16f, 1e-10f, NAN,    INFINITY, 1.0f};
    ends ordinary = double_talk(LENGTH);
    const double usual = best_seconds(&ordinary, rate);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        ends e = double_talk(LENGTH);
        for (size_t k = 0; k < LENGTH; k++) {
            e.mic.samples[k] = isfinite(levels[i]) ? e.mic.samples[k] * levels[i] : levels[i];
            e.far.samples[k] = isfinite(levels[i]) ? e.far.samples[k] * levels[i] : levels[i];
        }
        /* Speech, then a fade: decaying states are where subnormal numbers arise. */
        memcpy(e.mic.samples, ordinary.mic.samples, SECOND / 4 * sizeof(float));
        const double seconds = best_seconds(&e, rate);
        print_message("level %g: %.2f x the usual time\n", (double)levels[i], seconds / usual);
        assert_true(seconds < 3.0 * usual);
        free_ends(&e);
    }
    free_ends(&ordinary);
}

static void at_16_khz(void **unused)
{
    (void)unused;
    assert_nothing_slows_it_down(16000);
}

static void at_48_khz(void **unused)
{
    (void)unused;
    assert_nothing_slows_it_down(48000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_16_khz),
        cmocka_unit_test(at_48_khz),
    };
    RUN_FOR_EACH_MODEL("slowness", tests, NULL, NULL);
}
