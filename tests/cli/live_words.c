/* What unecho live says of its state. */
#include "check.h"
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
    says(&s, "the microphone passes unchanged: see the message above");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_words),
    };
    return cmocka_run_group_tests_name("live_words", tests, NULL, NULL);
}
