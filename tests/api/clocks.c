/*
 * Two clocks that run apart for as long as a stream is open. Where a device makes up for that by
 * jumping back, the echo's delay never leaves a narrow range, however far drift compensation has
 * moved the far end by then; and a far end that comes by its own clock has the same delay for ever.
 */
#include "check.h"
#include "scene.h"
#include "transforms.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>

enum { CHUNK = 160, SECONDS = 8, MINUTE = 60 * RATE };

static const double ppm_most = 300.0, delay_ms = 42.5;
/* In a minute of `ppm_most`. */
enum { APART = 18 * RATE / 1000 };

/* A minute of far end, and its echo. */
static signal_ far, mic;

static int set_up(void **unused)
{
    (void)unused;
    signal_ sample = read_sample("far");
    sample.count = SECONDS * RATE;
    far = repeated(&sample, MINUTE + MINUTE / 60);
    mic = room_echo(&far, 0.2, 0.5f, 680, 31);
    add_hiss(&mic, 1e-3f, 32);
    free(sample.samples);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(far.samples);
    free(mic.samples);
    return 0;
}

static unecho *open_stream(unsigned far_queue_ms)
{
    unecho_config config;
    unecho_config_init(&config);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.far_queue_ms = far_queue_ms;
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

static void expect_delay(const unecho *stream, double expected, const char *when, unsigned minute)
{
    const unecho_stats stats = stats_of(stream);
    print_message("%s, minute %u: %.2f ms, expected %.2f, confidence %.2f, ERLE %.1f dB\n", when,
                  minute, (double)stats.delay_ms, expected, (double)stats.confidence,
                  (double)stats.erle_now_db);
    assert_true(stats.aligned && stats.confidence > 0.3f);
    assert_true(fabs((double)stats.delay_ms - expected) <= 1.0);
    assert_true(stats.erle_now_db > 10.0f);
}

/* Nothing of what the clocks have done outlives a reset. */
static void expect_like_new(unecho *stream, const signal_ *played)
{
    float out[CHUNK], expected[CHUNK];
    unecho *fresh = open_stream(0);
    assert_int_equal(unecho_reset(stream), UNECHO_OK);
    for (size_t i = 0; i < SECONDS * RATE; i += CHUNK) {
        const float *const m = mic.samples + i, *const f = played->samples + i;
        assert_int_equal(unecho_process(stream, m, f, out, CHUNK), UNECHO_OK);
        assert_int_equal(unecho_process(fresh, m, f, expected, CHUNK), UNECHO_OK);
        assert_memory_equal(out, expected, sizeof out);
    }
    assert_true(stats_of(stream).delay_ms == stats_of(fresh).delay_ms);
    unecho_close(&fresh);
}

/* Every minute the far end is 18 ms further from its echo, or nearer, and jumps back. After three
 * the far end has been moved by more than the delay. */
static void a_device_that_drifts_and_jumps_back(void **unused)
{
    (void)unused;
    float out[CHUNK];
    for (int sign = -1; sign <= 1; sign += 2) {
        const double ppm = sign * ppm_most;
        signal_ played = recorded_by(&far, ppm);
        unecho *stream = open_stream(0);
        for (unsigned minute = 1; minute <= 4; minute++) {
            for (size_t i = 0; i < MINUTE; i += CHUNK)
                assert_int_equal(
                    unecho_process(stream, mic.samples + i, played.samples + i, out, CHUNK),
                    UNECHO_OK);
            expect_delay(stream, delay_ms - sign * 1000.0 * (double)APART / (double)RATE, "apart",
                         minute);
        }
        expect_like_new(stream, &played);
        unecho_close(&stream);
        free(played.samples);
    }
}

/* The queue takes as much as the far end's clock gives. */
static void a_far_end_by_its_own_clock(void **unused)
{
    (void)unused;
    float out[CHUNK];
    for (int sign = -1; sign <= 1; sign += 2) {
        const double ppm = sign * ppm_most;
        signal_ played = recorded_by(&far, ppm);
        unecho *stream = open_stream(100);
        size_t pushed = 0;
        for (size_t i = 0; i < MINUTE; i += CHUNK) {
            const size_t until = (size_t)((double)(i + CHUNK) * (1.0 + 1e-6 * ppm));
            assert_int_equal(unecho_push_far(stream, played.samples + pushed, until - pushed),
                             UNECHO_OK);
            assert_int_equal(unecho_process(stream, mic.samples + i, NULL, out, CHUNK), UNECHO_OK);
            pushed = until;
        }
        expect_delay(stream, delay_ms, "pushed", 1);
        unecho_close(&stream);
        free(played.samples);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_that_drifts_and_jumps_back),
        cmocka_unit_test(a_far_end_by_its_own_clock),
    };
    return cmocka_run_group_tests_name("clocks", tests, set_up, tear_down);
}
