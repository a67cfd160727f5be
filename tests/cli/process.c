/*
 * unecho process: any format, any chunk, files and pipes give the samples that the library gives,
 * in the microphone's format and on its timeline.
 */
#include "check.h"
#include "command.h"

#include "unecho.h"

#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

/* Not a whole number of hops or default chunks. */
#define COUNT 20011

static signal_ mic, far;

/* The same two signals in the formats that the tests need. */
static int set_up(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    mic = noise_signal(COUNT, 0.5f, 7);
    far = noise_signal(COUNT, 0.5f, 11);
    write_sound("mic.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, mic.samples, COUNT);
    write_sound("far.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, far.samples, COUNT);
    write_bytes("mic.f32", mic.samples, COUNT * sizeof(float));
    write_bytes("far.f32", far.samples, COUNT * sizeof(float));
    return 0;
}

static int tear_down(void **state)
{
    free(mic.samples);
    free(far.samples);
    return leave_folder(state);
}

/* With the settings of --reference. */
static unecho *open_reference(void)
{
    const unecho_config config = reference_config();
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    return stream;
}

/* The library's output. Freed by the caller. */
static float *expected(const float *m, size_t m_count, const float *f, size_t f_count,
                       unsigned options)
{
    float *out = malloc((m_count + 1) * sizeof(*out));
    unecho *stream = open_reference();
    assert_non_null(out);
    assert_int_equal(unecho_process_whole(stream, m, m_count, f, f_count, out, options), UNECHO_OK);
    unecho_close(&stream);
    return out;
}

/*
 * What a live caller gets for the first `count` samples, without `lag` of latency. Freed by the
 * caller.
 */
static float *expected_live(size_t count, size_t lag)
{
    float *m = calloc(count + 512, sizeof(*m)), *f = calloc(count + 512, sizeof(*f));
    unecho *stream = open_reference();
    assert_true(m && f);
    memcpy(m, mic.samples, count * sizeof(*m));
    memcpy(f, far.samples, count * sizeof(*f));
    assert_int_equal(unecho_process(stream, m, f, m, count + 512), UNECHO_OK);
    memmove(m, m + (size_t)unecho_latency(stream) - lag, count * sizeof(*m));
    unecho_close(&stream);
    free(f);
    return m;
}

static void expect_samples(const char *path, const float *samples, size_t count)
{
    signal_ got = read_signal(path);
    assert_int_equal(got.count, count);
    assert_memory_equal(got.samples, samples, count * sizeof(*samples));
    free(got.samples);
}

static void succeed(outcome *result, const char *words)
{
    run(result, words);
    expect_code(result, 0);
    assert_int_equal(count_hidden(), 0);
}

/* ---- Samples ---------------------------------------------------------------------------- */

static void latency_is_removed(void **state)
{
    outcome result;
    float *out = expected(mic.samples, COUNT, far.samples, COUNT, 0);
    (void)state;
    succeed(&result, "process --reference mic.wav far.wav -o out.wav");
    expect_samples("out.wav", out, COUNT);
    free(out);
}

static void latency_is_kept(void **state)
{
    outcome result;
    float *out = expected(mic.samples, COUNT, far.samples, COUNT, UNECHO_KEEP_LATENCY);
    float *without = expected(mic.samples, COUNT, far.samples, COUNT, 0);
    (void)state;
    succeed(&result, "process --reference --keep-latency mic.wav far.wav -o k.wav");
    expect_samples("k.wav", out, COUNT);
    assert_memory_equal(out + 384, without, (COUNT - 384) * sizeof(*out));
    free(out);
    free(without);
}

/* Whole and live, each engine gives what it gives in the library. */
static void engines(void **state)
{
    static const struct {
        const char *words;
        unecho_engine engine;
        unsigned tail_ms;
    } all[] = {
        {"", UNECHO_ENGINE_LINEAR_NEURAL, 256},
        {"--engine linear+neural --tail 64", UNECHO_ENGINE_LINEAR_NEURAL, 64},
        {"--engine neural", UNECHO_ENGINE_NEURAL, 256},
        {"--engine linear --tail 512", UNECHO_ENGINE_LINEAR, 512},
        {"--engine linear --keep-latency", UNECHO_ENGINE_LINEAR, 256},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        outcome result;
        char words[200];
        float *out = malloc(COUNT * sizeof(*out));
        unecho_config config;
        unecho *stream = NULL;
        unecho_config_init(&config);
        config.engine = all[i].engine;
        config.linear_tail_ms = all[i].tail_ms;
        config.reference_late_ms = 200;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
        assert_int_equal(
            unecho_process_whole(stream, mic.samples, COUNT, far.samples, COUNT, out, 0),
            UNECHO_OK);
        unecho_close(&stream);
        snprintf(words, sizeof(words), "process mic.wav far.wav -o out.wav %s --json",
                 all[i].words);
        succeed(&result, words);
        expect_samples("out.wav", out, COUNT);
        assert_int_equal(strstr(result.output, "\"linear_erle_db\"") != NULL,
                         all[i].engine != UNECHO_ENGINE_NEURAL);
        free(out);
    }
}

/* Like a live caller: nothing before the signal, whatever the chunk. */
static void chunks_do_not_matter(void **state)
{
    static const char *const chunks[] = {"1", "100", "128", "1000", "4096", "1048576"};
    outcome result;
    float *out = expected_live(COUNT, 0), *kept = expected_live(COUNT, 384);
    (void)state;
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        char words[200];
        snprintf(words, sizeof(words),
                 "process --reference --chunk %s mic.wav far.wav -o chunk.wav", chunks[i]);
        succeed(&result, words);
        expect_samples("chunk.wav", out, COUNT);
        snprintf(words, sizeof(words),
                 "process --reference --keep-latency --chunk %s mic.wav far.wav -o k.wav",
                 chunks[i]);
        succeed(&result, words);
        expect_samples("k.wav", kept, COUNT);
    }
    free(out);
    free(kept);
}

static void integers_are_rounded_to_nearest(void **state)
{
    outcome result;
    signal_ m, f, got;
    float *out;
    (void)state;
    write_sound("m16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, mic.samples, COUNT);
    write_sound("f16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, far.samples, COUNT);
    succeed(&result, "process --reference m16.wav f16.wav -o o16.wav");
    m = read_signal("m16.wav");
    f = read_signal("f16.wav");
    got = read_signal("o16.wav");
    assert_int_equal(got.count, COUNT);
    out = expected(m.samples, COUNT, f.samples, COUNT, 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_true(got.samples[i] * 32768.0f == floorf(out[i] * 32768.0f + 0.5f));
    free(out);
    free(m.samples);
    free(f.samples);
    free(got.samples);
}

/* As unecho_process_int16 rounds. A near end alone passes as it is. */
static void halves_are_rounded_up(void **state)
{
    float halves[COUNT], silence[COUNT] = {0.0f};
    outcome result;
    size_t size;
    (void)state;
    for (int i = 0; i < COUNT; i++)
        halves[i] = ((float)(i % 1000 - 500) + 0.5f) / 32768.0f;
    write_sound("halves.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, halves, COUNT);
    write_sound("silence.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, silence, COUNT);
    run(&result, "process --noise-reduction 0 halves.wav silence.wav -o halves.s16 --raw s16le");
    expect_code(&result, 0);
    char *out = read_bytes("halves.s16", &size);
    assert_int_equal(size, 2 * COUNT);
    for (int i = 0; i < COUNT; i++) {
        int16_t value;
        memcpy(&value, out + 2 * i, sizeof value);
        assert_int_equal(value, i % 1000 - 499);
    }
    free(out);
}

static void pipes_carry_the_same(void **state)
{
    static const surroundings through = {.input = "mic.f32", .output = "piped.f32"};
    outcome result;
    float *out = expected(mic.samples, COUNT, far.samples, COUNT, 0);
    float *live = expected_live(COUNT, 0);
    (void)state;
    run_in(&result, &through, "process --reference --raw f32le --chunk 128 - far.f32 -o -");
    expect_code(&result, 0);
    expect_samples("piped.f32", live, COUNT);
    /* The summary goes where the samples do not. */
    expect_part(result.messages, "standard output: 1.25 s");

    succeed(&result, "process --reference --raw f32le mic.f32 far.f32 -o raw.f32");
    expect_samples("raw.f32", out, COUNT);
    /* A known file name extension decides the format. */
    succeed(&result, "process --reference --raw f32le mic.f32 far.wav -o raw.wav");
    assert_int_equal(format_of("raw.wav"), SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    expect_samples("raw.wav", out, COUNT);
    free(out);
    free(live);
}

static void sixteen_bit_pipes_carry_the_same(void **state)
{
    static const surroundings through = {.input = "mic.s16", .output = "piped.s16"};
    outcome result;
    size_t size, raw_size;
    char *raw, *piped;
    (void)state;
    write_sound("mic.s16", SF_FORMAT_RAW | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, mic.samples, COUNT);
    write_sound("far.s16", SF_FORMAT_RAW | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, far.samples, COUNT);
    write_sound("mic16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, mic.samples, COUNT);
    write_sound("far16.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, far.samples, COUNT);
    run_in(&result, &through, "process --reference --raw s16le - far.s16 -o -");
    expect_code(&result, 0);
    succeed(&result, "process --reference mic16.wav far16.wav -o out16.wav");

    /* An empty WAV file as libsndfile writes it: 44 bytes of header. */
    raw = read_bytes("out16.wav", &raw_size);
    piped = read_bytes("piped.s16", &size);
    assert_int_equal(size, 2 * COUNT);
    assert_int_equal(raw_size, 44 + size);
    assert_memory_equal(raw + 44, piped, size);
    free(raw);
    free(piped);
}

/* Without --reference the delay is searched for, in both directions; with --chunk in one. */
static void alignment_is_that_of_the_library(void **state)
{
    static const struct {
        const char *options;
        unecho_align align;
        double delay_ms;
        unsigned late_ms;
    } cases[] = {
        {"", UNECHO_ALIGN_AUTO, 0.0, 200},
        {"--reference-late 20", UNECHO_ALIGN_AUTO, 0.0, 20},
        {"--align off", UNECHO_ALIGN_OFF, 0.0, 0},
        {"--align 12.5", UNECHO_ALIGN_FIXED, 12.5, 0},
        {"--align -7", UNECHO_ALIGN_FIXED, -7.0, 7},
        {"--align -7 --reference-late 50", UNECHO_ALIGN_FIXED, -7.0, 50},
    };
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        float *out = malloc(COUNT * sizeof(*out));
        unecho_config config;
        unecho *stream = NULL;
        char words[200];
        assert_non_null(out);
        unecho_config_init(&config);
        config.align = cases[i].align;
        config.delay_ms = cases[i].delay_ms;
        config.reference_late_ms = cases[i].late_ms;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
        assert_int_equal(
            unecho_process_whole(stream, mic.samples, COUNT, far.samples, COUNT, out, 0),
            UNECHO_OK);
        unecho_close(&stream);
        snprintf(words, sizeof(words), "process mic.wav far.wav -o out.wav %s", cases[i].options);
        succeed(&result, words);
        expect_samples("out.wav", out, COUNT);
        free(out);
    }
}

/* ---- Lengths ---------------------------------------------------------------------------- */

static void shorter_far_end_is_silent_after_it(void **state)
{
    outcome result;
    float *out = expected(mic.samples, COUNT, far.samples, 9000, 0);
    (void)state;
    write_sound("short.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, far.samples, 9000);
    succeed(&result, "process --reference mic.wav short.wav -o out.wav");
    expect_samples("out.wav", out, COUNT);
    expect_part(result.messages, "short.wav: 0.69 s (11011 samples) shorter");
    succeed(&result, "process --reference mic.wav short.wav -o out.wav --quiet");
    assert_string_equal(result.messages, "");
    assert_string_equal(result.output, "");
    free(out);
}

static void longer_far_end_is_cut(void **state)
{
    outcome result;
    float *out = expected(mic.samples, 9000, far.samples, 9000, 0);
    (void)state;
    write_sound("brief.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, mic.samples, 9000);
    succeed(&result, "process --reference brief.wav far.wav -o out.wav");
    expect_samples("out.wav", out, 9000);
    expect_part(result.messages, "far.wav: 0.69 s (11011 samples) longer");
    free(out);
}

static void every_length_is_kept(void **state)
{
    static const size_t counts[] = {1, 127, 128, 129, 383, 384, 385, 512, 2048};
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        float *out = expected(mic.samples, counts[i], far.samples, counts[i], 0);
        float *live = expected_live(counts[i], 0);
        write_sound("n.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, mic.samples, counts[i]);
        succeed(&result, "process --reference n.wav far.wav -o out.wav");
        expect_samples("out.wav", out, counts[i]);
        succeed(&result, "process --reference n.wav far.wav -o out.wav --chunk 100");
        expect_samples("out.wav", live, counts[i]);
        free(out);
        free(live);
    }
}

/* ---- Formats ---------------------------------------------------------------------------- */

static void format_is_that_of_the_microphone(void **state)
{
    static const struct {
        const char *mic, *out;
        int format, expected;
    } cases[] = {
        {"a.wav", "b.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_PCM_16},
        {"a.wav", "b.WAV", SF_FORMAT_WAV | SF_FORMAT_PCM_24, SF_FORMAT_WAV | SF_FORMAT_PCM_24},
        {"a.wav", "b.wav", SF_FORMAT_WAVEX | SF_FORMAT_FLOAT, SF_FORMAT_WAVEX | SF_FORMAT_FLOAT},
        {"a.wav", "b.wav", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, SF_FORMAT_RF64 | SF_FORMAT_PCM_16},
        {"a.flac", "b.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
        {"a.aiff", "b.aif", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, SF_FORMAT_AIFF | SF_FORMAT_PCM_24},
        {"a.wav", "b.flac", SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
        {"a.wav", "b.flac", SF_FORMAT_WAV | SF_FORMAT_FLOAT, SF_FORMAT_FLAC | SF_FORMAT_PCM_24},
        {"a.flac", "b.w64", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16},
        {"a.wav", "b.caf", SF_FORMAT_WAV | SF_FORMAT_ULAW, SF_FORMAT_CAF | SF_FORMAT_ULAW},
        {"a.wav", "b.ogg", SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS},
    };
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char words[200];
        signal_ out;
        write_sound(cases[i].mic, cases[i].format, mic.samples, COUNT);
        snprintf(words, sizeof(words), "process %s far.wav -o %s", cases[i].mic, cases[i].out);
        succeed(&result, words);
        assert_int_equal(format_of(cases[i].out), cases[i].expected);
        out = read_signal(cases[i].out);
        assert_int_equal(out.count, COUNT);
        free(out.samples);
        remove(cases[i].out);
    }
}

static void texts_are_copied(void **state)
{
    outcome result;
    SF_INFO info = {0};
    SNDFILE *file;
    (void)state;
    info.samplerate = 16000;
    info.channels = 1;
    info.format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
    file = sf_open("titled.flac", SFM_WRITE, &info);
    assert_non_null(file);
    sf_set_string(file, SF_STR_TITLE, "Monday's call");
    assert_int_equal(sf_writef_float(file, mic.samples, 1000), 1000);
    sf_close(file);
    succeed(&result, "process titled.flac far.wav -o titled.wav");
    file = sf_open("titled.wav", SFM_READ, &info);
    assert_non_null(file);
    assert_string_equal(sf_get_string(file, SF_STR_TITLE), "Monday's call");
    sf_close(file);
}

static void mode_is_that_of_other_new_files(void **state)
{
    outcome result;
    struct stat status;
    mode_t mask = umask(027);
    (void)state;
    remove("mode.wav");
    succeed(&result, "process mic.wav far.wav -o mode.wav");
    assert_int_equal(stat("mode.wav", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(chmod("mode.wav", 0600), 0);
    succeed(&result, "process mic.wav far.wav -o mode.wav");
    assert_int_equal(stat("mode.wav", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    umask(mask);
}

/* ---- Levels ----------------------------------------------------------------------------- */

static void loud_output_is_scaled_or_clipped(void **state)
{
    signal_ m = noise_signal(COUNT, 60.0f, 3);
    float *plain = expected(m.samples, COUNT, far.samples, COUNT, 0);
    float *scaled = expected(m.samples, COUNT, far.samples, COUNT, UNECHO_NORMALIZE_PEAK);
    signal_ got;
    outcome result;
    (void)state;
    /* Otherwise this tests nothing. */
    assert_true(memcmp(plain, scaled, COUNT * sizeof(*plain)) != 0);
    write_sound("loud.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, m.samples, COUNT);
    succeed(&result, "process --reference loud.wav far.wav -o out.wav");
    expect_samples("out.wav", plain, COUNT);
    succeed(&result, "process --reference loud.wav far.wav -o out.wav --normalize-peak");
    expect_samples("out.wav", scaled, COUNT);
    expect_part(result.output, "scaled to 0.99");

    succeed(&result, "process --reference loud.wav far.wav -o out.flac");
    expect_part(result.output, "clipped");
    got = read_signal("out.flac");
    for (size_t i = 0; i < COUNT; i++)
        assert_true(fabsf(got.samples[i] - fmaxf(-1.0f, fminf(1.0f, plain[i]))) < 1e-6f);
    free(got.samples);
    free(m.samples);
    free(plain);
    free(scaled);
}

static void bad_samples_are_counted(void **state)
{
    outcome result;
    float *m = malloc(COUNT * sizeof(*m));
    (void)state;
    assert_non_null(m);
    memcpy(m, mic.samples, COUNT * sizeof(*m));
    m[5] = NAN;
    m[5000] = INFINITY;
    m[9000] = -1e9f;
    write_bytes("bad.f32", m, COUNT * sizeof(*m));
    succeed(&result, "process --raw f32le bad.f32 far.f32 -o out.f32 --json");
    expect_part(result.output, "\"guarded_samples\": 3,");
    free(m);
}

/* ---- What it says ----------------------------------------------------------------------- */

/* The number after "key": , or NAN for null. */
static double number_of(const char *json, const char *key)
{
    char quoted[64];
    const char *at;
    char *end;
    double value;
    snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
    at = strstr(json, quoted);
    if (!at)
        fail_msg("%s is missing in %s", key, json);
    at += strlen(quoted);
    if (strncmp(at, "null", 4) == 0)
        return (double)NAN;
    value = strtod(at, &end);
    assert_true(end != at && (*end == ',' || *end == '}'));
    return value;
}

static void summary_for_programs(void **state)
{
    outcome result;
    signal_ out;
    (void)state;
    succeed(&result, "process mic.wav far.wav -o out.wav --json");
    out = read_signal("out.wav");
    assert_int_equal(result.output[0], '{');
    assert_string_equal(strchr(result.output, '}'), "}\n");
    assert_true(fabs(number_of(result.output, "seconds") - COUNT / 16000.0) < 1e-6);
    assert_true(number_of(result.output, "realtime") > 0.0);
    assert_true(number_of(result.output, "cpu_seconds_per_audio_second") > 0.0);
    assert_true(number_of(result.output, "latency_samples") == 0.0);
    assert_true(fabs(number_of(result.output, "mic_db") - power_db(mic.samples, COUNT)) < 0.002);
    assert_true(fabs(number_of(result.output, "out_db") - power_db(out.samples, COUNT)) < 0.002);
    assert_true(isfinite(number_of(result.output, "erle_db")));
    assert_true(number_of(result.output, "guarded_samples") == 0.0);
    free(out.samples);

    succeed(&result, "process mic.wav far.wav -o out.wav --json --keep-latency --chunk 100");
    assert_true(number_of(result.output, "latency_samples") == 128.0);
}

static void silence_has_no_level(void **state)
{
    static float silence[4000];
    outcome result;
    (void)state;
    write_sound("silence.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, silence, 4000);
    succeed(&result, "process silence.wav silence.wav -o out.wav --json");
    assert_true(isnan(number_of(result.output, "mic_db")));
    assert_true(isnan(number_of(result.output, "erle_db")));
    succeed(&result, "process silence.wav silence.wav -o out.wav");
    expect_part(result.output, "silence before");
}

static void nothing_but_the_summary(void **state)
{
    outcome result;
    (void)state;
    succeed(&result, "process mic.wav far.wav -o /dev/null --json");
    assert_true(number_of(result.output, "seconds") > 1.0);
    assert_true(exists("/dev/null"));
}

/* ---- Interruption ----------------------------------------------------------------------- */

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static void interruption_leaves_a_valid_file(void **state)
{
    static const surroundings usual;
    outcome result;
    FILE *pipe;
    pid_t pid;
    int unread = 1;
    float *out = expected_live(4096, 0);
    (void)state;
    assert_int_equal(mkfifo("live.f32", 0600), 0);
    pid = start(&usual, "process --reference --raw f32le --chunk 1024 live.f32 far.f32 -o cut.wav");
    pipe = fopen("live.f32", "wb");
    assert_non_null(pipe);
    assert_int_equal(fwrite(mic.samples, sizeof(float), 4096, pipe), 4096);
    fflush(pipe);
    while (ioctl(fileno(pipe), FIONREAD, &unread) == 0 && unread > 0)
        pause_briefly();
    assert_int_equal(count_hidden(), 1);
    assert_false(exists("cut.wav"));
    assert_int_equal(kill(pid, SIGINT), 0);
    finish(&result, pid);
    fclose(pipe);
    expect_code(&result, 1);
    expect_part(result.messages, "interrupted: cut.wav contains the first 0.26 s");
    assert_int_equal(count_hidden(), 0);
    expect_samples("cut.wav", out, 4096);
    free(out);
}

/* What was there before is worth more than a part of what was to come; none of the signals leaves
 * a hidden file with voices. */
static void interruption_keeps_an_earlier_file(void **state)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGALRM, SIGXCPU, SIGUSR1};
    static const surroundings usual;
    (void)state;
    assert_int_equal(mkfifo("slow.f32", 0600), 0);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        outcome result;
        int unread = 1;
        write_bytes("old.wav", "PRECIOUS", 8);
        const pid_t pid = start(
            &usual, "process --reference --raw f32le --chunk 1024 slow.f32 far.f32 -o old.wav");
        FILE *const pipe = fopen("slow.f32", "wb");
        assert_non_null(pipe);
        assert_int_equal(fwrite(mic.samples, sizeof(float), 4096, pipe), 4096);
        fflush(pipe);
        while (ioctl(fileno(pipe), FIONREAD, &unread) == 0 && unread > 0)
            pause_briefly();
        assert_int_equal(kill(pid, signals[i]), 0);
        finish(&result, pid);
        fclose(pipe);
        expect_code(&result, 1);
        expect_part(result.messages, "interrupted: old.wav is as it was");
        assert_int_equal(count_hidden(), 0);
        size_t size = 0;
        char *const left = read_bytes("old.wav", &size);
        assert_int_equal(size, 8);
        assert_memory_equal(left, "PRECIOUS", 8);
        free(left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_is_removed),
        cmocka_unit_test(latency_is_kept),
        cmocka_unit_test(engines),
        cmocka_unit_test(chunks_do_not_matter),
        cmocka_unit_test(integers_are_rounded_to_nearest),
        cmocka_unit_test(halves_are_rounded_up),
        cmocka_unit_test(pipes_carry_the_same),
        cmocka_unit_test(sixteen_bit_pipes_carry_the_same),
        cmocka_unit_test(alignment_is_that_of_the_library),
        cmocka_unit_test(shorter_far_end_is_silent_after_it),
        cmocka_unit_test(longer_far_end_is_cut),
        cmocka_unit_test(every_length_is_kept),
        cmocka_unit_test(format_is_that_of_the_microphone),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(mode_is_that_of_other_new_files),
        cmocka_unit_test(loud_output_is_scaled_or_clipped),
        cmocka_unit_test(bad_samples_are_counted),
        cmocka_unit_test(summary_for_programs),
        cmocka_unit_test(silence_has_no_level),
        cmocka_unit_test(nothing_but_the_summary),
        cmocka_unit_test(interruption_leaves_a_valid_file),
        cmocka_unit_test(interruption_keeps_an_earlier_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
