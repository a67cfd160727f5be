/*
 * Delays are found, steps and drift are followed, and nothing moves where there is nothing to find.
 * The study behind docs/alignment.md (bench/alignment.c) measures how well; this test checks what
 * is promised.
 */
#include "check.h"
#include "scene.h"
#include "transforms.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128, LENGTH = 8 * RATE };

/* Only the far end talks; its echo arrives 40 samples later. */
static signal_ far, mic;
static const double direct_ms = 2.5;

static int set_up(void **unused)
{
    (void)unused;
    far = read_sample("far");
    far.count = LENGTH;
    mic = room_echo(&far, 0.3, 0.5f, 40, 31);
    add_hiss(&mic, 1e-3f, 32);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(far.samples);
    free(mic.samples);
    return 0;
}

static unecho *open_engine(unecho_engine engine, unecho_align align, double delay_ms, unsigned late)
{
    unecho_config config;
    unecho_config_init(&config);
    config.engine = engine;
    config.align = align;
    config.delay_ms = delay_ms;
    config.reference_late_ms = late;
    config.precision = UNECHO_PRECISION_INT8;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

static unecho *open_stream(unecho_align align, double delay_ms, unsigned late)
{
    return open_engine(UNECHO_ENGINE_LINEAR_NEURAL, align, delay_ms, late);
}

static unecho_stats stats_of(const unecho *stream)
{
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    return stats;
}

/* Processes samples from..to, with the output to out + from. */
static void pass(unecho *stream, const signal_ *m, const signal_ *f, float *out, size_t from,
                 size_t to)
{
    for (size_t i = from; i < to; i += CHUNK) {
        const size_t n = to - i < CHUNK ? to - i : CHUNK;
        assert_int_equal(unecho_process(stream, m->samples + i, f->samples + i, out + i, n),
                         UNECHO_OK);
    }
}

/* Seconds of active far end in from..to. */
static double active(const signal_ *f, size_t from, size_t to)
{
    size_t hops = 0;
    for (size_t i = from; i + CHUNK <= to; i += CHUNK)
        hops += power_db(f->samples + i, CHUNK) > -50.0;
    return (double)hops * (double)CHUNK / (double)RATE;
}

/* ---- What is found ----------------------------------------------------------------------------
 */

static void delays(void **unused)
{
    (void)unused;
    static const double added[] = {-150, -20, 0, 3, 40, 120, 300, 600, 950};
    for (size_t d = 0; d < sizeof added / sizeof *added; d++) {
        const long shift = (long)(added[d] * (double)RATE / 1000);
        signal_ m = delayed(&mic, shift > 0 ? shift : 0), f = delayed(&far, shift < 0 ? -shift : 0);
        float *const out = calloc(LENGTH, sizeof *out);
        unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, added[d] < 0 ? 200 : 0);
        size_t found = 0;
        for (size_t i = 0; i < LENGTH && !found; i += CHUNK) {
            pass(stream, &m, &f, out, i, i + CHUNK);
            found = stats_of(stream).aligned ? i : 0;
        }
        const unecho_stats stats = stats_of(stream);
        const double error = (double)stats.delay_ms - direct_ms - added[d];
        print_message("%+.0f ms: found after %.2f s of far end, %.3f ms off\n", added[d],
                      active(&f, 0, found), error);
        assert_true(stats.aligned);
        assert_true(active(&f, 0, found) <= 2.0);
        assert_true(fabs(error) <= 1.0);
        assert_true(stats.confidence > 0.3f && stats.confidence <= 1.0f);
        unecho_close(&stream);
        free(m.samples);
        free(f.samples);
        free(out);
    }
}

/* Nothing but the level of the microphone differs: not when the delay is found, nor how surely. */
static void quiet_microphones(void **unused)
{
    (void)unused;
    signal_ m = delayed(&mic, 300 * RATE / 1000);
    float *const out = calloc(LENGTH, sizeof *out);
    size_t first = 0;
    for (int db = 0; db >= -40; db -= 10) {
        const float gain = (float)pow(10.0, db / 20.0);
        signal_ quiet = delayed(&m, 0);
        for (size_t i = 0; i < quiet.count; i++)
            quiet.samples[i] *= gain;
        unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 0);
        size_t found = 0;
        for (size_t i = 0; i < LENGTH && !found; i += CHUNK) {
            pass(stream, &quiet, &far, out, i, i + CHUNK);
            found = stats_of(stream).aligned ? i : 0;
        }
        first = db == 0 ? found : first;
        const unecho_stats stats = stats_of(stream);
        print_message("%d dB: found after %.2f s of far end, confidence %.2f\n", db,
                      active(&far, 0, found), (double)stats.confidence);
        assert_true(found > 0 && found == first);
        assert_true(stats.confidence > 0.3f);
        unecho_close(&stream);
        free(quiet.samples);
    }
    free(m.samples);
    free(out);
}

/* ERLE of the linear canceller alone between two seconds, and what the stream has found. */
static double linear_erle(const signal_ *m, unecho_align align, double delay_ms, double from,
                          double to, unecho_stats *stats)
{
    float *const out = calloc(LENGTH, sizeof *out);
    unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, align, delay_ms, 0);
    pass(stream, m, &far, out, 0, LENGTH);
    *stats = stats_of(stream);
    const double erle = active_erle_db(m->samples, far.samples, out, (size_t)(from * (double)RATE),
                                       (size_t)(to * (double)RATE));
    unecho_close(&stream);
    free(out);
    return erle;
}

/*
 * An echo within the filter's reach is cancelled before its delay is found, and the move costs
 * nothing: the filter is as good after it as that of a pair that nobody moves.
 */
static void cancels_before_it_is_found(void **unused)
{
    (void)unused;
    signal_ m = delayed(&mic, 80 * RATE / 1000);
    unecho_stats stats, still;
    const double at_once = linear_erle(&m, UNECHO_ALIGN_AUTO, 0.0, 0.3, 1.2, &stats);
    const double later = linear_erle(&m, UNECHO_ALIGN_AUTO, 0.0, 1.2, 3.0, &stats);
    const double unmoved = linear_erle(&m, UNECHO_ALIGN_OFF, 0.0, 1.2, 3.0, &still);
    print_message("80 ms: ERLE %.1f dB up to 1.2 s, %.1f dB up to 3 s, %.1f dB unmoved\n", at_once,
                  later, unmoved);
    assert_int_equal(stats.realignments, 1);
    assert_true(at_once >= 6.0);
    assert_true(later >= unmoved - 1.0);
    free(m.samples);
}

/* The far end through a response: pulses of a gain, at a delay in ms. */
typedef struct pulse {
    double ms, gain;
} pulse;

static signal_ through(const pulse *pulses, size_t count)
{
    signal_ m = {calloc(LENGTH, sizeof(float)), LENGTH};
    for (size_t i = 0; i < count; i++) {
        signal_ part = delayed(&far, (long)(pulses[i].ms * (double)RATE / 1000));
        add_to(&m, &part, (float)pulses[i].gain);
        free(part.samples);
    }
    add_hiss(&m, 3e-4f, 33);
    return m;
}

/* A response that rises for 16 ms before its peak is not cut off, found or told. */
static void a_room_that_rises_slowly(void **unused)
{
    (void)unused;
    static const pulse rising[] = {{184, 0.15}, {187, -0.2}, {190, 0.25},
                                   {194, -0.3}, {197, 0.3},  {200, 0.45}};
    signal_ m = through(rising, sizeof rising / sizeof *rising);
    unecho_stats found, told;
    const double by_itself = linear_erle(&m, UNECHO_ALIGN_AUTO, 0.0, 4.0, 8.0, &found);
    const double as_told = linear_erle(&m, UNECHO_ALIGN_FIXED, 200.0, 4.0, 8.0, &told);
    print_message("found %.1f ms: ERLE %.1f dB; told 200 ms: %.1f dB\n", (double)found.delay_ms,
                  by_itself, as_told);
    assert_true(by_itself >= 20.0 && as_told >= 20.0);
    free(m.samples);
}

/* Reflections as loud as each other are no reason to doubt. */
static void several_peaks(void **unused)
{
    (void)unused;
    static const pulse equal[] = {{300, 0.3}, {308, -0.3}, {317, 0.3}, {325, 0.3}};
    signal_ m = through(equal, sizeof equal / sizeof *equal);
    unecho_stats stats;
    const double erle = linear_erle(&m, UNECHO_ALIGN_AUTO, 0.0, 4.0, 8.0, &stats);
    print_message("found %.1f ms, ERLE %.1f dB\n", (double)stats.delay_ms, erle);
    assert_true(stats.aligned && stats.delay_ms > 299.0f && stats.delay_ms < 326.0f);
    assert_true(erle >= 20.0);
    free(m.samples);
}

/*
 * Once the delay is found, the output of a pair recorded apart is as good as that of one that was
 * not; without alignment it is not.
 */
static void echo_is_gone_then(void **unused)
{
    (void)unused;
    signal_ m = delayed(&mic, 600 * RATE / 1000), heard = delayed(&far, 600 * RATE / 1000);
    double erle[2];
    for (int align = 0; align < 2; align++) {
        float *const out = calloc(LENGTH + 512, sizeof *out);
        unecho *stream = open_stream(align ? UNECHO_ALIGN_AUTO : UNECHO_ALIGN_OFF, 0.0, 0);
        pass(stream, &m, &far, out, 0, LENGTH);
        erle[align] = active_erle_db(m.samples, heard.samples, out + 512, 4 * RATE, LENGTH - 512);
        unecho_close(&stream);
        free(out);
    }
    print_message("600 ms apart: ERLE %.1f dB, %.1f dB with alignment\n", erle[0], erle[1]);
    assert_true(erle[1] > erle[0] + 15.0 && erle[1] > 25.0);
    free(m.samples);
    free(heard.samples);
}

static void step(void **unused)
{
    (void)unused;
    signal_ m = repeated(&mic, 2 * LENGTH), f = repeated(&far, 2 * LENGTH);
    signal_ before = delayed(&m, 1600), after = delayed(&m, 1600 + 1280);
    memcpy(after.samples, before.samples, LENGTH * sizeof(float));
    float *const out = calloc(2 * LENGTH, sizeof *out);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
    pass(stream, &after, &f, out, 0, LENGTH);
    assert_true(fabs((double)stats_of(stream).delay_ms - direct_ms - 100.0) <= 1.0);
    size_t found = 0;
    for (size_t i = LENGTH; i < 2 * LENGTH && !found; i += CHUNK) {
        pass(stream, &after, &f, out, i, i + CHUNK);
        found = fabs((double)stats_of(stream).delay_ms - direct_ms - 180.0) <= 1.0 ? i : 0;
    }
    print_message("a step of 80 ms: followed after %.2f s of far end\n", active(&f, LENGTH, found));
    assert_true(found > 0 && active(&f, LENGTH, found) <= 1.2);
    assert_int_equal(stats_of(stream).realignments, 2);
    unecho_close(&stream);
    free(m.samples);
    free(f.samples);
    free(before.samples);
    free(after.samples);
    free(out);
}

/*
 * Samples are lost on one side, and nobody says so: the echo is another one by so much from one
 * sample to the next, as each second in turn. The filter is carried over before it has unlearnt the
 * room: from 0.4 s on there is as little echo as if it had always been there.
 */
static void lost_samples(void **unused)
{
    (void)unused;
    static const double milliseconds[] = {1, -3, 10, -20, 60, -100};
    for (size_t k = 0; k < sizeof milliseconds / sizeof *milliseconds; k++) {
        const long by = (long)(milliseconds[k] * (double)RATE / 1000);
        signal_ before = delayed(&mic, 3200), after = delayed(&mic, 3200 + by);
        memcpy(after.samples, before.samples, LENGTH / 2 * sizeof(float));
        float *const out = calloc(LENGTH, sizeof *out);
        unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 0);
        pass(stream, &after, &far, out, 0, LENGTH);
        const size_t from = LENGTH / 2 + 4 * RATE / 10;
        const double erle = active_erle_db(after.samples, far.samples, out, from, from + RATE);
        const unecho_stats stats = stats_of(stream);
        print_message("%+.0f ms: ERLE %.1f dB, found %.1f ms\n", milliseconds[k], erle,
                      (double)stats.delay_ms);
        assert_true(erle >= 25.0);
        assert_true(fabs((double)stats.delay_ms - direct_ms - 200.0 - milliseconds[k]) <= 1.0);
        assert_true(stats.drift_ppm == 0.0f);
        unecho_close(&stream);
        free(before.samples);
        free(after.samples);
        free(out);
    }
}

/*
 * Two loudspeakers, one 200 ms after the other and hardly fainter: where the far end pauses only
 * the later one is still heard, and now and then it is the louder one. The far end stays at the
 * first.
 */
static void two_loudspeakers(void **unused)
{
    (void)unused;
    signal_ f = repeated(&far, 3 * LENGTH);
    for (size_t i = 0; i < f.count; i++)
        if (i % (5 * RATE) > 4 * RATE)
            f.samples[i] = 0.0f;
    signal_ echo = room_echo(&f, 0.3, 0.5f, 40, 34);
    signal_ m = delayed(&echo, 800), second = delayed(&echo, 800 + 3200);
    add_to(&m, &second, -0.7f);
    add_hiss(&m, 3e-4f, 35);
    float *const out = calloc(m.count, sizeof *out);
    unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 0);
    pass(stream, &m, &f, out, 0, m.count);
    const double erle = active_erle_db(m.samples, f.samples, out, LENGTH, m.count);
    print_message("ERLE %.1f dB, %u realignments\n", erle, (unsigned)stats_of(stream).realignments);
    assert_true(erle >= 15.0);
    assert_true(stats_of(stream).realignments <= 2);
    unecho_close(&stream);
    free(f.samples);
    free(echo.samples);
    free(m.samples);
    free(second.samples);
    free(out);
}

/*
 * A far end that is heard from the earpiece, then, 26 dB louder, from a loudspeaker, then from one
 * that comes later, then from the former: found within two seconds each time.
 */
static void other_devices(void **unused)
{
    (void)unused;
    enum { PART = 4 * RATE, PARTS = 4 };
    static const struct {
        float gain;
        long delay;
    } devices[PARTS] = {{0.05f, 320}, {1.0f, 320}, {0.6f, 4800}, {1.0f, 320}};
    signal_ f = repeated(&far, PARTS * PART), echo = repeated(&mic, PARTS * PART);
    signal_ m = delayed(&f, (long)f.count);
    for (size_t i = 0; i < PARTS; i++) {
        signal_ heard = delayed(&echo, devices[i].delay);
        for (size_t k = i * PART; k < (i + 1) * PART; k++)
            m.samples[k] = devices[i].gain * heard.samples[k];
        free(heard.samples);
    }
    add_hiss(&m, 3e-4f, 33);
    float *const out = calloc(PARTS * PART, sizeof *out);
    unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 0);
    for (size_t i = 0; i < PARTS; i++) {
        pass(stream, &m, &f, out, i * PART, i * PART + PART / 2);
        const double delay = (double)devices[i].delay * 1000.0 / (double)RATE + direct_ms;
        print_message("device %zu: %.1f ms, %.1f ms found\n", i, delay,
                      (double)stats_of(stream).delay_ms);
        assert_true(fabs((double)stats_of(stream).delay_ms - delay) <= 1.0);
        pass(stream, &m, &f, out, i * PART + PART / 2, (i + 1) * PART);
    }
    unecho_close(&stream);
    free(f.samples);
    free(echo.samples);
    free(m.samples);
    free(out);
}

/*
 * Two clocks that differ by 300 ppm for a minute: the delay stays known within a millisecond
 * although the streams have moved apart by 18 ms.
 */
static void drift(void **state)
{
    const double ppm = *(const double *)*state;
    signal_ m = repeated(&mic, 60 * RATE), f = repeated(&far, 60 * RATE);
    signal_ late = delayed(&m, 100 * RATE / 1000), played = recorded_by(&f, ppm);
    float *const out = calloc(60 * RATE, sizeof *out);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
    double worst = 0.0;
    for (size_t i = 0; i < 60 * RATE; i += RATE) {
        pass(stream, &late, &played, out, i, i + RATE);
        const unecho_stats stats = stats_of(stream);
        const double expected = direct_ms + 100.0 - 1e-3 * ppm * (double)(i + RATE) / (double)RATE;
        const double error = fabs((double)stats.delay_ms - expected);
        if (i >= 5 * RATE)
            worst = fmax(worst, error);
    }
    const unecho_stats stats = stats_of(stream);
    print_message("%+.0f ppm: found %.1f ppm, delay at most %.3f ms off, %u moves\n", ppm,
                  (double)stats.drift_ppm, worst, stats.realignments);
    assert_true(worst <= 1.0);
    assert_true(fabs((double)stats.drift_ppm - ppm) <= 10.0);
    assert_int_equal(stats.realignments, 1);
    unecho_close(&stream);
    free(m.samples);
    free(f.samples);
    free(late.samples);
    free(played.samples);
    free(out);
}

/* ERLE of the linear canceller from 20 s on in a minute of two clocks 100 ppm apart, or of one. */
static double erle_of_clocks(const signal_ *f, const signal_ *echo, double ppm, unecho_stats *stats)
{
    signal_ played = recorded_by(f, ppm);
    float *const out = calloc(echo->count, sizeof *out);
    unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 0);
    pass(stream, echo, &played, out, 0, echo->count);
    *stats = stats_of(stream);
    const double erle = active_erle_db(echo->samples, f->samples, out, 20 * RATE, echo->count);
    unecho_close(&stream);
    free(played.samples);
    free(out);
    return erle;
}

/* Drift is known after ten seconds, and from then on costs nothing; where the far end talks for
 * 2.5 s of every 8 s it is known in the end, though most of it happens in the pauses. */
static void drift_costs_little(void **unused)
{
    (void)unused;
    signal_ f = repeated(&far, 60 * RATE);
    for (int pauses = 0; pauses <= 1; pauses++) {
        const double ppm = pauses ? -100.0 : 100.0;
        for (size_t i = 0; pauses && i < f.count; i++)
            f.samples[i] = i % (8 * RATE) < 5 * RATE / 2 ? f.samples[i] : 0.0f;
        unecho_stats one, two;
        signal_ echo = room_echo(&f, 0.1, 0.5f, 1640, 31);
        add_hiss(&echo, 1e-3f, 32);
        const double alone = erle_of_clocks(&f, &echo, 0.0, &one);
        const double apart = erle_of_clocks(&f, &echo, ppm, &two);
        free(echo.samples);
        print_message("%+.0f ppm%s: found %.1f ppm, ERLE %.1f dB, %.1f dB without drift\n", ppm,
                      pauses ? ", with pauses" : "", (double)two.drift_ppm, apart, alone);
        assert_true(fabs((double)two.drift_ppm - ppm) <= 10.0);
        assert_true(pauses || apart >= alone - 3.0);
        assert_true(one.drift_ppm == 0.0f);
    }
    free(f.samples);
}

/* Another reflection is the loudest from 6 s on, 1.5 ms later: no clock has drifted. */
static void a_changed_path_is_no_drift(void **unused)
{
    (void)unused;
    static const pulse first[] = {{40, 0.5}, {41.5, 0.2}}, second[] = {{40, 0.2}, {41.5, 0.5}};
    signal_ before = through(first, 2), after = through(second, 2);
    signal_ m = repeated(&before, 3 * LENGTH), f = repeated(&far, 3 * LENGTH);
    signal_ changed = repeated(&after, 3 * LENGTH);
    memcpy(m.samples + 6 * RATE, changed.samples + 6 * RATE,
           (3 * LENGTH - 6 * RATE) * sizeof(float));
    float *const out = calloc(3 * LENGTH, sizeof *out);
    unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 0);
    double worst = 0.0;
    for (size_t i = 0; i < 3 * LENGTH; i += RATE / 4) {
        pass(stream, &m, &f, out, i, i + RATE / 4);
        worst = fmax(worst, fabs((double)stats_of(stream).drift_ppm));
    }
    print_message("drift at worst %.1f ppm, delay %.1f ms\n", worst,
                  (double)stats_of(stream).delay_ms);
    assert_true(worst <= 5.0);
    assert_true(fabs((double)stats_of(stream).delay_ms - 41.5) <= 0.5);
    unecho_close(&stream);
    free(before.samples);
    free(after.samples);
    free(m.samples);
    free(f.samples);
    free(changed.samples);
    free(out);
}

/* ---- What is left alone ------------------------------------------------------------------------
 */

/* A pair with a delay that the network can handle: the same bits as without alignment. */
static void aligned_pair_is_left_alone(void **unused)
{
    (void)unused;
    float *const out = calloc(LENGTH, sizeof *out), *const as = calloc(LENGTH, sizeof *as);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
    pass(stream, &mic, &far, out, 0, LENGTH);
    const unecho_stats stats = stats_of(stream);
    assert_true(stats.aligned && stats.realignments == 0);
    assert_true(fabs((double)stats.delay_ms - direct_ms) <= 0.1);
    unecho_close(&stream);
    stream = open_stream(UNECHO_ALIGN_OFF, 0.0, 0);
    pass(stream, &mic, &far, as, 0, LENGTH);
    assert_memory_equal(out, as, LENGTH * sizeof *out);
    unecho_close(&stream);
    free(out);
    free(as);
}

static void nothing_to_be_found(void **unused)
{
    (void)unused;
    signal_ once = read_sample("near"), near = repeated(&once, LENGTH * 2);
    signal_ chords = music(near.count, 0.3f, 5), hiss = delayed(&chords, (long)near.count);
    add_hiss(&hiss, 0.1f, 6);
    signal_ talker = repeated(&far, near.count);
    const signal_ *const others[] = {&chords, &hiss, &talker};
    static const char *const names[] = {"music", "noise", "another talker"};
    float *const out = calloc(near.count, sizeof *out);
    for (size_t i = 0; i < 3; i++) {
        unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0.0, 0);
        pass(stream, &near, others[i], out, 0, near.count);
        const unecho_stats stats = stats_of(stream);
        if (stats.aligned || stats.realignments > 0)
            fail_msg("%s: found an echo %.1f ms behind", names[i], (double)stats.delay_ms);
        unecho_close(&stream);
    }
    free(once.samples);
    free(near.samples);
    free(chords.samples);
    free(hiss.samples);
    free(talker.samples);
    free(out);
}

/* The user's own voice comes back in the far end, later than in the microphone; where the far end
 * talks the microphone is silent. The user stays. */
static void own_voice_in_the_far_end(void **unused)
{
    (void)unused;
    enum { TALK = 6 * RATE, ALL = 14 * RATE };
    static const struct {
        float gain;
        long delay;
    } ways[] = {{0.1f, 640}, {0.3f, 640}, {1.0f, 1920}};
    signal_ user = {calloc(ALL, sizeof(float)), ALL}, other = delayed(&user, 0);
    far_speech(other.samples, TALK);
    near_speech(user.samples + TALK, ALL - TALK);
    signal_ m = delayed(&user, 0);
    add_hiss(&m, 3e-4f, 34);
    float *const out = calloc(ALL, sizeof *out);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        signal_ f = delayed(&other, 0), own = delayed(&user, ways[i].delay);
        add_to(&f, &own, ways[i].gain);
        unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 200);
        pass(stream, &m, &f, out, 0, ALL);
        /* The stream waits 200 ms for the far end. */
        const size_t late = (size_t)unecho_latency(stream), n = ALL - TALK - late;
        const double gain = power_db(out + TALK + late, n) - power_db(m.samples + TALK, n);
        print_message("own voice %.0f dB, %.0f ms late: %.2f dB of it left\n",
                      20.0 * log10((double)ways[i].gain),
                      (double)ways[i].delay * 1000 / (double)RATE, gain);
        assert_true(gain >= -1.0);
        unecho_close(&stream);
        free(f.samples);
        free(own.samples);
    }
    free(user.samples);
    free(other.samples);
    free(m.samples);
    free(out);
}

/* The same after an echo that the filter has learnt: the room's response has not moved to the own
 * voice. */
static void own_voice_after_an_echo(void **unused)
{
    (void)unused;
    enum { TALK = 6 * RATE, ALL = 14 * RATE };
    signal_ user = {calloc(ALL, sizeof(float)), ALL}, other = delayed(&user, 0);
    far_speech(other.samples, TALK);
    near_speech(user.samples + TALK, ALL - TALK);
    signal_ own = delayed(&user, 640), f = delayed(&other, 0);
    add_to(&f, &own, 0.1f);
    signal_ m = room_echo(&f, 0.3, 0.5f, 640, 35);
    add_to(&m, &user, 1.0f);
    add_hiss(&m, 3e-4f, 36);
    float *const out = calloc(ALL, sizeof *out);
    unecho *stream = open_engine(UNECHO_ENGINE_LINEAR, UNECHO_ALIGN_AUTO, 0.0, 200);
    pass(stream, &m, &f, out, 0, ALL);
    const size_t late = (size_t)unecho_latency(stream), n = ALL - TALK - late;
    const double gain = power_db(out + TALK + late, n) - power_db(m.samples + TALK, n);
    print_message("own voice after an echo: %.2f dB of it left, %u moves\n", gain,
                  (unsigned)stats_of(stream).realignments);
    assert_true(gain >= -1.0);
    unecho_close(&stream);
    free(user.samples);
    free(other.samples);
    free(own.samples);
    free(f.samples);
    free(m.samples);
    free(out);
}

/* The delay that is set is the delay that is used: as if the far end had been recorded later, up to
 * 24 ms before its echo. */
static void fixed_delay(void **unused)
{
    (void)unused;
    signal_ moved = delayed(&far, 800 - 384);
    float *const out = calloc(LENGTH, sizeof *out), *const as = calloc(LENGTH, sizeof *as);
    unecho *stream = open_stream(UNECHO_ALIGN_FIXED, 50.0, 0);
    pass(stream, &mic, &far, out, 0, LENGTH);
    const unecho_stats stats = stats_of(stream);
    assert_true(stats.aligned && fabsf(stats.delay_ms - 50.0f) < 1e-3f);
    unecho_close(&stream);
    stream = open_stream(UNECHO_ALIGN_OFF, 0.0, 0);
    pass(stream, &mic, &moved, as, 0, LENGTH);
    assert_memory_equal(out, as, LENGTH * sizeof *out);
    unecho_close(&stream);
    free(moved.samples);
    free(out);
    free(as);
}

int main(void)
{
    static double slow = -300.0, fast = 300.0, little = 20.0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays),
        cmocka_unit_test(quiet_microphones),
        cmocka_unit_test(cancels_before_it_is_found),
        cmocka_unit_test(a_room_that_rises_slowly),
        cmocka_unit_test(several_peaks),
        cmocka_unit_test(echo_is_gone_then),
        cmocka_unit_test(step),
        cmocka_unit_test(lost_samples),
        cmocka_unit_test(two_loudspeakers),
        cmocka_unit_test(other_devices),
        {"drift -300 ppm", drift, NULL, NULL, &slow},
        {"drift +300 ppm", drift, NULL, NULL, &fast},
        {"drift +20 ppm", drift, NULL, NULL, &little},
        cmocka_unit_test(drift_costs_little),
        cmocka_unit_test(a_changed_path_is_no_drift),
        cmocka_unit_test(aligned_pair_is_left_alone),
        cmocka_unit_test(nothing_to_be_found),
        cmocka_unit_test(own_voice_in_the_far_end),
        cmocka_unit_test(own_voice_after_an_echo),
        cmocka_unit_test(fixed_delay),
    };
    return cmocka_run_group_tests_name("alignment", tests, set_up, tear_down);
}
