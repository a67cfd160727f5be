/*
 * The elements `unechodsp` and `unechoprobe`: the library's bits for what has arrived, without harm
 * if one of them, or the other side, is missing.
 */
#include "check.h"
#include "gst_bench.h"
#include "rates.h"

#include <stdlib.h>
#include <string.h>

/* The library's calls that the pair makes: what has come from the far end, then the microphone. */
static void pair_at(const format *m, const format *f)
{
    size_t turn = 0;
    const signal_ x = resampled(&mic, 16000, m->rate), y = resampled(&far, 16000, f->rate);
    void *const ms = samples_in(m, x.samples, SHORT), *const fs = samples_in(f, y.samples, y.count);
    const size_t frame = frame_of(m);
    unecho_config config = config_of(m);
    config.far_rate = f->rate;
    config.far_channels = (unsigned)f->channels;
    config.far_queue_ms = 500;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    const size_t latency = (size_t)unecho_latency(stream);
    char *const expected = calloc(SHORT + latency, frame);
    bench b = pair_bench(m, f);

    while (b.mic_sent < SHORT) {
        const size_t n = next_block(SHORT - b.mic_sent, &turn), at = b.far_sent;
        const size_t due = (b.mic_sent + n) * (size_t)f->rate / (size_t)m->rate;
        if (due > at) {
            send(b.far, f, fs, &b.far_sent, due - at);
            if (f->name[0] == 'F')
                unecho_push_far(stream, (float *)fs + at * (size_t)f->channels, due - at);
            else
                unecho_push_far_int16(stream, (int16_t *)fs + at * (size_t)f->channels, due - at);
        }
        char *const out = expected + b.mic_sent * frame;
        if (m->name[0] == 'F')
            unecho_process(stream, (float *)ms + b.mic_sent, NULL, (float *)(void *)out, n);
        else
            unecho_process_int16(stream, (int16_t *)ms + b.mic_sent, NULL, (int16_t *)(void *)out,
                                 n);
        send(b.mic, m, ms, &b.mic_sent, n);
    }
    void *const silence = calloc(latency, frame);
    if (m->name[0] == 'F')
        unecho_process(stream, silence, NULL, (float *)(void *)(expected + SHORT * frame), latency);
    else
        unecho_process_int16(stream, silence, NULL, (int16_t *)(void *)(expected + SHORT * frame),
                             latency);
    unecho_close(&stream);

    GByteArray *const out = pull(b.mic, m, true, 0);
    assert_bytes(out, expected + latency * frame, SHORT * frame);
    assert_content(&b);
    /* The far end passes the probe unchanged. */
    GByteArray *const passed = pull(b.far, f, true, 0);
    assert_bytes(passed, fs, b.far_sent * frame_of(f));
    end_bench(&b);
    g_byte_array_unref(out);
    g_byte_array_unref(passed);
    free(silence);
    free(expected);
    free(ms);
    free(fs);
    free(x.samples);
    free(y.samples);
}

static void pair_gives_the_librarys_bits(void **unused)
{
    (void)unused;
    const format stereo_48 = {"S16LE", 48000, 2}, short_16 = {"S16LE", 16000, 1};
    pair_at(&float_16, &float_16);
    pair_at(&float_16, &stereo_48);
    pair_at(&short_16, &float_16);
}

static void pair_without_probe(void **unused)
{
    (void)unused;
    size_t turn = 0;
    bench b = pair_bench(&float_16, NULL);
    while (b.mic_sent < SHORT)
        send(b.mic, &float_16, mic.samples, &b.mic_sent, next_block(SHORT - b.mic_sent, &turn));
    GByteArray *const out = pull(b.mic, &float_16, true, 0);
    assert_int_equal(out->len, SHORT * sizeof(float));
    assert_complains(&b, "There is no free unechoprobe of the name loudspeaker");
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
}

/* While it runs: from the next buffer on. */
static void pair_settings_change(void **unused)
{
    (void)unused;
    enum { PART = 160 };
    unecho_config config = config_of(&float_16);
    config.far_queue_ms = 500;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    const size_t latency = (size_t)unecho_latency(stream);
    float *const expected = calloc(SHORT, sizeof *expected);
    bench b = pair_bench(&float_16, &float_16);
    while (b.mic_sent < SHORT) {
        const size_t at = b.mic_sent;
        if (at == SHORT / 2) {
            g_object_set(b.element, "suppression", 0.0f, "noise-reduction", 6u, NULL);
            unecho_set_suppression(stream, 0.0f);
            unecho_set_noise_reduction(stream, 6);
        }
        send(b.far, &float_16, far.samples, &b.far_sent, PART);
        send(b.mic, &float_16, mic.samples, &b.mic_sent, PART);
        unecho_push_far(stream, far.samples + at, PART);
        unecho_process(stream, mic.samples + at, NULL, expected + at, PART);
    }
    unecho_close(&stream);
    GByteArray *const out = pull(b.mic, &float_16, false, 0);
    assert_bytes(out, expected + latency, (SHORT - latency) * sizeof(float));
    end_bench(&b);
    g_byte_array_unref(out);
    free(expected);
}

/* One probe serves one canceller; the next gets it when that has stopped. */
static void probe_is_taken(void **unused)
{
    (void)unused;
    bench first = pair_bench(&float_16, &float_16), second = pair_bench(&float_16, NULL);
    assert_content(&first);
    assert_complains(&second, "There is no free unechoprobe");
    GstHarness *const probe = first.far;
    first.far = NULL;
    end_bench(&first);
    size_t far_sent = 0;
    send(second.mic, &float_16, mic.samples, &second.mic_sent, 480);
    send(probe, &float_16, far.samples, &far_sent, 480);
    send(second.mic, &float_16, mic.samples, &second.mic_sent, 480);
    assert_content(&second);
    end_bench(&second);
    gst_harness_teardown(probe);
}

/* Nobody takes the far end while the microphone stands: that must not grow without end, and what
 * comes afterwards counts. */
static void microphone_stands(void **unused)
{
    (void)unused;
    size_t turn = 0;
    bench b = pair_bench(&float_16, &float_16);
    send(b.mic, &float_16, mic.samples, &b.mic_sent, 480);
    while (b.far_sent + 480 < far.count)
        send(b.far, &float_16, far.samples, &b.far_sent, 480);
    while (b.mic_sent < SHORT)
        send(b.mic, &float_16, mic.samples, &b.mic_sent, next_block(SHORT - b.mic_sent, &turn));
    GByteArray *const out = pull(b.mic, &float_16, true, 0);
    assert_int_equal(out->len, SHORT * sizeof(float));
    end_bench(&b);
    g_byte_array_unref(out);
}

/* The microphone passes unchanged, and one line says why. */
static void formats_that_are_none(void **unused)
{
    (void)unused;
    size_t turn = 0;
    static const struct {
        format format;
        const char *why;
    } none[] = {{{"F32LE", 7999, 1}, "sample_rate is 7999"},
                {{"S16LE", 192001, 1}, "sample_rate is 192001"},
                {{"F32LE", 48000, 10}, "mic_channels is 10"}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const format *const f = &none[i].format;
        void *const ms = samples_in(f, mic.samples, SHORT);
        bench b = pair_bench(f, f);
        while (b.mic_sent < SHORT) {
            const size_t n = next_block(SHORT - b.mic_sent, &turn);
            send(b.far, f, ms, &b.far_sent, n);
            send(b.mic, f, ms, &b.mic_sent, n);
        }
        GByteArray *const out = pull(b.mic, f, true, 0);
        assert_bytes(out, ms, SHORT * frame_of(f));
        assert_complains(&b, none[i].why);
        assert_content(&b);
        end_bench(&b);
        g_byte_array_unref(out);
        free(ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pair_gives_the_librarys_bits),
        cmocka_unit_test(pair_without_probe),
        cmocka_unit_test(pair_settings_change),
        cmocka_unit_test(probe_is_taken),
        cmocka_unit_test(microphone_stands),
        cmocka_unit_test(formats_that_are_none),
    };
    return cmocka_run_group_tests_name("gstreamer_pair", tests, set_up, tear_down);
}
