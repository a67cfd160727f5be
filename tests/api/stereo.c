/*
 * A far end of two channels: both loudspeakers' echoes are cancelled, whatever the channels have in
 * common. With the same on both channels it is a mono far end, to the bit.
 */
#include "check.h"
#include "scene.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 8, COUNT = SECONDS * RATE };

/* Two loudspeakers, each with its own way to the microphone. `far` of the scene is the mean. */
typedef struct stereo_call {
    scene s;
    float *both; /* interleaved */
} stereo_call;

static stereo_call new_call(const float *left, const float *right)
{
    stereo_call c = {new_scene(COUNT), malloc(2 * COUNT * sizeof(float))};
    signal_ rooms[] = {room(0.2, 31), room(0.2, 32)};
    const float *const sides[] = {left, right};
    for (size_t i = 0; i < 2; i++) {
        scene part = new_scene(COUNT);
        memcpy(part.far, sides[i], COUNT * sizeof(float));
        add_echo(&part, &rooms[i], 0, COUNT);
        for (size_t k = 0; k < COUNT; k++) {
            c.s.echo[k] += part.echo[k];
            c.both[2 * k + i] = sides[i][k];
        }
        free_scene(&part);
        free(rooms[i].samples);
    }
    for (size_t k = 0; k < COUNT; k++)
        c.s.far[k] = 0.5f * (left[k] + right[k]);
    add_noise(&c.s, 40.0, 33);
    mix(&c.s);
    return c;
}

static void free_call(stereo_call *c)
{
    free_scene(&c->s);
    free(c->both);
}

static float *talker, *tune, *opposite;

static int set_up(void **unused)
{
    (void)unused;
    talker = malloc(COUNT * sizeof *talker);
    opposite = malloc(COUNT * sizeof *opposite);
    far_speech(talker, COUNT);
    tune = music(COUNT, 0.3f, 34).samples;
    for (size_t i = 0; i < COUNT; i++)
        opposite[i] = -talker[i];
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(talker);
    free(opposite);
    free(tune);
    return 0;
}

static unecho *open_stream(unsigned channels, unecho_engine engine, uint32_t cpu)
{
    unecho_config config;
    unecho_config_init(&config);
    config.far_channels = channels;
    config.engine = engine;
    config.cpu = cpu;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

/* Into c->s.error, without the latency. */
static void cancel(stereo_call *c, const float *far, unsigned channels, unecho_engine engine)
{
    unecho *stream = open_stream(channels, engine, UNECHO_CPU_ALL);
    assert_int_equal(unecho_process_whole(stream, c->s.mic, COUNT, far, COUNT, c->s.error, 0),
                     UNECHO_OK);
    unecho_close(&stream);
}

/* The mean of the channels is nothing at all. */
static void opposite_phase(void **unused)
{
    (void)unused;
    stereo_call c = new_call(talker, opposite);
    for (unecho_engine e = UNECHO_ENGINE_NEURAL; e <= UNECHO_ENGINE_LINEAR_NEURAL; e++) {
        cancel(&c, talker, 1, e);
        const double mono = active_erle_db(c.s.mic, talker, c.s.error, 4 * RATE, COUNT);
        cancel(&c, c.both, 2, e);
        const double stereo = active_erle_db(c.s.mic, talker, c.s.error, 4 * RATE, COUNT);
        print_message("engine %d: ERLE %.1f dB, %.1f dB told one channel\n", (int)e, stereo, mono);
        assert_true(stereo >= mono - 3.0);
    }
    free_call(&c);
}

/* What the mean has of either is not enough. */
static void a_talker_left_and_noise_right(void **unused)
{
    (void)unused;
    signal_ noise = noise_signal(COUNT, 0.3f, 36);
    stereo_call c = new_call(talker, noise.samples);
    cancel(&c, c.s.far, 1, UNECHO_ENGINE_LINEAR);
    const double mean = erle_db(&c.s, 4.0, 8.0);
    cancel(&c, c.both, 2, UNECHO_ENGINE_LINEAR);
    const double both = erle_db(&c.s, 4.0, 8.0);
    print_message("ERLE %.1f dB, %.1f dB by the mean\n", both, mean);
    assert_true(both >= mean + 10.0);
    assert_true(both >= 20.0);
    free_call(&c);
    free(noise.samples);
}

static void a_near_end_over_wide_music(void **unused)
{
    (void)unused;
    float *const left = malloc(COUNT * sizeof *left), *const right = malloc(COUNT * sizeof *right);
    signal_ extra = music(COUNT, 0.15f, 35);
    for (size_t i = 0; i < COUNT; i++) {
        left[i] = tune[i] + extra.samples[i];
        right[i] = tune[i] - extra.samples[i];
    }
    stereo_call c = new_call(left, right);
    add_near(&c.s, 0.0, 5 * RATE, COUNT);
    mix(&c.s);
    const size_t from = 5 * RATE, n = COUNT - from;
    const double before = si_sdr_db(c.s.mic + from, c.s.near + from, n);
    cancel(&c, c.both, 2, UNECHO_ENGINE_LINEAR_NEURAL);
    const double after = si_sdr_db(c.s.error + from, c.s.near + from, n);
    const double kept = power_db(c.s.error + from, n) - power_db(c.s.near + from, n);
    print_message("SI-SDR %.1f dB, %.1f dB before; level of the near end %+.1f dB\n", after, before,
                  kept);
    assert_true(after >= before + 10.0);
    assert_true(kept >= -3.0);
    free_call(&c);
    free(left);
    free(right);
    free(extra.samples);
}

/* Mono as stereo: the same bits and the same account of them. */
static void twice_the_same_channel(void **unused)
{
    (void)unused;
    stereo_call c = new_call(talker, talker);
    float *const mono = malloc(COUNT * sizeof *mono);
    unecho *one = open_stream(1, UNECHO_ENGINE_LINEAR_NEURAL, UNECHO_CPU_ALL);
    unecho *two = open_stream(2, UNECHO_ENGINE_LINEAR_NEURAL, UNECHO_CPU_ALL);
    assert_int_equal(unecho_process(one, c.s.mic, talker, mono, COUNT), UNECHO_OK);
    assert_int_equal(unecho_process(two, c.s.mic, c.both, c.s.error, COUNT), UNECHO_OK);
    assert_memory_equal(c.s.error, mono, COUNT * sizeof *mono);
    unecho_stats a = {.size = sizeof a}, b = {.size = sizeof b};
    assert_int_equal(unecho_get_stats(one, &a), UNECHO_OK);
    assert_int_equal(unecho_get_stats(two, &b), UNECHO_OK);
    assert_true(a.delay_ms == b.delay_ms && a.linear_erle_db == b.linear_erle_db &&
                a.far_db == b.far_db);
    unecho_close(&one);
    unecho_close(&two);
    free_call(&c);
    free(mono);
}

/* Whatever the chunks, beside other streams, and with every kernel set. */
static void the_same_bits(void **unused)
{
    (void)unused;
    enum { LENGTH = 3 * RATE };
    static const size_t chunks[] = {1, 129, 1000, LENGTH};
    const unecho_engine engine = UNECHO_ENGINE_LINEAR_NEURAL;
    stereo_call c = new_call(talker, tune);
    float *const out = malloc(LENGTH * sizeof *out), *const other = malloc(LENGTH * sizeof *other);
    const uint32_t sets[] = {UNECHO_CPU_ALL, UNECHO_CPU_AVX2, UNECHO_CPU_PLAIN};
    unecho *streams[] = {open_stream(1, engine, UNECHO_CPU_ALL),
                         open_stream(2, engine, UNECHO_CPU_ALL)};
    const float *const mics[] = {c.s.mic, c.s.mic}, *const fars[] = {talker, c.both};
    float *const outs[] = {other, c.s.error};
    assert_int_equal(unecho_process_many(streams, mics, fars, outs, 2, LENGTH), UNECHO_OK);
    unecho_close(&streams[0]);
    unecho_close(&streams[1]);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        for (size_t k = 0; k < sizeof chunks / sizeof *chunks; k++) {
            /* The network in plain C takes its time. */
            if (sets[i] == UNECHO_CPU_PLAIN && chunks[k] != 1000)
                continue;
            unecho *stream = open_stream(2, engine, sets[i]);
            for (size_t at = 0, n; at < LENGTH; at += n) {
                n = LENGTH - at < chunks[k] ? LENGTH - at : chunks[k];
                unecho_process(stream, c.s.mic + at, c.both + 2 * at, out + at, n);
            }
            assert_memory_equal(out, c.s.error, LENGTH * sizeof *out);
            unecho_close(&stream);
        }
    free_call(&c);
    free(out);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opposite_phase),
        cmocka_unit_test(a_talker_left_and_noise_right),
        cmocka_unit_test(a_near_end_over_wide_music),
        cmocka_unit_test(twice_the_same_channel),
        cmocka_unit_test(the_same_bits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
