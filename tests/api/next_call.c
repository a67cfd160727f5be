/*
 * The next call on the same devices, and a whole recording, whose beginning is heard twice: the
 * echo is known from the first word on, and nothing else changes.
 */
#include "check.h"
#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 5 * RATE, SECOND = 3 * RATE, COUNT = FIRST + SECOND };

/* A loudspeaker 100 ms late. After half a second of silence both ends talk at once from FIRST on.
 */
static scene two_calls(uint32_t i)
{
    signal_ h = room(0.2 + 0.1 * (double)i, 41 + i);
    scene s = new_scene(COUNT);
    const size_t late = RATE / 10;
    far_speech(s.far, s.count);
    memset(s.far + FIRST - RATE / 2, 0, RATE / 2 * sizeof *s.far);
    add_echo(&s, &h, 0, COUNT);
    memmove(s.echo + late, s.echo, (COUNT - late) * sizeof *s.echo);
    memset(s.echo, 0, late * sizeof *s.echo);
    add_noise(&s, 40.0, 51 + i);
    near_speech(s.near + FIRST, SECOND);
    mix(&s);
    free(h.samples);
    return s;
}

static unecho *open_stream(const unecho_config *config)
{
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    return stream;
}

static void process(unecho *stream, const float *mic, const float *far, float *out, size_t n)
{
    for (size_t at = 0, part; at < n; at += part) {
        part = n - at < 160 ? n - at : 160;
        assert_int_equal(unecho_process(stream, mic + at, far ? far + at : NULL, out + at, part),
                         UNECHO_OK);
    }
}

/* The second call, with its latency removed, of a stream that may have had the first. */
static void second_call(scene *s, int after_the_first)
{
    unecho *stream = open_stream(NULL);
    const size_t latency = (size_t)unecho_latency(stream);
    if (after_the_first) {
        process(stream, s->mic, s->far, s->error, FIRST);
        assert_int_equal(unecho_next_call(stream), UNECHO_OK);
    }
    process(stream, s->mic + FIRST, s->far + FIRST, s->error, SECOND);
    memmove(s->error, s->error + latency, (SECOND - latency) * sizeof *s->error);
    unecho_close(&stream);
}

static void the_echo_is_known_at_the_first_word(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < 4; i++) {
        scene s = two_calls(i);
        const float *const near = s.near + FIRST;
        const size_t n = RATE;
        second_call(&s, 0);
        const double fresh = si_sdr_db(s.error, near, n);
        second_call(&s, 1);
        const double known = si_sdr_db(s.error, near, n);
        print_message("room %u: the first second has %.1f dB of SI-SDR, without the call before "
                      "%.1f, the microphone %.1f\n",
                      i, known, fresh, si_sdr_db(s.mic + FIRST, near, n));
        /* A quarter of the error. */
        assert_true(known >= fresh + 6.0);
        free_scene(&s);
    }
}

/* The far end alone at first: what a stream needs some time to find is gone at once. */
static void a_whole_recording_is_clean_from_its_beginning(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < 4; i++) {
        scene s = two_calls(i);
        unecho *stream = open_stream(NULL);
        const size_t latency = (size_t)unecho_latency(stream), n = RATE;
        process(stream, s.mic, s.far, s.error, FIRST);
        const double live = power_db(s.mic, n) - power_db(s.error + latency, n);
        assert_int_equal(unecho_process_whole(stream, s.mic, FIRST, s.far, FIRST, s.error, 0),
                         UNECHO_OK);
        const double whole = power_db(s.mic, n) - power_db(s.error, n);
        unecho_stats stats = {.size = sizeof stats};
        assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
        print_message("room %u: the first second falls by %.1f dB, live by %.1f\n", i, whole, live);
        assert_true(whole >= live + 10.0);
        assert_int_equal(stats.frames, FIRST);
        unecho_close(&stream);
        free_scene(&s);
    }
}

/* Nothing is learned from a far end that is silent: the bits are those of a stream. */
static void nothing_is_learned_without_a_far_end(void **unused)
{
    (void)unused;
    scene s = two_calls(0);
    unecho *stream = open_stream(NULL);
    const size_t latency = (size_t)unecho_latency(stream), lag = UNECHO_HOP;
    float *const padded = calloc(FIRST + latency + lag, sizeof *padded);
    float *const out = calloc(FIRST + latency + lag, sizeof *out);
    memcpy(padded + lag, s.near + FIRST, SECOND * sizeof *padded);
    process(stream, padded, NULL, out, FIRST + latency + lag);
    assert_int_equal(unecho_process_whole(stream, padded + lag, FIRST, NULL, 0, s.error, 0),
                     UNECHO_OK);
    assert_memory_equal(s.error, out + lag + latency, FIRST * sizeof *out);
    free(padded);
    free(out);
    unecho_close(&stream);
    free_scene(&s);
}

/* After calls of odd lengths the latency is what it was: without noise reduction a stream with a
 * silent far end passes the microphone. */
static void the_latency_stays(void **unused)
{
    (void)unused;
    enum { N = 2 * RATE + 77 };
    unecho_config config;
    unecho_config_init(&config);
    config.noise_reduction_db = 0;
    unecho *stream = open_stream(&config);
    const size_t latency = (size_t)unecho_latency(stream);
    signal_ x = noise_signal(N, 0.1f, 5);
    float *const out = calloc(N, sizeof *out);
    for (size_t length = 1; length < N; length = 3 * length + 1) {
        process(stream, x.samples, NULL, out, length);
        assert_int_equal(unecho_next_call(stream), UNECHO_OK);
        process(stream, x.samples, NULL, out, N);
        assert_true(max_difference(out + latency, x.samples, N - latency) <= 1e-6f);
        for (size_t i = 0; i < latency; i++)
            assert_true(fabsf(out[i]) <= 1e-6f);
    }
    free(out);
    free(x.samples);
    unecho_close(&stream);
}

static void the_counts_begin_anew(void **unused)
{
    (void)unused;
    scene s = two_calls(1);
    unecho *stream = open_stream(NULL);
    unecho_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    process(stream, s.mic, s.far, s.error, COUNT);
    assert_int_equal(unecho_get_stats(stream, &before), UNECHO_OK);
    assert_int_equal(unecho_next_call(stream), UNECHO_OK);
    assert_int_equal(unecho_get_stats(stream, &after), UNECHO_OK);
    assert_true(before.frames == COUNT && before.aligned && before.near_end_seconds > 0.0f);
    assert_int_equal(after.frames, 0);
    assert_true(after.far_active_seconds == 0.0f && after.near_end_seconds == 0.0f);
    assert_int_equal(after.realignments, 0);
    assert_true(after.aligned);
    assert_true(fabsf(after.delay_ms - before.delay_ms) <= 1.0f);
    unecho_close(&stream);
    free_scene(&s);
}

/* Three calls of a second each, whose far end is pushed, in chunks of any length. */
static void three_calls(const scene *s, const unecho_config *config, uint32_t seed, float *out)
{
    const size_t n = (size_t)config->sample_rate / 100, far_n = (size_t)config->far_rate / 100;
    unecho *stream = open_stream(config);
    for (size_t i = 0; i < 300; i++, out += n) {
        assert_int_equal(unecho_push_far(stream, s->far + i % 100 * far_n, far_n), UNECHO_OK);
        for (size_t at = 0, part; at < n; at += part) {
            part = 1 + random_bits(&seed) % n;
            part = n - at < part ? n - at : part;
            assert_int_equal(
                unecho_process(stream, s->mic + i % 100 * n + at, NULL, out + at, part), UNECHO_OK);
        }
        if (i % 100 == 99)
            assert_int_equal(unecho_next_call(stream), UNECHO_OK);
    }
    unecho_close(&stream);
}

static void chunks_change_nothing(void **unused)
{
    (void)unused;
    static const int rates[][2] = {{16000, 16000}, {44100, 48000}, {48000, 16000}};
    scene s = two_calls(2);
    for (size_t r = 0; r < 3; r++) {
        unecho_config config;
        unecho_config_init(&config);
        config.sample_rate = rates[r][0];
        config.far_rate = rates[r][1];
        config.far_queue_ms = 200;
        const size_t count = 3 * (size_t)config.sample_rate;
        float *const a = calloc(2 * count, sizeof *a), *const b = a + count;
        three_calls(&s, &config, 1, a);
        three_calls(&s, &config, 2, b);
        assert_memory_equal(a, b, count * sizeof *a);
        free(a);
    }
    free_scene(&s);
}

static void no_stream_is_an_error(void **unused)
{
    (void)unused;
    assert_int_equal(unecho_next_call(NULL), UNECHO_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_echo_is_known_at_the_first_word),
        cmocka_unit_test(a_whole_recording_is_clean_from_its_beginning),
        cmocka_unit_test(nothing_is_learned_without_a_far_end),
        cmocka_unit_test(the_latency_stays),
        cmocka_unit_test(the_counts_begin_anew),
        cmocka_unit_test(chunks_change_nothing),
        cmocka_unit_test(no_stream_is_an_error),
    };
    return cmocka_run_group_tests_name("next_call", tests, NULL, NULL);
}
