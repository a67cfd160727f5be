/*
 * With rates, alignment, late references and pushed far ends the output still depends on the
 * samples alone, and on when settings change: not on how they are split into calls, hops_at_once,
 * company or what came before.
 */
#include "check.h"
#include "rates.h"

#include <stdlib.h>
#include <string.h>

static signal_ mic, far;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    return 0;
}

typedef struct kind {
    int rate, far_rate;
    unsigned queue_ms, late_ms;
    unecho_align align;
    unsigned later; /* ms of additional echo delay */
} kind;

static const kind kinds[] = {
    {8000, 0, 0, 0, UNECHO_ALIGN_AUTO, 150},        {11025, 0, 0, 200, UNECHO_ALIGN_AUTO, 0},
    {16000, 0, 0, 0, UNECHO_ALIGN_AUTO, 150},       {16000, 0, 0, 130, UNECHO_ALIGN_FIXED, 30},
    {22050, 0, 0, 0, UNECHO_ALIGN_FIXED, 30},       {24000, 0, 0, 0, UNECHO_ALIGN_AUTO, 60},
    {32000, 0, 0, 77, UNECHO_ALIGN_AUTO, 300},      {44100, 0, 0, 0, UNECHO_ALIGN_AUTO, 150},
    {44101, 0, 0, 0, UNECHO_ALIGN_OFF, 0},          {48000, 0, 0, 200, UNECHO_ALIGN_AUTO, 150},
    {96000, 0, 0, 0, UNECHO_ALIGN_AUTO, 150},       {16000, 48000, 300, 0, UNECHO_ALIGN_AUTO, 150},
    {48000, 16000, 300, 0, UNECHO_ALIGN_AUTO, 150}, {44100, 48000, 300, 90, UNECHO_ALIGN_AUTO, 20},
    {16000, 0, 300, 0, UNECHO_ALIGN_AUTO, 150},     {192000, 8000, 300, 0, UNECHO_ALIGN_OFF, 0},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static unecho_config config_of(const kind *k, unsigned hops_at_once)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = k->rate;
    config.far_rate = k->far_rate;
    config.far_queue_ms = k->queue_ms;
    config.reference_late_ms = k->late_ms;
    config.align = k->align;
    config.delay_ms = 22.0 + k->later;
    config.hops_at_once = hops_at_once;
    return config;
}

/* Three seconds of both ends as the kind wants them. */
typedef struct material {
    signal_ mic, far;
    float *expected, *out;
} material;

static void run(unecho *stream, const kind *k, const material *m, float *out, uint32_t *seed)
{
    const uint64_t far_rate = (uint64_t)(k->far_rate ? k->far_rate : k->rate);
    size_t pushed = 0;
    for (size_t i = 0, n; i < m->mic.count; i += n) {
        static const size_t limits[] = {1, 7, 130, 1000, 9000};
        n = seed ? 1 + random_bits(seed) % limits[random_bits(seed) % 5] : (size_t)k->rate / 100;
        /* No more of the other end than the queue holds. */
        n = k->queue_ms > 0 && n > (size_t)k->rate / 8 ? (size_t)k->rate / 8 : n;
        n = m->mic.count - i < n ? m->mic.count - i : n;
        if (k->queue_ms == 0) {
            assert_int_equal(
                unecho_process(stream, m->mic.samples + i, m->far.samples + i, out + i, n),
                UNECHO_OK);
            continue;
        }
        /* Ahead of the microphone by at least 50 ms. */
        size_t until = (size_t)((i + n) * far_rate / (uint64_t)k->rate + far_rate / 20);
        until += seed ? random_bits(seed) % (far_rate / 20) : 0;
        until = until < m->far.count ? until : m->far.count;
        if (until > pushed) {
            assert_int_equal(unecho_push_far(stream, m->far.samples + pushed, until - pushed),
                             UNECHO_OK);
            pushed = until;
        }
        assert_int_equal(unecho_process(stream, m->mic.samples + i, NULL, out + i, n), UNECHO_OK);
    }
}

static material material_of(const kind *k)
{
    const size_t length = 3 * 16000 + 33, from = 16000;
    const signal_ m = {mic.samples + from - 16 * k->later, length};
    const signal_ f = {far.samples + from, length};
    material both = {.mic = resampled(&m, 16000, k->rate),
                     .far = resampled(&f, 16000, k->far_rate ? k->far_rate : k->rate)};
    both.expected = malloc(both.mic.count * sizeof(float));
    both.out = malloc(both.mic.count * sizeof(float));
    const unecho_config config = config_of(k, 1);
    unecho *stream = open_with(&config);
    run(stream, k, &both, both.expected, NULL);
    unecho_close(&stream);
    return both;
}

static void free_material(material *m)
{
    free(m->mic.samples);
    free(m->far.samples);
    free(m->expected);
    free(m->out);
}

static void any_chunks(void **unused)
{
    (void)unused;
    static const unsigned hops[] = {1, 3, 16, 64};
    uint32_t seed = 4;
    for (size_t i = 0; i < KINDS; i++) {
        material m = material_of(&kinds[i]);
        for (size_t h = 0; h < 4; h++) {
            const unecho_config config = config_of(&kinds[i], hops[h]);
            unecho *stream = open_with(&config);
            if (h == 0) { /* like new after a reset in mid-stream */
                unecho_process(stream, m.mic.samples, NULL, m.out, 20001);
                assert_int_equal(unecho_reset(stream), UNECHO_OK);
            }
            run(stream, &kinds[i], &m, m.out, &seed);
            for (size_t t = 0; t < m.mic.count; t++)
                if (m.out[t] != m.expected[t])
                    fail_msg("%d Hz, kind %zu, %u hops at once: frame %zu is %g, expected %g",
                             kinds[i].rate, i, hops[h], t, (double)m.out[t], (double)m.expected[t]);
            unecho_close(&stream);
        }
        free_material(&m);
    }
}

/* The whole signal is the stream after 24 ms of silence, without the latency. */
static void whole_signals(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < KINDS; i++) {
        const kind *const k = &kinds[i];
        if (k->queue_ms > 0)
            continue;
        material m = material_of(k);
        const size_t silence = (384 * (size_t)k->rate + 15999) / 16000;
        static const size_t lengths[] = {0, 1, 127, 5000, 24000};
        const unecho_config config = config_of(k, 5);
        unecho *stream = open_with(&config), *other = open_with(&config);
        const size_t latency = (size_t)unecho_latency(stream);
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            const size_t n = lengths[l], length = silence + n + latency;
            float *const a = calloc(length, sizeof *a), *const b = calloc(length, sizeof *b);
            memcpy(a + silence, m.mic.samples, n * sizeof *a);
            memcpy(b + silence, m.far.samples, n * sizeof *b);
            unecho_reset(stream);
            assert_int_equal(unecho_process(stream, a, b, a, length), UNECHO_OK);
            memcpy(m.out, m.mic.samples, n * sizeof *a); /* in place */
            assert_int_equal(unecho_process_whole(other, m.out, n, m.far.samples, n, m.out, 0),
                             UNECHO_OK);
            assert_memory_equal(m.out, a + silence + latency, n * sizeof *a);
            free(a);
            free(b);
        }
        unecho_close(&stream);
        unecho_close(&other);
        free_material(&m);
    }
}

/* All kinds in one call, some without a far end: each as if alone. */
static void in_company(void **unused)
{
    (void)unused;
    enum { N = 24000, CHUNK = 333 };
    material all[KINDS];
    unecho *streams[KINDS], *alone[KINDS];
    static float expected[KINDS][N];
    const float *mics[KINDS], *fars[KINDS];
    float *outs[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        const unecho_config config = config_of(&kinds[i], i == 5 ? 6 : 1);
        all[i] = material_of(&kinds[i]);
        streams[i] = open_with(&config);
        alone[i] = open_with(&config);
    }
    for (size_t at = 0; at + CHUNK <= N; at += CHUNK) {
        for (size_t i = 0; i < KINDS; i++) {
            const int pushed = kinds[i].queue_ms > 0;
            mics[i] = all[i].mic.samples + at;
            fars[i] = pushed || i == 8 ? NULL : all[i].far.samples + at;
            outs[i] = all[i].out + at;
            if (pushed && at + CHUNK <= all[i].far.count) {
                unecho_push_far(streams[i], all[i].far.samples + at, CHUNK / 8);
                unecho_push_far(alone[i], all[i].far.samples + at, CHUNK / 8);
            }
            unecho_process(alone[i], mics[i], fars[i], expected[i] + at, CHUNK);
        }
        assert_int_equal(unecho_process_many(streams, mics, fars, outs, KINDS, CHUNK), UNECHO_OK);
    }
    for (size_t i = 0; i < KINDS; i++) {
        assert_memory_equal(all[i].out, expected[i], N / CHUNK * CHUNK * sizeof(float));
        unecho_close(&streams[i]);
        unecho_close(&alone[i]);
        free_material(&all[i]);
    }
}

/* Three seconds in chunks of no more than `most` frames; noise is filled in every other 20 ms. */
static void run_with_changes(unecho *stream, const kind *k, const material *m, float *out,
                             size_t most)
{
    const size_t span = (size_t)k->rate / 50;
    for (size_t i = 0, end; i < m->mic.count; i = end) {
        end = i + span < m->mic.count ? i + span : m->mic.count;
        unecho_set_noise_reduction(stream, i / span % 2 ? 6 : 20);
        for (size_t at = i, n; at < end; at += n) {
            n = end - at < most ? end - at : most;
            assert_int_equal(
                unecho_process(stream, m->mic.samples + at, m->far.samples + at, out + at, n),
                UNECHO_OK);
        }
    }
}

static void settings_that_change(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].queue_ms > 0)
            continue;
        material m = material_of(&kinds[i]);
        /* Resampled, they have nothing above 8 kHz: an echo that covers noise every other 0.3 s. */
        uint32_t seed = 2;
        for (size_t t = 0; t < m.mic.count; t++) {
            const size_t is_on = t * 10 / (3 * (size_t)kinds[i].rate) % 2;
            m.far.samples[t] = is_on ? 0.1f * random_float(&seed) : 0.0f;
            m.mic.samples[t] = 0.5f * m.far.samples[t] + 1e-3f * random_float(&seed);
        }
        const unecho_config config = config_of(&kinds[i], 1);
        /* Of the post-filter: no other network has noise filled in. */
        unecho *stream = NULL;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
        run_with_changes(stream, &kinds[i], &m, m.expected, 100000);
        unecho_reset(stream);
        run_with_changes(stream, &kinds[i], &m, m.out, 37);
        assert_memory_equal(m.out, m.expected, m.mic.count * sizeof(float));
        unecho_close(&stream);
        free_material(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_chunks),
        cmocka_unit_test(settings_that_change),
        cmocka_unit_test(whole_signals),
        cmocka_unit_test(in_company),
    };
    return cmocka_run_group_tests_name("rate chunks", tests, set_up, tear_down);
}
