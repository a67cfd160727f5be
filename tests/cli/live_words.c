/* What unecho live takes from the statistics, and what it says of its state. */
#include "check.h"
#include "live/state.h"
#include "live/words.h"

#include <math.h>

static void says(const live_state *state, const char *expected)
{
    char text[256];
    live_words(state, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void every_state_has_words(void **unused)
{
    (void)unused;
    live_state s = {.stage = LIVE_NO_SERVER};
    says(&s, "waiting for PipeWire");
    s.stage = LIVE_NO_MIC;
    says(&s, "waiting for the microphone");
    s.stage = LIVE_NO_SINK;
    says(&s, "waiting for a loudspeaker");
    s.stage = LIVE_IDLE;
    s.name = "unecho (Headset)";
    says(&s, "ready: choose \"unecho (Headset)\" as microphone in your program");

    s.stage = LIVE_RUNS;
    says(&s, "the microphone passes unchanged: PipeWire's rate is outside 8 to 192 kHz, or memory "
             "is short");
    s.stats.frames = 1;
    s.stats.mic_now_db = -INFINITY;
    s.stats.far_now_db = -30.0f;
    says(&s, "the microphone is silent: is it muted?");
    s.stats.mic_now_db = -60.0f;
    says(&s, "looking for the echo");
    s.far_seconds = 20.0;
    says(&s, "no echo in the microphone: fine with headphones, otherwise try --sink");
    s.far_seconds = 0.0;
    s.stats.far_now_db = -INFINITY;
    says(&s, "waiting for the far end");
    s.stats.aligned = 1;
    s.stats.confidence = 0.9f;
    s.stats.delay_ms = 86.6f;
    says(&s, "echo found 87 ms late");
    s.stats.delay_ms = -4.2f;
    says(&s, "echo found 4 ms early");
    s.stats.confidence = 0.1f;
    says(&s, "no echo at present");
}

static void expect_figures(const live_state *state, const char *expected)
{
    char text[256];
    live_figures(state, text, sizeof(text));
    assert_string_equal(text, expected);
}

/* Statistics a tenth of a second later, in which the ends have these levels. */
static void take(live_state *s, double *now, float mic, float far, float out, float near_end)
{
    const unecho_stats stats = {
        .frames = 1,
        .aligned = 1,
        .confidence = 0.9f,
        .delay_ms = 71.6f,
        .drift_ppm = -12.0f,
        .mic_now_db = mic,
        .far_now_db = far,
        .out_now_db = out,
        .near_end_active = near_end,
    };
    *now += 0.1;
    live_state_take(s, &stats, *now);
}

/* In double talk the microphone's level is mostly of what stays. */
static void the_echo_is_measured_alone(void **unused)
{
    (void)unused;
    static const char alone[] = "echo 40 dB lower, delay 72 ms, clock drift -12 ppm";
    live_state s = {.stage = LIVE_RUNS};
    double now = 1000.0;
    take(&s, &now, -70.0f, -90.0f, -90.0f, 0.0f);
    expect_figures(&s, "delay 72 ms, clock drift -12 ppm");
    for (int i = 0; i < 5; i++)
        take(&s, &now, -30.0f, -25.0f, -35.0f, 0.0f);
    expect_figures(&s, "delay 72 ms, clock drift -12 ppm");
    for (int i = 0; i < 10; i++)
        take(&s, &now, -30.0f, -25.0f, -70.0f, 0.1f);
    expect_figures(&s, alone);
    for (int i = 0; i < 30; i++)
        take(&s, &now, -28.0f, -25.0f, -30.0f, 0.9f);
    expect_figures(&s, alone);
    for (int i = 0; i < 30; i++)
        take(&s, &now, -28.0f, -80.0f, -29.0f, 0.9f);
    expect_figures(&s, alone);
    /* With the engine linear nothing tells. */
    for (int i = 0; i < 12; i++)
        take(&s, &now, -30.0f, -25.0f, -50.0f, -1.0f);
    expect_figures(&s, "echo 20 dB lower, delay 72 ms, clock drift -12 ppm");
    s.stage = LIVE_IDLE;
    expect_figures(&s, "");
}

/* How long the far end was heard without an echo. */
static void the_search_is_timed(void **unused)
{
    (void)unused;
    live_state s = {.stage = LIVE_RUNS};
    unecho_stats stats = {.far_active_seconds = 6.0f};
    live_state_take(&s, &stats, 1.0);
    stats.far_active_seconds = 16.0f;
    live_state_take(&s, &stats, 2.0);
    assert_float_equal(s.far_seconds, 16.0, 1e-6);
    stats.far_active_seconds = 1.0f; /* the canceller began anew */
    live_state_take(&s, &stats, 3.0);
    assert_float_equal(s.far_seconds, 0.0, 0.0);
    stats.far_active_seconds = 4.0f;
    live_state_take(&s, &stats, 4.0);
    assert_float_equal(s.far_seconds, 3.0, 1e-6);
    stats.aligned = 1;
    live_state_take(&s, &stats, 5.0);
    assert_float_equal(s.far_seconds, 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_words),
        cmocka_unit_test(the_echo_is_measured_alone),
        cmocka_unit_test(the_search_is_timed),
    };
    return cmocka_run_group_tests_name("live_words", tests, NULL, NULL);
}
