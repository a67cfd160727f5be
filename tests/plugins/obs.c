/*
 * The filter for OBS Studio, in a libobs without window and picture: it cancels what another source
 * plays, whatever the order in which the chunks of both arrive and however late, and passes the
 * microphone where there is no canceller.
 */
#include "check.h"
#include "rates.h"

#include <math.h>
#include <obs-module.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <util/platform.h>

enum { RATE = 48000, CHUNK = 480 };
enum { NS_PER_SECOND = 1000000000 };

static signal_ mic, far, near;

/* Warnings of the filter. */
static char log_text[4096];

__attribute__((format(printf, 2, 0))) static void keep_log(int level, const char *format,
                                                           va_list arguments, void *unused)
{
    (void)unused;
    const size_t used = strlen(log_text);
    char line[512];
    vsnprintf(line, sizeof line, format, arguments);
    if (level <= LOG_WARNING && strstr(line, "[unecho]"))
        snprintf(log_text + used, sizeof log_text - used, "%s\n", line);
}

static const char *get_name(void *unused)
{
    (void)unused;
    return "test";
}

static void *create(obs_data_t *settings, obs_source_t *source)
{
    (void)settings;
    return source;
}

static void destroy(void *unused)
{
    (void)unused;
}

static signal_ read_at_rate(const char *name)
{
    const signal_ x = read_sample(name);
    const signal_ y = resampled(&x, 16000, RATE);
    free(x.samples);
    return y;
}

static int set_up(void **unused)
{
    (void)unused;
    static const struct obs_source_info source = {
        .id = "test_source",
        .type = OBS_SOURCE_TYPE_INPUT,
        .output_flags = OBS_SOURCE_AUDIO,
        .get_name = get_name,
        .create = create,
        .destroy = destroy,
    };
    mic = read_at_rate("mic");
    far = read_at_rate("far");
    near = read_at_rate("near");
    base_set_log_handler(keep_log, NULL);
    if (!obs_startup("en-US", NULL, NULL))
        fail_msg("%s", "libobs does not start; it needs an X display");
    struct obs_audio_info audio = {.samples_per_sec = RATE, .speakers = SPEAKERS_MONO};
    assert_true(obs_reset_audio(&audio));
    obs_module_t *module;
    assert_int_equal(obs_open_module(&module, UNECHO_OBS_PLUGIN, NULL), MODULE_SUCCESS);
    assert_true(obs_init_module(module));
    obs_register_source(&source);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    obs_shutdown();
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    return 0;
}

/* ---- A scene ------------------------------------------------------------------------------ */

typedef struct scene {
    obs_source_t *microphone, *loudspeaker, *filter;
    uint64_t start_ns, latency_ns;
    uint64_t asked_ns; /* timestamp of the chunk that is being filtered */
    float *out;
    size_t out_n;
} scene;

static void collect(void *data, obs_source_t *source, const struct audio_data *audio, bool muted)
{
    (void)source;
    (void)muted;
    scene *const s = data;
    s->latency_ns = s->asked_ns - audio->timestamp;
    memcpy(s->out + s->out_n, audio->data[0], audio->frames * sizeof *s->out);
    s->out_n += audio->frames;
}

static obs_data_t *settings_for(const char *reference)
{
    obs_data_t *const settings = obs_data_create();
    obs_data_set_string(settings, "reference", reference);
    return settings;
}

static obs_source_t *loudspeaker(void)
{
    return obs_source_create("test_source", "loudspeaker", NULL, NULL);
}

/* settings are released. */
static void open_scene(scene *s, obs_data_t *settings)
{
    *s = (scene){
        .microphone = obs_source_create("test_source", "microphone", NULL, NULL),
        .loudspeaker = loudspeaker(),
        .filter = obs_source_create("unecho_filter", "filter", settings, NULL),
        .start_ns = os_gettime_ns(),
        .out = calloc(mic.count, sizeof(float)),
    };
    assert_non_null(s->filter);
    obs_source_filter_add(s->microphone, s->filter);
    obs_source_add_audio_capture_callback(s->microphone, collect, s);
    obs_data_release(settings);
}

static void close_scene(scene *s)
{
    obs_source_remove_audio_capture_callback(s->microphone, collect, s);
    obs_source_filter_remove(s->microphone, s->filter);
    obs_source_release(s->filter);
    obs_source_release(s->loudspeaker);
    obs_source_release(s->microphone);
    free(s->out);
}

static void play(scene *s, obs_source_t *source, const float *samples, size_t frames,
                 uint64_t timestamp_ns)
{
    const struct obs_source_audio audio = {
        .data = {(const uint8_t *)samples},
        .frames = (uint32_t)frames,
        .speakers = SPEAKERS_MONO,
        .format = AUDIO_FORMAT_FLOAT_PLANAR,
        .samples_per_sec = RATE,
        .timestamp = timestamp_ns,
    };
    s->asked_ns = timestamp_ns;
    obs_source_output_audio(source, &audio);
}

static uint64_t ns_of(size_t frames)
{
    return (uint64_t)frames * NS_PER_SECOND / RATE;
}

/*
 * Both ends in chunks, each handed over when it is complete and up to jitter_ms later, in order; so
 * late are its timestamps, too. The microphone from frame first on.
 */
static void run(scene *s, size_t first, size_t frames, unsigned jitter_ms)
{
    uint32_t seed = 7;
    const signal_ *const both[] = {&far, &mic};
    size_t done[2] = {first, first};
    uint64_t due[2] = {0};
    while (done[0] < frames || done[1] < frames) {
        for (int e = 0; e < 2; e++)
            if (due[e] == 0 && done[e] < frames) {
                static uint64_t last[2];
                const uint64_t jitter =
                    jitter_ms > 0 ? random_bits(&seed) % (jitter_ms * 1000000) : 0;
                due[e] = s->start_ns + ns_of(done[e] + CHUNK) + jitter;
                due[e] = done[e] > first && due[e] < last[e] ? last[e] : due[e];
                last[e] = due[e];
            }
        /* The far end first where both are due. */
        const int e = due[1] == 0 || (due[0] != 0 && due[0] <= due[1]) ? 0 : 1;
        const size_t n = frames - done[e] < CHUNK ? frames - done[e] : CHUNK;
        obs_source_t *const source = e == 0 ? s->loudspeaker : s->microphone;
        if (source)
            play(s, source, both[e]->samples + done[e], n, due[e] - ns_of(CHUNK));
        done[e] += n;
        due[e] = 0;
    }
}

/* The echo's loss while only the far end talks, from `from` seconds on, and what becomes of the
 * near end's level. */
static void assert_cancels(const scene *s, double from, double least_db)
{
    const size_t latency = (size_t)((s->latency_ns * RATE + NS_PER_SECOND / 2) / NS_PER_SECOND);
    const signal_ clean = {s->out + latency, s->out_n - latency};
    const part alone = {from, far_alone.to};
    const double erle = part_db(&mic, RATE, alone) - part_db(&clean, RATE, alone);
    const double level = part_db(&clean, RATE, near_alone) - part_db(&near, RATE, near_alone);
    print_message("# echo %.1f dB weaker, near end %+.2f dB, %zu frames late\n", erle, level,
                  latency);
    assert_true(erle >= least_db);
    assert_true(fabs(level) <= 1.0);
}

static void assert_logged(const char *text)
{
    if (!strstr(log_text, text))
        fail_msg("\"%s\" instead of \"%s\"", log_text, text);
    assert_ptr_equal(strchr(log_text, '\n'), log_text + strlen(log_text) - 1);
    log_text[0] = '\0';
}

/* ---- Tests -------------------------------------------------------------------------------- */

static void sample(void **unused)
{
    (void)unused;
    scene s;
    open_scene(&s, settings_for("loudspeaker"));
    run(&s, 0, mic.count, 0);
    assert_int_equal(s.out_n, mic.count);
    assert_cancels(&s, far_alone.from, 25.0);
    close_scene(&s);
    assert_string_equal(log_text, "");
}

/* Where the first chunks come at odd times the echo is found anew: from 3.6 s on. */
static void jitter_of_60_ms(void **unused)
{
    (void)unused;
    scene s;
    open_scene(&s, settings_for("loudspeaker"));
    run(&s, 0, mic.count, 60);
    assert_int_equal(s.out_n, mic.count);
    assert_cancels(&s, 3.6, 25.0);
    close_scene(&s);
}

/* Its timestamps count from 0, as those of a file that is played. */
static void another_clock(void **unused)
{
    (void)unused;
    scene s;
    open_scene(&s, settings_for("loudspeaker"));
    for (size_t done = 0; done < mic.count; done += CHUNK) {
        const size_t n = mic.count - done < CHUNK ? mic.count - done : CHUNK;
        play(&s, s.loudspeaker, far.samples + done, n, ns_of(done));
        play(&s, s.microphone, mic.samples + done, n, s.start_ns + ns_of(done));
    }
    assert_cancels(&s, 3.6, 25.0);
    close_scene(&s);
}

static void settings_while_it_runs(void **unused)
{
    (void)unused;
    scene s;
    open_scene(&s, settings_for(""));
    assert_logged("no reference is chosen");
    obs_data_t *const settings = settings_for("loudspeaker");
    obs_data_set_double(settings, "suppression", 2.0);
    obs_data_set_int(settings, "noise_reduction_db", 0);
    obs_source_update(s.filter, settings);
    run(&s, 0, mic.count / 2, 0);
    const uint64_t latency_ns = s.latency_ns;
    obs_data_set_int(settings, "reference_late_ms", 0);
    obs_source_update(s.filter, settings);
    run(&s, mic.count / 2, mic.count, 0);
    assert_int_equal(latency_ns - s.latency_ns, 160000000);
    assert_string_equal(log_text, "");
    obs_data_release(settings);
    close_scene(&s);
}

/* A slider that is moved asks for nothing anew: neither does the far end jump, nor is it said again
 * that there is none. */
static void slider_while_it_runs(void **unused)
{
    (void)unused;
    scene s;
    obs_data_t *const settings = settings_for("loudspeaker");
    obs_data_addref(settings);
    open_scene(&s, settings);
    for (size_t done = 0; done < mic.count; done += RATE / 2) {
        obs_data_set_double(settings, "suppression", 1.0 + 0.1 * (double)(done / (RATE / 2) % 2));
        obs_source_update(s.filter, settings);
        run(&s, done, done + RATE / 2 < mic.count ? done + RATE / 2 : mic.count, 60);
    }
    assert_cancels(&s, 3.6, 25.0);
    close_scene(&s);
    obs_data_release(settings);

    open_scene(&s, settings_for(""));
    assert_logged("no reference is chosen");
    obs_source_update(s.filter, NULL);
    assert_string_equal(log_text, "");
    close_scene(&s);
}

/* The reference goes in mid-run, and another of its name comes. */
static void reference_unplugged(void **unused)
{
    (void)unused;
    scene s;
    open_scene(&s, settings_for("loudspeaker"));
    run(&s, 0, mic.count / 3, 0);
    obs_source_release(s.loudspeaker);
    s.loudspeaker = NULL;
    run(&s, mic.count / 3, mic.count / 2, 0);
    obs_source_update(s.filter, NULL);
    assert_logged("the reference \"loudspeaker\" is not there");
    s.loudspeaker = loudspeaker();
    obs_source_update(s.filter, NULL);
    run(&s, mic.count / 2, mic.count, 0);
    assert_int_equal(s.out_n, mic.count);
    assert_string_equal(log_text, "");
    close_scene(&s);
}

/* Settings from a file that was edited: the microphone passes unchanged, and one line says why. */
static void settings_that_are_none(void **unused)
{
    (void)unused;
    obs_data_t *const settings = settings_for("loudspeaker");
    obs_data_set_int(settings, "noise_reduction_db", 1000);
    scene s;
    open_scene(&s, settings);
    run(&s, 0, RATE, 0);
    assert_int_equal(s.out_n, RATE);
    assert_int_equal(memcmp(s.out, mic.samples, RATE * sizeof *s.out), 0);
    assert_int_equal(s.latency_ns, 0);
    assert_logged("noise_reduction_db is 1000");
    close_scene(&s);
}

/* Properties are shown, also before there is a filter. */
static void properties(void **unused)
{
    (void)unused;
    scene s;
    open_scene(&s, settings_for("loudspeaker"));
    obs_properties_t *const all = obs_source_properties(s.filter);
    obs_property_t *const list = obs_properties_get(all, "reference");
    assert_non_null(list);
    /* None and the loudspeaker, but not the microphone itself. */
    assert_int_equal(obs_property_list_item_count(list), 2);
    assert_string_equal(obs_property_list_item_string(list, 1), "loudspeaker");
    obs_properties_destroy(all);
    obs_properties_destroy(obs_get_source_properties("unecho_filter"));
    close_scene(&s);
}

/* Under the sanitizers nothing may be left. One stays open, so that the model is unpacked once. */
static void opened_and_closed(void **unused)
{
    (void)unused;
    obs_data_t *const settings = settings_for("loudspeaker");
    obs_source_t *const first = obs_source_create("unecho_filter", "first", settings, NULL);
    obs_data_release(settings);
    log_text[0] = '\0';
    for (int i = 0; i < 1000; i++) {
        scene s;
        open_scene(&s, settings_for("loudspeaker"));
        run(&s, 0, CHUNK, 0);
        close_scene(&s);
    }
    assert_string_equal(log_text, "");
    obs_source_release(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sample),
        cmocka_unit_test(jitter_of_60_ms),
        cmocka_unit_test(another_clock),
        cmocka_unit_test(settings_while_it_runs),
        cmocka_unit_test(slider_while_it_runs),
        cmocka_unit_test(reference_unplugged),
        cmocka_unit_test(settings_that_are_none),
        cmocka_unit_test(properties),
        cmocka_unit_test(opened_and_closed),
    };
    return cmocka_run_group_tests_name("obs", tests, set_up, tear_down);
}
