/*
 * The parts of the front end: the queue; the ring of samples; the far end that arrives early, late,
 * in excess or not at all; and the microphone's arithmetic, which keeps the output from running
 * dry.
 */
#include "check.h"
#include "front/far_end.h"
#include "front/microphone.h"
#include "signals.h"
#include "unecho.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HOP = UNECHO_HOP };

static uint32_t seed = 5;

static size_t below(size_t n)
{
    return random_bits(&seed) % n;
}

/* ---- Queue ------------------------------------------------------------------------------- */

static void first_in_first_out(void **unused)
{
    (void)unused;
    float *const ring = malloc(64 * sizeof *ring);
    fifo f = {.ring = ring, .capacity = 64};
    fifo_reset(&f);
    float in = 0.0f, out = 0.0f, x[64];
    for (int round = 0; round < 20000; round++) {
        size_t n = below(f.capacity - f.count + 1);
        for (size_t i = 0; i < n; i++)
            x[i] = in++;
        fifo_push(&f, x, n);
        n = below(f.count + 1);
        const int dropped = below(4) == 0;
        fifo_pop(&f, dropped ? NULL : x, n);
        for (size_t i = 0; i < n; i++, out++)
            assert_true(dropped || x[i] == out);
        assert_true((float)f.count == in - out);
        if (in > 1e6f) { /* up to here every integer is a float of its own */
            fifo_reset(&f);
            in = out = 0.0f;
        }
    }
    free(ring);
}

/* ---- Far end ----------------------------------------------------------------------------- */

typedef struct open_far {
    far_end f;
    void *memory;
} open_far;

static open_far open_planned(const far_end_plan *plan)
{
    open_far o;
    arena a = {0};
    far_end_layout(&o.f, &a, plan);
    o.memory = a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    a.used = 0;
    far_end_layout(&o.f, &a, plan);
    assert_int_equal(far_end_start(&o.f, kernels_at(0), NULL), 0);
    far_end_reset(&o.f);
    return o;
}

static open_far open_far_end(unsigned rate, int drifts, size_t queue, size_t past, int pushed,
                             size_t lanes)
{
    const far_end_plan plan = {.rate = rate,
                               .lanes = lanes,
                               .drifts = drifts,
                               .queue = queue,
                               .past = past,
                               .pushed = pushed};
    return open_planned(&plan);
}

static void close_far_end(open_far *o)
{
    far_end_close(&o->f);
    free(o->memory);
}

/* Frames first..first+n, numbered from 1 so that none is silent. */
static void push_numbers(far_end *f, size_t first, size_t n, uint64_t now)
{
    float x[FAR_END_PART];
    for (size_t done = 0, part; done < n; done += part) {
        part = n - done < FAR_END_PART ? n - done : FAR_END_PART;
        for (size_t i = 0; i < part; i++)
            x[i] = (float)(first + done + i + 1);
        far_end_push(f, (const float *const[]){x}, part, now);
    }
}

static void assert_reads(const far_end *f, int64_t first, size_t n, float expected, float step)
{
    float x[1024];
    assert_true(n <= 1024);
    far_end_read(f, FAR_MEAN, x, first, n);
    for (size_t i = 0; i < n; i++)
        if (x[i] != expected + step * (float)i)
            fail_msg("sample %lld is %g, expected %g", (long long)first + (long long)i,
                     (double)x[i], (double)(expected + step * (float)i));
}

/*
 * At 16 kHz without drift the samples are the frames that arrived, with silence beyond both ends.
 */
static void read_back(void **unused)
{
    (void)unused;
    open_far o = open_far_end(16000, 1, 4000, 1500, 0, 1);
    push_numbers(&o.f, 0, 1000, 0);
    assert_int_equal(o.f.made, 0);
    far_end_advance(&o.f, 400, UINT64_MAX);
    assert_int_equal(o.f.made, 400);
    assert_reads(&o.f, 0, 400, 1.0f, 1.0f);
    assert_reads(&o.f, 400, 100, 0.0f, 0.0f); /* not made yet, though it waits */
    assert_reads(&o.f, -50, 50, 0.0f, 0.0f);
    float x[20];
    far_end_read(&o.f, FAR_MEAN, x, -10, 20);
    assert_true(x[9] == 0.0f && x[10] == 1.0f && x[19] == 10.0f);

    /* Only what had arrived when the microphone had come that far, and a bounded number at once. */
    far_end_advance(&o.f, 900, 700);
    assert_int_equal(o.f.made, 700);
    push_numbers(&o.f, 1000, 2000, 0);
    far_end_advance(&o.f, 3000, UINT64_MAX);
    assert_int_equal(o.f.made, 700 + 4 * HOP);
    while (o.f.made < 3000)
        far_end_advance(&o.f, 3000, UINT64_MAX);
    /* The past is as long as requested. */
    assert_reads(&o.f, 1500, 1000, 1501.0f, 1.0f);
    assert_reads(&o.f, 1400, 100, 0.0f, 0.0f);
    assert_true(o.f.missing == 0 && o.f.dropped_frames == 0);
    assert_true(far_end_slip(&o.f) == 0.0);
    close_far_end(&o);
}

/* Nothing arrives: silence after 100 ms, and what arrives later was played later. */
static void starved_and_resumed(void **unused)
{
    (void)unused;
    enum { PATIENCE = 1600 };
    open_far o = open_far_end(16000, 1, 4000, 20000, 1, 1);
    push_numbers(&o.f, 0, 1000, 0);
    uint64_t now = 0;
    for (; now < 6400; now += HOP)
        far_end_advance(&o.f, now, UINT64_MAX);
    now -= HOP;
    assert_int_equal(o.f.made, now - PATIENCE);
    assert_int_equal(o.f.missing, now - PATIENCE - 1000);
    assert_reads(&o.f, 990, 10, 991.0f, 1.0f);
    assert_reads(&o.f, 1000, 1000, 0.0f, 0.0f);
    push_numbers(&o.f, 1000, 300, now + 40);
    assert_int_equal(o.f.made, now + 40);
    far_end_advance(&o.f, now + 340, UINT64_MAX);
    assert_reads(&o.f, (int64_t)now + 40, 300, 1001.0f, 1.0f);
    assert_reads(&o.f, (int64_t)now, 40, 0.0f, 0.0f);
    assert_int_equal(o.f.missing, now + 40 - 1000);

    /* A delay below the patience moves nothing: it is jitter. */
    const uint64_t end = o.f.made;
    far_end_advance(&o.f, end + PATIENCE - 1, UINT64_MAX);
    push_numbers(&o.f, 1300, 300, end + PATIENCE - 1);
    far_end_advance(&o.f, end + 300, UINT64_MAX);
    assert_reads(&o.f, (int64_t)end, 300, 1301.0f, 1.0f);
    close_far_end(&o);
}

/* A far end passed with the microphone is never short for long: nothing replaces it. */
static void not_starved_when_it_comes_along(void **unused)
{
    (void)unused;
    open_far o = open_far_end(16000, 0, 4000, 20000, 0, 1);
    push_numbers(&o.f, 0, 100, 0);
    far_end_advance(&o.f, 6000, UINT64_MAX);
    assert_int_equal(o.f.made, 100);
    assert_int_equal(o.f.missing, 0);
    close_far_end(&o);
}

/* The microphone stalls: the oldest frames are dropped rather than the newest. */
static void too_much(void **unused)
{
    (void)unused;
    open_far o = open_far_end(16000, 0, 1000, 4000, 1, 1);
    push_numbers(&o.f, 0, 1200, 0);
    assert_int_equal(o.f.dropped_frames, 4 * FAR_END_PART - FAR_END_PART);
    assert_int_equal(backlog_count(&o.f.lines[FAR_MEAN].queue), 1200 - o.f.dropped_frames);
    far_end_advance(&o.f, 200, UINT64_MAX);
    assert_reads(&o.f, 0, 200, (float)o.f.dropped_frames + 1.0f, 1.0f);
    close_far_end(&o);
}

/* Frames first..first+n of noise. */
static void push_noise(far_end *f, const float *noise, size_t first, size_t n)
{
    for (size_t done = 0, part; done < n; done += part) {
        part = n - done < FAR_END_PART ? n - done : FAR_END_PART;
        far_end_push(f, (const float *const[]){noise + first + done}, part, 0);
    }
}

/* A clock that is a tenth slower: what waits becomes more and more. `chunk` hops come at a time. */
static open_far fall_behind(const float *noise, size_t hops, size_t chunk)
{
    enum { SLOW = 116 };
    const far_end_plan plan = {
        .rate = 16000, .lanes = 1, .queue = 2000, .backlog = 2048, .past = 8000};
    open_far o = open_planned(&plan);
    for (size_t hop = 0; hop < hops; hop++) {
        if (hop % chunk == 0)
            push_noise(&o.f, noise, hop * UNECHO_HOP, chunk * UNECHO_HOP);
        far_end_advance(&o.f, (hop + 1) * SLOW, (hop + 1) * UNECHO_HOP);
    }
    return o;
}

/* What waits for long is kept in 16 bits: never two numbers more than its peak's 2^-15 apart, and
 * the same ones whatever the chunks. The newest are as they came. */
static void waits_for_long(void **unused)
{
    (void)unused;
    enum { HOPS = 160, N = HOPS * UNECHO_HOP };
    const signal_ all = noise_signal(N, 0.4f, 3);
    const float *const noise = all.samples;
    float x[4000], y[4000];
    open_far o = fall_behind(noise, HOPS, 1);
    assert_int_equal(o.f.dropped_frames, 0);
    far_end_read(&o.f, FAR_MEAN, x, (int64_t)o.f.made - 4000, 4000);
    float most = 0.0f;
    for (size_t i = 0; i < 4000; i++)
        most = fmaxf(most, fabsf(x[i] - noise[o.f.made - 4000 + i]));
    assert_true(most > 0.0f && most <= 2.0f * 0x1p-15f);
    for (size_t chunk = 2; chunk <= 8; chunk *= 2) {
        open_far other = fall_behind(noise, HOPS, chunk);
        far_end_read(&other.f, FAR_MEAN, y, (int64_t)other.f.made - 4000, 4000);
        assert_memory_equal(x, y, sizeof x);
        close_far_end(&other);
    }
    /* Until the queue is full. */
    push_noise(&o.f, noise, 0, 1024);
    assert_int_equal(o.f.dropped_frames, 0);
    push_noise(&o.f, noise, 0, 2000);
    assert_true(o.f.dropped_frames > 2048);
    close_far_end(&o);
    free(all.samples);
}

/*
 * From samples passed unchanged to resampled ones: no seam, and each sample where its clock puts
 * it.
 */
static void drift_sets_in(void **unused)
{
    (void)unused;
    open_far o = open_far_end(16000, 1, 20000, 20000, 0, 1);
    push_numbers(&o.f, 0, 9000, 0);
    while (o.f.made < 3000)
        far_end_advance(&o.f, 3000, UINT64_MAX);
    assert_int_equal(far_end_lag(&o.f), 0);
    far_end_drift(&o.f, 0.0);
    assert_true(far_end_lag(&o.f) > 0);
    while (o.f.made < 5000)
        far_end_advance(&o.f, 5000, UINT64_MAX);
    float x[4000];
    far_end_read(&o.f, FAR_MEAN, x, 1000, 4000);
    for (size_t i = 0; i < 4000; i++)
        assert_true(x[i] > 1000.9f + (float)i && x[i] < 1001.1f + (float)i);
    assert_true(far_end_slip(&o.f) > -1e-6 && far_end_slip(&o.f) < 1e-6);

    /* 1000 samples on a clock that is 500 ppm faster take 1000.5 of its own. */
    far_end_drift(&o.f, 500e-6);
    while (o.f.made < 6000)
        far_end_advance(&o.f, 6000, UINT64_MAX);
    assert_true(far_end_slip(&o.f) > -0.501 && far_end_slip(&o.f) < -0.499);
    far_end_read(&o.f, FAR_MEAN, x, 5999, 1);
    assert_true(x[0] > 6000.3f && x[0] < 6000.7f);
    close_far_end(&o);
}

/* ---- Ring of samples --------------------------------------------------------------------- */

static sample_ring open_ring(arena *a, size_t capacity, size_t fresh)
{
    sample_ring r;
    *a = (arena){0};
    sample_ring_layout(&r, a, capacity, fresh);
    a->memory = aligned_alloc(ARENA_ALIGNMENT, a->used);
    a->used = 0;
    sample_ring_layout(&r, a, capacity, fresh);
    sample_ring_reset(&r);
    return r;
}

/* What has 16 bits, full scale of both signs included, in runs of any length and loudness. */
static void sixteen_bits_come_back(void **unused)
{
    (void)unused;
    enum { LENGTH = 20000, CAPACITY = 3000 };
    float *const x = malloc(LENGTH * sizeof *x);
    for (size_t i = 0; i < LENGTH; i++) {
        const int range = 1 << below(16), from = below(2) ? -range : 0;
        x[i] = (float)(from + (int)below((size_t)range)) / 32768.0f;
    }
    arena a;
    sample_ring r = open_ring(&a, CAPACITY, 300);
    for (size_t at = 0, n; at < LENGTH; at += n) {
        n = 1 + below(400);
        n = n < LENGTH - at ? n : LENGTH - at;
        sample_ring_write(&r, at, x + at, n);
        float got[CAPACITY];
        const size_t end = at + n, count = end < CAPACITY ? end : CAPACITY;
        sample_ring_read(&r, got, (int64_t)(end - count), count);
        assert_memory_equal(got, x + end - count, count * sizeof *x);
    }
    free(a.memory);
    free(x);
}

/* Anything else is as it was while it is fresh, and then within 2^-15 of its block's peak, whatever
 * the level; 0 stays 0. */
static void other_samples_come_near(void **unused)
{
    (void)unused;
    uint32_t state = 7;
    arena a;
    sample_ring r = open_ring(&a, 8 * SAMPLE_BLOCK, SAMPLE_BLOCK);
    for (int exponent = -100; exponent <= 6; exponent++) {
        float x[SAMPLE_BLOCK], got[SAMPLE_BLOCK], most = 0.0f;
        for (size_t i = 0; i < SAMPLE_BLOCK; i++) {
            x[i] = i % 9 == 0 ? 0.0f : ldexpf(random_float(&state), exponent);
            most = fmaxf(most, fabsf(x[i]));
        }
        sample_ring_write(&r, r.end, x, SAMPLE_BLOCK);
        sample_ring_read(&r, got, (int64_t)r.end - SAMPLE_BLOCK, SAMPLE_BLOCK);
        assert_memory_equal(got, x, sizeof x);
        sample_ring_write(&r, r.end, NULL, 4 * SAMPLE_BLOCK);
        sample_ring_read(&r, got, (int64_t)r.end - 5 * SAMPLE_BLOCK, SAMPLE_BLOCK);
        for (size_t i = 0; i < SAMPLE_BLOCK; i++) {
            assert_true(fabsf(got[i] - x[i]) <= fmaxf(most, 0x1p-80f) * 0x1p-15f);
            assert_true(x[i] != 0.0f || got[i] == 0.0f);
        }
    }
    free(a.memory);
}

/* After a gap what was before it is gone, and silence is what is not known. */
static void a_gap_is_silence(void **unused)
{
    (void)unused;
    float x[300], got[400];
    for (size_t i = 0; i < 300; i++)
        x[i] = 0.5f;
    arena a;
    sample_ring r = open_ring(&a, 400, 0);
    sample_ring_write(&r, 0, x, 300);
    sample_ring_write(&r, 10000, NULL, 400);
    sample_ring_write(&r, 10400, x, 100);
    sample_ring_read(&r, got, 10100, 400);
    for (size_t i = 0; i < 400; i++)
        assert_true(got[i] == (i < 300 ? 0.0f : 0.5f));
    sample_ring_read(&r, got, -50, 400);
    for (size_t i = 0; i < 400; i++)
        assert_true(got[i] == 0.0f);
    free(a.memory);
}

/* ---- Microphone ---------------------------------------------------------------------------- */

static const unsigned rates[] = {8000,  8001,  11025, 15999, 16000, 16001,  22050, 24000,
                                 32000, 44100, 44101, 48000, 96000, 191999, 192000};

/* Hop h is complete exactly when microphone_needed() frames have arrived, in any chunks. */
static void complete_when_needed(void **unused)
{
    (void)unused;
    static const size_t waits[] = {0, 1, 100, 3200};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        for (size_t w = 0; w < sizeof waits / sizeof *waits; w++) {
            const microphone_plan plan = {rates[r], waits[w], 1 + r % 3};
            microphone m;
            arena a = {0};
            microphone_layout(&m, &a, &plan);
            void *const memory = a.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
            a.used = 0;
            microphone_layout(&m, &a, &plan);
            assert_int_equal(microphone_start(&m, kernels_at(0)), 0);
            microphone_reset(&m);
            const float x[MICROPHONE_PART] = {0};
            float hop[HOP];
            for (uint64_t hops = 0; hops < 300; hops += plan.hops_at_once) {
                const uint64_t needed = microphone_needed(&m, hops + plan.hops_at_once - 1);
                while (m.frames < needed) {
                    size_t n = 1 + below(MICROPHONE_PART);
                    n = needed - m.frames < n ? (size_t)(needed - m.frames) : n;
                    microphone_push(&m, x, n);
                    assert_true(m.samples.count <= m.samples.capacity);
                }
                assert_true(m.samples.count >= plan.hops_at_once * HOP);
                for (size_t i = 0; i < plan.hops_at_once; i++)
                    microphone_give(&m, hop);
                assert_int_equal(m.hops, hops + plan.hops_at_once);
            }
            /* No more frames are held back than the wait and a filter's length. */
            assert_true(microphone_needed(&m, 0) <= HOP * rates[r] / 16000 + 1 + m.wait);
            microphone_close(&m);
            free(memory);
        }
}

/* A far end that is a constant is silent, and no step of it is heard where drift sets in. */
static void constant_is_silent(void **unused)
{
    (void)unused;
    enum { COUNT = 40000, DRIFTS = 30000 };
    open_far o = open_far_end(16000, 1, 1000, COUNT, 0, 1);
    float x[FAR_END_PART];
    for (size_t i = 0; i < FAR_END_PART; i++)
        x[i] = 0.2f;
    while (o.f.made < COUNT) {
        far_end_push(&o.f, (const float *const[]){x}, FAR_END_PART, o.f.made);
        far_end_advance(&o.f, o.f.made + FAR_END_PART, UINT64_MAX);
        if (!o.f.resampling && o.f.made >= DRIFTS)
            far_end_drift(&o.f, 50e-6);
    }
    for (size_t at = 24000; at < COUNT; at += FAR_END_PART) {
        far_end_read(&o.f, FAR_MEAN, x, (int64_t)at, FAR_END_PART);
        for (size_t i = 0; i < FAR_END_PART; i++)
            assert_true(fabsf(x[i]) < 1e-4f);
    }
    close_far_end(&o);
}

/* Each lane is a far end of its own, with or without sound in it, through drift and loss. */
static void two_lanes(void **unused)
{
    (void)unused;
    enum { QUEUE = 4000, PAST = 6000, ROUNDS = 300, PART = 150 };
    static const unsigned both_rates[] = {16000, 44100};
    for (size_t r = 0; r < 2; r++) {
        open_far both = open_far_end(both_rates[r], 1, QUEUE, PAST, 1, FAR_LANES);
        open_far one[] = {open_far_end(both_rates[r], 1, QUEUE, PAST, 1, 1),
                          open_far_end(both_rates[r], 1, QUEUE, PAST, 1, 1)};
        far_end *const all[] = {&both.f, &one[0].f, &one[1].f};
        uint32_t state = 5;
        for (size_t round = 0; round < ROUNDS; round++) {
            /* The side pauses now and then; the far end stops, and then comes in one go. */
            const int late = round % 100 > 80, side_plays = round / 40 % 2 == 0;
            float x[FAR_LANES][PART];
            const uint64_t now = (round + 1) * PART * UNECHO_SAMPLE_RATE / both_rates[r];
            for (size_t i = 0; i < PART; i++) {
                x[0][i] = random_float(&state);
                x[1][i] = side_plays ? random_float(&state) : 0.0f;
            }
            for (size_t e = 0; e < 3 && !late; e++) {
                const float *const lanes[] = {x[e == 2 ? 1 : 0], x[1]};
                far_end_push(all[e], lanes, PART, now);
            }
            for (size_t e = 0; e < 3; e++) {
                if (round == 30)
                    far_end_drift(all[e], 200e-6);
                far_end_advance(all[e], now, UINT64_MAX);
            }
            float read[2][256];
            assert_true(both.f.made == one[0].f.made && both.f.made == one[1].f.made);
            for (size_t lane = 0; lane < FAR_LANES; lane++) {
                const int64_t from = (int64_t)both.f.made - 256;
                far_end_read(&both.f, (far_lane)lane, read[0], from, 256);
                far_end_read(&one[lane].f, FAR_MEAN, read[1], from, 256);
                for (size_t i = 0; i < 256; i++)
                    assert_true(read[0][i] == read[1][i]);
            }
        }
        free(both.memory);
        free(one[0].memory);
        free(one[1].memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(read_back),
        cmocka_unit_test(starved_and_resumed),
        cmocka_unit_test(not_starved_when_it_comes_along),
        cmocka_unit_test(too_much),
        cmocka_unit_test(waits_for_long),
        cmocka_unit_test(drift_sets_in),
        cmocka_unit_test(constant_is_silent),
        cmocka_unit_test(two_lanes),
        cmocka_unit_test(sixteen_bits_come_back),
        cmocka_unit_test(other_samples_come_near),
        cmocka_unit_test(a_gap_is_silence),
        cmocka_unit_test(complete_when_needed),
    };
    return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
