/*
 * A far end that arrives separately from the microphone: early, late, in bursts, at another rate,
 * or not at all for a while; a microphone that stalls; and what unecho_notify_gap repairs at once.
 */
#include "check.h"
#include "rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000, LENGTH = 12 * RATE, CHUNK = 160 };

static signal_ mic, far; /* only the far end talks; the echo lags by 122 ms */

static int set_up(void **unused)
{
    (void)unused;
    enum { LATER = 1600, TALK = 8 * RATE, FROM = 10000 };
    const signal_ m = read_sample("mic"), f = read_sample("far");
    mic = (signal_){calloc(LENGTH, sizeof(float)), LENGTH};
    far = (signal_){calloc(LENGTH, sizeof(float)), LENGTH};
    for (size_t i = 0; i < LENGTH; i++)
        far.samples[i] = f.samples[FROM + i % TALK];
    for (size_t i = LATER; i < LENGTH; i++)
        mic.samples[i] = m.samples[FROM + (i - LATER) % TALK];
    free(m.samples);
    free(f.samples);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    return 0;
}

static unecho_config pushed_config(unecho_align align, unsigned queue_ms)
{
    unecho_config config;
    unecho_config_init(&config);
    config.far_queue_ms = queue_ms;
    config.align = align;
    config.delay_ms = 118.0;
    return config;
}

/* What sits between sound card and stream. Frame numbers count true time. */
typedef struct card {
    size_t mic_at, far_at;
} card;

static void push(unecho *stream, card *c, size_t until)
{
    if (until <= c->far_at)
        return;
    assert_int_equal(unecho_push_far(stream, far.samples + c->far_at, until - c->far_at),
                     UNECHO_OK);
    c->far_at = until;
}

static void hear(unecho *stream, card *c, float *out, size_t n)
{
    assert_int_equal(unecho_process(stream, mic.samples + c->mic_at, NULL, out + c->mic_at, n),
                     UNECHO_OK);
    c->mic_at += n;
}

/* Both in step from where they are. */
static void go_on(unecho *stream, card *c, float *out, size_t until)
{
    while (c->mic_at + CHUNK <= until) {
        push(stream, c, c->mic_at + CHUNK);
        hear(stream, c, out, CHUNK);
    }
}

/*
 * Over frames from..to of the microphone's time, at most 30 dB: beyond that the figure depends on
 * what the network remembers, not on whether the two ends are aligned.
 */
static double erle(const float *out, double from, double to)
{
    const size_t first = (size_t)(from * (double)RATE), n = (size_t)((to - from) * (double)RATE);
    return fmin(power_db(mic.samples + first, n) - power_db(out + first + 512, n), 30.0);
}

static float *steady(const unecho_config *config)
{
    float *const out = calloc(LENGTH, sizeof *out);
    unecho *stream = open_with(config);
    card c = {0};
    go_on(stream, &c, out, LENGTH);
    unecho_close(&stream);
    return out;
}

/* Pushed or passed with the microphone: the same bits. */
static void as_brought_along(void **unused)
{
    (void)unused;
    static const int rates[] = {16000, 44100, 48000};
    for (size_t r = 0; r < 3; r++) {
        const signal_ m = resampled(&mic, RATE, rates[r]), f = resampled(&far, RATE, rates[r]);
        const size_t n = 4 * (size_t)rates[r];
        float *const a = malloc(n * sizeof *a), *const b = malloc(n * sizeof *b);
        unecho_config config;
        unecho_config_init(&config);
        config.sample_rate = rates[r];
        unecho *along = open_with(&config);
        config.far_queue_ms = 100;
        unecho *apart = open_with(&config);
        for (size_t i = 0, count; i < n; i += count) {
            count = n - i < 441 ? n - i : 441;
            assert_int_equal(unecho_process(along, m.samples + i, f.samples + i, a + i, count), 0);
            assert_int_equal(unecho_push_far(apart, f.samples + i, count), 0);
            assert_int_equal(unecho_process(apart, m.samples + i, NULL, b + i, count), 0);
        }
        assert_memory_equal(a, b, n * sizeof *a);
        unecho_close(&along);
        unecho_close(&apart);
        free(m.samples);
        free(f.samples);
        free(a);
        free(b);
    }
}

/* Bursts up to 60 ms early or late change no bit if the delay is longer. */
static void bursts(void **unused)
{
    (void)unused;
    const unecho_config config = pushed_config(UNECHO_ALIGN_FIXED, 200);
    float *const expected = steady(&config), *const out = calloc(LENGTH, sizeof *out);
    uint32_t seed = 8;
    unecho *stream = open_with(&config);
    card c = {0};
    push(stream, &c, CHUNK);
    while (c.mic_at + CHUNK <= LENGTH) {
        /* In pieces of 10 to 60 ms, from 60 ms before to 60 ms after the microphone. */
        if (c.far_at + 900 < c.mic_at + CHUNK || random_bits(&seed) % 3 == 0) {
            const size_t piece = 160 * (1 + random_bits(&seed) % 6), most = c.mic_at + 960;
            const size_t until = c.far_at + piece < most ? c.far_at + piece : most;
            push(stream, &c, until < LENGTH ? until : LENGTH);
        }
        hear(stream, &c, out, CHUNK);
    }
    assert_memory_equal(out, expected, LENGTH * sizeof *out);
    const unecho_stats stats = stats_of(stream);
    assert_true(stats.far_missing_frames == 0 && stats.far_dropped_frames == 0);
    unecho_close(&stream);
    free(expected);
    free(out);
}

/* The far end stops coming for three seconds of silence and resumes. */
static void stops_and_resumes(void **unused)
{
    (void)unused;
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 200);
    float *const expected = steady(&config), *const out = calloc(LENGTH, sizeof *out);
    unecho *stream = open_with(&config);
    card c = {0};
    go_on(stream, &c, out, 5 * RATE);
    while (c.mic_at < 8 * RATE)
        hear(stream, &c, out, CHUNK);
    c.far_at = c.mic_at;
    go_on(stream, &c, out, LENGTH);
    const unecho_stats stats = stats_of(stream);
    print_message("%llu frames missing, delay %.2f ms, ERLE %.2f dB, undisturbed %.2f dB\n",
                  (unsigned long long)stats.far_missing_frames, (double)stats.delay_ms,
                  erle(out, 8.3, 11.9), erle(expected, 8.3, 11.9));
    assert_true(llabs((long long)stats.far_missing_frames - 3LL * RATE) <= CHUNK);
    assert_true(fabs(erle(out, 8.3, 11.9) - erle(expected, 8.3, 11.9)) <= 1.0);
    assert_true(fabs((double)stats.delay_ms - 122.0) < 15.0);
    unecho_close(&stream);
    free(expected);
    free(out);
}

/* The microphone is not processed for a while, nobody reports it, and the far end overflows. */
static void microphone_stands_still(void **unused)
{
    (void)unused;
    static const double pauses[] = {0.6, 1.0, 2.13};
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 200);
    float *const expected = steady(&config);
    for (size_t i = 0; i < 3; i++) {
        float *const out = calloc(LENGTH, sizeof *out);
        unecho *stream = open_with(&config);
        card c = {0};
        go_on(stream, &c, out, 5 * RATE);
        const size_t pause = (size_t)(pauses[i] * (double)RATE) / CHUNK * CHUNK;
        for (size_t k = 0; k < pause; k += CHUNK)
            push(stream, &c, c.far_at + CHUNK);
        c.mic_at += pause;
        go_on(stream, &c, out, LENGTH);
        const unecho_stats stats = stats_of(stream);
        print_message("%.2f s: %llu frames dropped, delay %.2f ms, ERLE %.2f dB, undisturbed %.2f "
                      "dB\n",
                      pauses[i], (unsigned long long)stats.far_dropped_frames,
                      (double)stats.delay_ms, erle(out, 7.5, 11.9), erle(expected, 7.5, 11.9));
        assert_true(llabs((long long)stats.far_dropped_frames - (long long)pause) <= CHUNK);
        assert_true(erle(out, 7.5, 11.9) >= erle(expected, 7.5, 11.9) - 1.0);
        unecho_close(&stream);
        free(out);
    }
    free(expected);
}

/* A microphone that loses a moment whose far end has room in the queue: what stays there tells, and
 * sooner where the echo is lost as well. */
static void microphone_loses_a_moment(void **unused)
{
    (void)unused;
    static const double pauses[] = {0.1, 0.2, 0.35};
    for (int align = UNECHO_ALIGN_AUTO; align <= UNECHO_ALIGN_FIXED; align++)
        for (size_t i = 0; i < 3; i++) {
            const unecho_config config = pushed_config((unecho_align)align, 400);
            float *const out = calloc(LENGTH, sizeof *out);
            unecho *stream = open_with(&config);
            card c = {0};
            go_on(stream, &c, out, 5 * RATE);
            c.mic_at += (size_t)(pauses[i] * (double)RATE);
            go_on(stream, &c, out, LENGTH);
            const double soon = erle(out, 5.6, 7.0);
            print_message("%.2f s, %s: ERLE %.1f, then %.1f dB\n", pauses[i],
                          align == UNECHO_ALIGN_AUTO ? "auto" : "fixed", soon,
                          erle(out, 7.0, 11.5));
            assert_true(soon >= 20.0);
            assert_true(erle(out, 7.0, 11.5) >= 25.0);
            unecho_close(&stream);
            free(out);
        }
}

/*
 * A player that runs dry for 90 ms, less than what counts as silence: everything comes later from
 * then on, the far end and its echo, and what the stream needs has not come yet.
 */
static void player_underruns(void **unused)
{
    (void)unused;
    enum { AT = 5 * RATE, HEARD = AT + 122 * RATE / 1000, LATE = 90 * RATE / 1000 };
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 400);
    float *const in = calloc(LENGTH, sizeof *in), *const out = calloc(LENGTH, sizeof *out);
    memcpy(in, mic.samples, HEARD * sizeof *in);
    memcpy(in + HEARD + LATE, mic.samples + HEARD, (LENGTH - HEARD - LATE) * sizeof *in);
    unecho *stream = open_with(&config);
    card c = {0};
    for (size_t at = 0; at + CHUNK <= LENGTH; at += CHUNK) {
        const size_t now = at + CHUNK;
        push(stream, &c, now <= AT ? now : now < AT + LATE ? AT : now - LATE);
        assert_int_equal(unecho_process(stream, in + at, NULL, out + at, CHUNK), UNECHO_OK);
    }
    const size_t first = AT + 7 * RATE / 10, n = 3 * RATE / 2;
    const double down = power_db(in + first, n) - power_db(out + first + 512, n);
    print_message("0.7 s after an underrun: ERLE %.1f dB\n", down);
    assert_true(down >= 20.0);
    unecho_close(&stream);
    free(in);
    free(out);
}

/* A microphone that loses a moment again and again, while chunks come up to 20 ms early: the delay
 * stays, whether it tells of it or not, and whether or not a single one would show in the queue. */
static void loses_many_moments(size_t lost, int told)
{
    enum { FIRST = 3 * RATE / 2, EVERY = RATE, LAST = FIRST + 8 * EVERY };
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 200);
    float *const out = calloc(LENGTH, sizeof *out);
    uint32_t seed = 9;
    unecho *stream = open_with(&config);
    card c = {0};
    for (size_t at = FIRST; c.mic_at + CHUNK <= LENGTH;) {
        if (c.mic_at >= at && at <= LAST) {
            c.mic_at += lost;
            at += EVERY;
            assert_int_equal(unecho_notify_gap(stream, told ? lost : 0, 0), UNECHO_OK);
        }
        const size_t until = c.mic_at + CHUNK + random_bits(&seed) % 320;
        push(stream, &c, until < LENGTH ? until : LENGTH);
        if (c.mic_at + CHUNK <= LENGTH)
            hear(stream, &c, out, CHUNK);
    }
    const unecho_stats stats = stats_of(stream);
    print_message("%d moments of %zu frames lost, %s: delay %.2f ms, ERLE %.1f dB\n",
                  1 + (LAST - FIRST) / EVERY, lost, told ? "told" : "not told",
                  (double)stats.delay_ms, erle(out, 10.5, 11.9));
    /* What is not told is made up for once it has stayed for two seconds. */
    const double most = told || lost > RATE / 20 ? 20.0 : 40.0;
    assert_true(fabs((double)stats.delay_ms - 122.0) <= most);
    assert_true(erle(out, 10.5, 11.9) >= 25.0);
    unecho_close(&stream);
    free(out);
}

static void microphone_loses_many_moments(void **unused)
{
    (void)unused;
    for (size_t lost = 500; lost <= 1500; lost += 1000)
        for (int told = 0; told <= 1; told++)
            loses_many_moments(lost, told);
}

/* Until so much later; what comes then comes in so many pieces. */
static void come_late(unecho *stream, card *c, float *out, double late, size_t pieces)
{
    const size_t until = c->mic_at + (size_t)(late * (double)RATE);
    while (c->mic_at < until)
        hear(stream, c, out, CHUNK);
    const size_t all = c->mic_at - c->far_at;
    for (size_t piece = 1; piece < pieces; piece++) {
        push(stream, c, c->far_at + all / pieces);
        hear(stream, c, out, CHUNK);
    }
}

/* Playback's callback is late, but not what it played: the frames that come at once are those whose
 * place silence has taken, and their echo is in its place again. */
static void far_end_is_late_once(void **unused)
{
    (void)unused;
    static const double lates[] = {0.13, 0.2, 0.35};
    for (int align = UNECHO_ALIGN_AUTO; align <= UNECHO_ALIGN_FIXED; align++)
        for (size_t i = 0; i < 6; i++) {
            const double at = i < 3 ? 5.0 : 0.3, late = lates[i % 3];
            const size_t pieces = 1 + 3 * (i % 2);
            const unecho_config config = pushed_config((unecho_align)align, 400);
            float *const out = calloc(LENGTH, sizeof *out);
            unecho *stream = open_with(&config);
            card c = {0};
            go_on(stream, &c, out, (size_t)(at * (double)RATE));
            come_late(stream, &c, out, late, pieces);
            go_on(stream, &c, out, LENGTH);
            const double soon = erle(out, at + late + (i < 3 ? 0.4 : 1.5), at + late + 2.0);
            print_message("after %.1f s %.2f s late, in %zu pieces, %s: ERLE %.1f, then %.1f "
                          "dB\n",
                          at, late, pieces, align == UNECHO_ALIGN_AUTO ? "auto" : "fixed", soon,
                          erle(out, 7.5, 11.5));
            assert_true(soon >= 20.0);
            assert_true(erle(out, 7.5, 11.5) >= 25.0);
            unecho_close(&stream);
            free(out);
        }
}

/*
 * An utterance that is pushed far ahead while the user talks over it: the echo is lost in the talk,
 * and more waits in the queue than before, but it drains. No frame may be taken for lost.
 */
static void pushed_ahead_while_the_user_talks(void **unused)
{
    (void)unused;
    enum { AHEAD = 35 * RATE / 100 };
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 600);
    const signal_ user = read_sample("near");
    float *const in = calloc(LENGTH, sizeof *in), *const out = calloc(LENGTH, sizeof *out);
    for (size_t i = 0; i < LENGTH; i++)
        in[i] = mic.samples[i] + (i >= 5 * RATE && i < 6 * RATE ? 4.0f * user.samples[i] : 0.0f);
    unecho *stream = open_with(&config);
    card c = {0};
    for (size_t at = 0; at + CHUNK <= LENGTH; at += CHUNK) {
        push(stream, &c, at == 5 * RATE ? at + AHEAD : at + CHUNK);
        assert_int_equal(unecho_process(stream, in + at, NULL, out + at, CHUNK), UNECHO_OK);
    }
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    print_message("pushed ahead: delay %.1f ms, %u moves, ERLE %.1f dB\n", (double)stats.delay_ms,
                  (unsigned)stats.realignments, erle(out, 6.5, 8.0));
    assert_true(stats.realignments == 1 && fabs((double)stats.delay_ms - 122.0) < 15.0);
    unecho_close(&stream);
    free(user.samples);
    free(in);
    free(out);
}

/* ---- Gaps that are told of ------------------------------------------------------------------- */

typedef struct gap {
    size_t mic, far; /* frames lost at the same time */
} gap;

typedef enum loss { NONE, TOLD, UNTOLD } loss;

static unecho_engine engine = UNECHO_ENGINE_LINEAR_NEURAL;
/* Seconds from where the echo is known again. */
static double settles = 0.8;

/* The far end is passed or pushed; ERLE right after the gap, or where it would be. */
static double erle_after(const gap *g, unecho_align align, int pushed, loss how)
{
    unecho_config config = pushed_config(align, pushed ? 400 : 0);
    config.engine = engine;
    float *const out = calloc(LENGTH, sizeof *out);
    unecho *stream = open_with(&config);
    card c = {0};
    for (; c.mic_at < 5 * RATE; c.mic_at += CHUNK, c.far_at += CHUNK)
        if (pushed) {
            unecho_push_far(stream, far.samples + c.far_at, CHUNK);
            unecho_process(stream, mic.samples + c.mic_at, NULL, out + c.mic_at, CHUNK);
        } else
            unecho_process(stream, mic.samples + c.mic_at, far.samples + c.far_at, out + c.mic_at,
                           CHUNK);
    if (how != NONE) {
        c.mic_at += g->mic;
        c.far_at += g->far;
    }
    if (how == TOLD)
        assert_int_equal(unecho_notify_gap(stream, g->mic, g->far), UNECHO_OK);
    if (pushed && c.mic_at > c.far_at) /* what was played in the meantime has been pushed */
        push(stream, &c, c.mic_at);
    for (; c.mic_at + CHUNK <= LENGTH && c.far_at + CHUNK <= LENGTH;
         c.mic_at += CHUNK, c.far_at += CHUNK)
        if (pushed) {
            unecho_push_far(stream, far.samples + c.far_at, CHUNK);
            unecho_process(stream, mic.samples + c.mic_at, NULL, out + c.mic_at, CHUNK);
        } else
            unecho_process(stream, mic.samples + c.mic_at, far.samples + c.far_at, out + c.mic_at,
                           CHUNK);
    unecho_close(&stream);
    /* The echo of the lost far end arrives 122 ms later and cannot be told from a voice. */
    const size_t lost = g->mic > g->far + 1952 ? g->mic : g->far + 1952;
    const double at = 5.0 + (double)lost / (double)RATE;
    const double db = erle(out, at + settles, at + settles + 1.2);
    free(out);
    return db;
}

/*
 * The filter goes on where the far end does: for a while that is silent, and then as it was. By
 * itself, as a network hides by how much: within 2 dB of what it has without a gap.
 */
static void nothing_is_learnt_from_a_far_end_that_is_lost(void **unused)
{
    (void)unused;
    engine = UNECHO_ENGINE_LINEAR;
    settles = 0.1;
    for (size_t lost = 1000; lost <= 8000; lost *= 2)
        for (int align = UNECHO_ALIGN_AUTO; align <= UNECHO_ALIGN_FIXED; align++) {
            const gap g = {0, lost};
            const double told = erle_after(&g, (unecho_align)align, 0, TOLD);
            const double none = erle_after(&g, (unecho_align)align, 0, NONE);
            print_message("%zu frames lost, %s: ERLE %.1f dB, without gap %.1f dB\n", lost,
                          align == UNECHO_ALIGN_AUTO ? "auto" : "fixed", told, none);
            assert_true(told >= none - 2.0);
        }
    engine = UNECHO_ENGINE_LINEAR_NEURAL;
    settles = 0.8;
}

static void told_of_gaps(void **unused)
{
    (void)unused;
    static const gap gaps[] = {{1500, 0}, {0, 4000}, {4800, 4800}, {1000, 7000}};
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
        for (int align = UNECHO_ALIGN_AUTO; align <= UNECHO_ALIGN_FIXED; align++) {
            const double told = erle_after(&gaps[i], (unecho_align)align, 0, TOLD);
            const double untold = erle_after(&gaps[i], (unecho_align)align, 0, UNTOLD);
            const double none = erle_after(&gaps[i], (unecho_align)align, 0, NONE);
            print_message(
                "%zu and %zu frames lost, %s: ERLE %.1f dB, not reported %.1f dB, without "
                "gap %.1f dB\n",
                gaps[i].mic, gaps[i].far, align == UNECHO_ALIGN_AUTO ? "auto" : "fixed", told,
                untold, none);
            assert_true(told >= none - 1.0);
        }
    /* The test can fail: if nothing is reported, the echo is back. */
    assert_true(erle_after(&gaps[1], UNECHO_ALIGN_FIXED, 0, UNTOLD) < 20.0);
}

/* A far end waiting in the queue need not be late: the microphone continues after it. */
static void told_of_gaps_of_the_microphone(void **unused)
{
    (void)unused;
    static const gap gaps[] = {{1500, 0}, {4800, 0}, {4800, 1000}, {6000, 0}};
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
        for (int align = UNECHO_ALIGN_AUTO; align <= UNECHO_ALIGN_FIXED; align++) {
            const double told = erle_after(&gaps[i], (unecho_align)align, 1, TOLD);
            const double untold = erle_after(&gaps[i], (unecho_align)align, 1, UNTOLD);
            const double none = erle_after(&gaps[i], (unecho_align)align, 1, NONE);
            print_message(
                "pushed, %zu and %zu frames lost, %s: ERLE %.1f dB, not reported %.1f dB, "
                "without gap %.1f dB\n",
                gaps[i].mic, gaps[i].far, align == UNECHO_ALIGN_AUTO ? "auto" : "fixed", told,
                untold, none);
            assert_true(told >= none - 1.0);
        }
}

/* The far end goes missing while the microphone goes on, pushed so far ahead otherwise; ERLE from
 * 0.3 s after its echo is back. */
static double erle_after_silence(size_t lost, size_t ahead, loss how, int pushed_first)
{
    enum { AT = 5 * RATE };
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 400);
    float *const out = calloc(LENGTH, sizeof *out);
    unecho *stream = open_with(&config);
    card c = {0};
    while (c.mic_at + CHUNK <= LENGTH) {
        const size_t until = c.mic_at + CHUNK + ahead;
        if (c.mic_at < AT || c.mic_at >= AT + lost) {
            const int returns = c.mic_at == AT + lost, back = returns && how == TOLD;
            c.far_at += returns ? lost : 0;
            if (back && !pushed_first)
                assert_int_equal(unecho_notify_gap(stream, 0, lost), UNECHO_OK);
            push(stream, &c, until < LENGTH ? until : LENGTH);
            if (back && pushed_first)
                assert_int_equal(unecho_notify_gap(stream, 0, lost), UNECHO_OK);
        }
        hear(stream, &c, out, CHUNK);
    }
    unecho_close(&stream);
    const double at = 5.0 + (double)(lost + ahead + 1952) / (double)RATE + 0.3;
    const double db = erle(out, at, at + 1.2);
    free(out);
    return db;
}

/* Silence has taken their place, and is not counted again. */
static void told_of_gaps_of_a_far_end_that_is_pushed(void **unused)
{
    (void)unused;
    static const size_t gaps[] = {800, 3200, 16000};
    for (size_t i = 0; i < 3; i++)
        for (size_t ahead = 0; ahead <= 1600; ahead += 1600)
            for (int first = 0; first <= 1; first++) {
                const double told = erle_after_silence(gaps[i], ahead, TOLD, first);
                print_message("pushed %zu ahead, %zu frames lost, told %s: ERLE %.1f dB, not "
                              "reported %.1f dB\n",
                              ahead, gaps[i], first ? "then" : "before", told,
                              erle_after_silence(gaps[i], ahead, UNTOLD, first));
                assert_true(told >= 25.0);
            }
}

/*
 * A player is cut off with 0.9 s pushed that it has not played, and plays on, from what is pushed
 * next, so many frames later; ERLE in the second half of the first second of that echo.
 */
static double erle_after_cut(size_t pause, loss how)
{
    enum { AT = 5 * RATE, AHEAD = 9 * RATE / 10, ECHO = 122 * RATE / 1000 };
    const size_t again = AT + pause, next = AT + AHEAD;
    const unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 1000);
    float *const in = calloc(LENGTH, sizeof *in), *const out = calloc(LENGTH, sizeof *out);
    memcpy(in, mic.samples, (AT + ECHO) * sizeof *in);
    memcpy(in + again + ECHO, mic.samples + next + ECHO, 3 * RATE * sizeof *in);
    unecho *stream = open_with(&config);
    card c = {0};
    for (size_t at = 0; at + CHUNK <= LENGTH; at += CHUNK) {
        const size_t until = at < AT ? at + AHEAD : at - again + next + AHEAD;
        if (at == AT && how == TOLD)
            assert_int_equal(unecho_notify_gap(stream, AHEAD, 0), UNECHO_OK);
        if (at < AT || at >= again)
            push(stream, &c, until < LENGTH ? until : LENGTH);
        assert_int_equal(unecho_process(stream, in + at, NULL, out + at, CHUNK), UNECHO_OK);
    }
    const size_t first = again + ECHO + RATE / 2, n = RATE / 2;
    const double db = power_db(in + first, n) - power_db(out + first + 512, n);
    unecho_close(&stream);
    free(in);
    free(out);
    return db;
}

static void told_of_a_player_that_is_cut_off(void **unused)
{
    (void)unused;
    static const size_t pauses[] = {9600, 14400, 24000};
    for (size_t i = 0; i < 3; i++) {
        const double told = erle_after_cut(pauses[i], TOLD);
        print_message("cut off for %zu frames: ERLE %.1f dB, not reported %.1f dB\n", pauses[i],
                      told, erle_after_cut(pauses[i], UNTOLD));
        assert_true(told >= 25.0);
    }
}

/* By a hop at a time, at rates of which a hop is no whole number of frames. */
static void missing_frames_are_counted(void **unused)
{
    (void)unused;
    static const int rates[] = {8000, 11025, 16000, 22050, 44100, 48000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        unecho_config config = pushed_config(UNECHO_ALIGN_AUTO, 200);
        config.far_rate = rates[i];
        unecho *stream = open_with(&config);
        float silence[RATE / 10] = {0};
        for (size_t k = 0; k < 200; k++)
            assert_int_equal(unecho_process(stream, silence, NULL, silence, RATE / 10), UNECHO_OK);
        assert_int_equal(unecho_push_far(stream, silence, 1), UNECHO_OK);
        assert_int_equal(stats_of(stream).far_missing_frames, 20 * rates[i]);
        unecho_close(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_brought_along),
        cmocka_unit_test(bursts),
        cmocka_unit_test(stops_and_resumes),
        cmocka_unit_test(missing_frames_are_counted),
        cmocka_unit_test(microphone_stands_still),
        cmocka_unit_test(microphone_loses_a_moment),
        cmocka_unit_test(microphone_loses_many_moments),
        cmocka_unit_test(far_end_is_late_once),
        cmocka_unit_test(player_underruns),
        cmocka_unit_test(pushed_ahead_while_the_user_talks),
        cmocka_unit_test(nothing_is_learnt_from_a_far_end_that_is_lost),
        cmocka_unit_test(told_of_gaps),
        cmocka_unit_test(told_of_gaps_of_the_microphone),
        cmocka_unit_test(told_of_gaps_of_a_far_end_that_is_pushed),
        cmocka_unit_test(told_of_a_player_that_is_cut_off),
    };
    return cmocka_run_group_tests_name("push far", tests, set_up, tear_down);
}
