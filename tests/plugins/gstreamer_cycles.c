/*
 * The GStreamer elements, opened and closed again and again, and with a far end that goes in
 * mid-run. Also for valgrind: nothing may be left.
 */
#include "check.h"
#include "gst_bench.h"

#include <stdlib.h>
#include <string.h>

/* From then on it is silent. */
static void far_end_unplugged(void **unused)
{
    (void)unused;
    size_t turn = 0;
    enum { HALF = SHORT / 2, LATENCY = 256 };
    float *const halved = calloc(SHORT, sizeof *halved);
    memcpy(halved, far.samples, HALF * sizeof *halved);
    const unecho_config config = config_of(&float_16);
    float *const expected = of_library(&config, &float_16, mic.samples, halved, SHORT);
    bench b = unecho_bench(&float_16, &float_16);
    while (b.mic_sent < HALF || b.far_sent < HALF)
        if (b.mic_sent <= b.far_sent)
            send(b.mic, &float_16, mic.samples, &b.mic_sent, 400);
        else
            send(b.far, &float_16, far.samples, &b.far_sent, 400);
    /* The pad goes when all that it got has had its effect. */
    GByteArray *const first = g_byte_array_new();
    while (first->len < (HALF - LATENCY) * sizeof(float)) {
        GstBuffer *const buffer = gst_harness_pull(b.mic);
        GstMapInfo map;
        gst_buffer_map(buffer, &map, GST_MAP_READ);
        g_byte_array_append(first, map.data, (guint)map.size);
        gst_buffer_unmap(buffer, &map);
        gst_buffer_unref(buffer);
    }
    gst_harness_teardown(b.far);
    b.far = NULL;
    GstPad *const pad = gst_element_get_static_pad(b.element, "far");
    if (pad) {
        gst_element_release_request_pad(b.element, pad);
        gst_object_unref(pad);
    }
    while (b.mic_sent < SHORT)
        send(b.mic, &float_16, mic.samples, &b.mic_sent, next_block(SHORT - b.mic_sent, &turn));
    GByteArray *const rest = pull(b.mic, &float_16, true, first->len / sizeof(float));
    g_byte_array_append(first, rest->data, rest->len);
    assert_bytes(first, expected, SHORT * sizeof(float));
    end_bench(&b);
    g_byte_array_unref(first);
    g_byte_array_unref(rest);
    free(halved);
    free(expected);
}

/* The probe's pipeline goes in mid-run, and another comes with other samples. */
static void probe_unplugged(void **unused)
{
    (void)unused;
    const format stereo_48 = {"S16LE", 48000, 2};
    bench b = pair_bench(&float_16, &float_16);
    void *const fs = samples_in(&stereo_48, far.samples, 2 * (size_t)SHORT);
    while (b.mic_sent < SHORT) {
        if (b.mic_sent == SHORT / 3)
            set_format(b.far, &stereo_48);
        if (b.mic_sent == 2 * SHORT / 3) {
            gst_harness_teardown(b.far);
            b.far = NULL;
        }
        if (b.mic_sent < SHORT / 3)
            send(b.far, &float_16, far.samples, &b.far_sent, 160);
        else if (b.far)
            send(b.far, &stereo_48, fs, &b.far_sent, 480);
        send(b.mic, &float_16, mic.samples, &b.mic_sent, 160);
    }
    GByteArray *const out = pull(b.mic, &float_16, true, 0);
    assert_int_equal(out->len, SHORT * sizeof(float));
    assert_content(&b);
    end_bench(&b);
    g_byte_array_unref(out);
    free(fs);
}

/* Under the sanitizers and valgrind nothing may be left. */
static void opened_and_closed(void **unused)
{
    (void)unused;
    /* One stays open, so that the model is unpacked once. */
    bench first = unecho_bench(&float_16, NULL);
    send(first.mic, &float_16, mic.samples, &first.mic_sent, 160);
    for (int i = 0; i < 1000; i++) {
        bench b = i % 2 ? unecho_bench(&float_16, &float_16) : pair_bench(&float_16, &float_16);
        send(b.far, &float_16, far.samples, &b.far_sent, 160);
        send(b.mic, &float_16, mic.samples, &b.mic_sent, 160);
        end_bench(&b);
    }
    end_bench(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(far_end_unplugged),
        cmocka_unit_test(probe_unplugged),
        cmocka_unit_test(opened_and_closed),
    };
    return cmocka_run_group_tests_name("gstreamer_cycles", tests, set_up, tear_down);
}
