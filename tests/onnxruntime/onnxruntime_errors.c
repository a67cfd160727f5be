/*
 * What the ONNX Runtime backend reports when the library is missing, wrong or too old; that it
 * frees everything when a call of the library fails, and outputs silence instead of garbage.
 */
#include "backends.h"
#include "check.h"
#include "fake_onnxruntime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors ----------------------------------------------------------------------------- */

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

/* Opening fails with this status and a message that contains part. */
static void assert_refused(unecho_config config, int status, const char *part)
{
    char message[UNECHO_MESSAGE_SIZE] = "stale";
    config.message = message;
    config.message_size = sizeof message;
    unecho *stream = NULL;
    const int found = unecho_open(&stream, &config);
    if (found != status)
        fail_msg("status %d, expected %d: %s", found, status, message);
    assert_null(stream);
    assert_contains(message, part);
}

/* What the configs below point to. */
static unecho_onnxruntime settings;

static unecho_config onnxruntime_config(const char *library)
{
    unecho_config config = config_for(UNECHO_BACKEND_ONNXRUNTIME, NULL);
    settings = (unecho_onnxruntime){.size = sizeof settings, .library = library};
    config.onnxruntime = &settings;
    return config;
}

static void library_that_is_not_there(void **unused)
{
    (void)unused;
    assert_refused(onnxruntime_config("/nowhere/libonnxruntime.so.1"), UNECHO_ERROR_BACKEND,
                   "cannot load ONNX Runtime from /nowhere/libonnxruntime.so.1 (set by "
                   "onnxruntime->library)");
}

static void environment_that_is_wrong(void **unused)
{
    (void)unused;
    const char *const found = getenv("UNECHO_ONNXRUNTIME");
    char *const before = found ? strdup(found) : NULL;
    setenv("UNECHO_ONNXRUNTIME", "/nowhere/else.so", 1);
    assert_refused(onnxruntime_config(NULL), UNECHO_ERROR_BACKEND,
                   "cannot load ONNX Runtime from /nowhere/else.so (set by UNECHO_ONNXRUNTIME)");
    /* The config takes precedence. */
    assert_refused(onnxruntime_config("/nowhere/first.so"), UNECHO_ERROR_BACKEND,
                   "/nowhere/first.so");
    if (before)
        setenv("UNECHO_ONNXRUNTIME", before, 1);
    else
        unsetenv("UNECHO_ONNXRUNTIME");
    free(before);
}

/* If the system has none, the message says how to get one. */
static void library_that_nobody_installed(void **unused)
{
    (void)unused;
    void *const installed = dlopen("libonnxruntime.so.1", RTLD_LAZY);
    if (installed) {
        dlclose(installed);
        print_message("skipped: this system has an ONNX Runtime installed\n");
        skip();
    }
    const char *const found = getenv("UNECHO_ONNXRUNTIME");
    char *const before = found ? strdup(found) : NULL;
    setenv("UNECHO_ONNXRUNTIME", "", 1);
    assert_refused(onnxruntime_config(NULL), UNECHO_ERROR_BACKEND, "set UNECHO_ONNXRUNTIME to");
    if (before)
        setenv("UNECHO_ONNXRUNTIME", before, 1);
    else
        unsetenv("UNECHO_ONNXRUNTIME");
    free(before);
}

static void file_that_is_no_library(void **unused)
{
    (void)unused;
    assert_refused(onnxruntime_config(UNECHO_THIS_FILE), UNECHO_ERROR_BACKEND,
                   "cannot load ONNX Runtime from " UNECHO_THIS_FILE);
    assert_refused(onnxruntime_config("libm.so.6"), UNECHO_ERROR_BACKEND,
                   "libm.so.6 is not ONNX Runtime: it has no OrtGetApiBase");
}

/* A failure does not touch the output parameter or the bytes after the message buffer. */
static void message_buffers(void **unused)
{
    (void)unused;
    unecho_config config = onnxruntime_config("/nowhere");
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_BACKEND);
    char small[8] = "1234567";
    config.message = small;
    config.message_size = 4;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_BACKEND);
    assert_memory_equal(small,
                        "can\0"
                        "567",
                        8);
    config.message_size = sizeof small;
    config.backend = UNECHO_BACKEND_NATIVE;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_string_equal(small, "");
    unecho_close(&stream);
}

static void fields_out_of_range(void **unused)
{
    (void)unused;
    unecho_config config = onnxruntime_config("/nowhere");
    settings.stage_threads[0] = 65;
    assert_refused(config, UNECHO_ERROR_ARGUMENT, "onnxruntime->stage_threads[0] is 65");
    settings.stage_threads[0] = 64;
    settings.stage_threads[1] = 65;
    assert_refused(config, UNECHO_ERROR_ARGUMENT, "onnxruntime->stage_threads[1] is 65");
    config = onnxruntime_config("/nowhere");
    settings.size = 1;
    assert_refused(config, UNECHO_ERROR_ARGUMENT, "onnxruntime->size is 1");
    config = onnxruntime_config("/nowhere");
    settings.profile = "/nowhere/profile";
    assert_refused(config, UNECHO_ERROR_FILE, "/nowhere/profile: cannot be opened");
    settings.profile = UNECHO_THIS_FILE;
    assert_refused(config, UNECHO_ERROR_FORMAT, "not a profile");
    config = onnxruntime_config("/nowhere");
    config.backend = (unecho_backend)7;
    assert_refused(config, UNECHO_ERROR_ARGUMENT, "backend is 7");
    config = config_for(UNECHO_BACKEND_NATIVE, NULL);
    config.precision = (unecho_precision)4;
    assert_refused(config, UNECHO_ERROR_ARGUMENT, "precision is 4");
    config = config_for(UNECHO_BACKEND_NATIVE, NULL);
    config.hops_at_once = 65;
    assert_refused(config, UNECHO_ERROR_ARGUMENT, "hops_at_once is 65");
    config = config_for(UNECHO_BACKEND_NATIVE, NULL);
    config.sample_rate = 7999;
    assert_refused(config, UNECHO_ERROR_SAMPLE_RATE, "sample_rate is 7999");
}

/* ONNX Runtime reports to its maker unless told otherwise; an earlier choice stays. */
static void nothing_is_reported(void **unused)
{
    (void)unused;
    assert_refused(onnxruntime_config("/nowhere"), UNECHO_ERROR_BACKEND, "/nowhere");
    assert_string_equal(getenv("ORT_DISABLE_TELEMETRY"), "1");
    setenv("ORT_DISABLE_TELEMETRY", "0", 1);
    assert_refused(onnxruntime_config("/nowhere"), UNECHO_ERROR_BACKEND, "/nowhere");
    assert_string_equal(getenv("ORT_DISABLE_TELEMETRY"), "0");
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
}

/* ---- The library that fails as ordered -------------------------------------------------- */

static void *fake_handle;
static fake_controls *controls;

static int load_fake(void **unused)
{
    (void)unused;
    fake_handle = dlopen(UNECHO_FAKE_ONNXRUNTIME, RTLD_NOW);
    controls = fake_handle ? dlsym(fake_handle, "fake") : NULL;
    return controls ? 0 : -1;
}

static int unload_fake(void **unused)
{
    (void)unused;
    return dlclose(fake_handle);
}

static void library_that_is_too_old(void **unused)
{
    (void)unused;
    controls->minor = 9;
    assert_refused(onnxruntime_config(UNECHO_FAKE_ONNXRUNTIME), UNECHO_ERROR_BACKEND,
                   "(ONNX Runtime 1.9.0) is too old: version 14 of its interface is needed");
    assert_refused(onnxruntime_config(UNECHO_FAKE_ONNXRUNTIME), UNECHO_ERROR_BACKEND,
                   UNECHO_FAKE_ONNXRUNTIME);
    controls->minor = 13;
    assert_refused(onnxruntime_config(UNECHO_FAKE_ONNXRUNTIME), UNECHO_ERROR_BACKEND, "1.13.0");
    controls->minor = 14;
    const unecho_config config = onnxruntime_config(UNECHO_FAKE_ONNXRUNTIME);
    unecho *stream = open_stream(&config);
    unecho_close(&stream);
    controls->minor = 30;
}

static long allocations;

static void *count_allocate(void *user, size_t size)
{
    (void)user;
    allocations++;
    return malloc(size);
}

static void count_release(void *user, void *memory)
{
    (void)user;
    allocations--;
    free(memory);
}

static unecho_config fake_config(int untuned)
{
    unecho_config config = onnxruntime_config(UNECHO_FAKE_ONNXRUNTIME);
    settings.profile = untuned ? UNECHO_UNTUNED_PROFILE : NULL;
    config.hops_at_once = 2;
    config.allocate = count_allocate;
    config.release = count_release;
    return config;
}

/* Fails each call on the way to an open stream once. */
static void nothing_stays_when_opening_fails(void **unused)
{
    (void)unused;
    for (int untuned = 0; untuned < 2; untuned++) {
        unecho_config config = fake_config(untuned);
        for (long at = 0;; at++) {
            char message[UNECHO_MESSAGE_SIZE], expected[64];
            config.message = message;
            config.message_size = sizeof message;
            controls->calls = 0;
            controls->fail_at = at;
            unecho *stream = NULL;
            const int status = unecho_open(&stream, &config);
            if (controls->calls <= at) {
                assert_int_equal(status, UNECHO_OK);
                /*
                 * Environment, memory, allocator; for each stage session, options and their
                 * settings.
                 */
                assert_true(at >= 3 + 2 * 3);
                print_message("%ld calls to an %s stream\n", at, untuned ? "untuned" : "open");
                unecho_close(&stream);
                assert_int_equal(controls->alive, 0);
                assert_int_equal(allocations, 0);
                break;
            }
            assert_int_equal(status, UNECHO_ERROR_BACKEND);
            assert_null(stream);
            snprintf(expected, sizeof expected, "call %ld fails as ordered", at);
            assert_contains(message, expected);
            assert_int_equal(controls->alive, 0);
            assert_int_equal(allocations, 0);
        }
    }
    controls->fail_at = -1;
}

static int is_silent(const void *samples, size_t bytes)
{
    const unsigned char *const byte = samples;
    for (size_t i = 0; i < bytes; i++)
        if (byte[i] != 0)
            return 0;
    return 1;
}

/* Only the native engine runs many streams as one. */
static void not_many_at_once(void **unused)
{
    (void)unused;
    const unecho_config config = fake_config(0);
    unecho *const stream = open_stream(&config);
    const float mic[UNECHO_HOP] = {0.1f};
    float out[UNECHO_HOP];
    const float *const mics[] = {mic};
    float *const outs[] = {out};
    assert_int_equal(unecho_process_many(&stream, mics, NULL, outs, 1, UNECHO_HOP),
                     UNECHO_ERROR_ARGUMENT);
    unecho *closing = stream;
    unecho_close(&closing);
}

/* Fails each call that five hops need once: in place, in both formats. */
static void silence_when_a_run_fails(void **unused)
{
    (void)unused;
    enum { N = 5 * UNECHO_HOP };
    for (int untuned = 0; untuned < 2; untuned++) {
        const unecho_config config = fake_config(untuned);
        unecho *stream = open_stream(&config);
        const signal_ mic = noise_signal(N, 0.3f, 3);
        float out[N];
        int16_t out16[N];
        long calls = 0;
        for (long at = 0; at == 0 || at < calls; at++) {
            unecho_reset(stream);
            controls->calls = 0;
            controls->fail_at = -1;
            assert_int_equal(unecho_process(stream, mic.samples, NULL, out, N), UNECHO_OK);
            assert_false(is_silent(out, sizeof out));
            calls = controls->calls;
            controls->calls = 0;
            controls->fail_at = at;
            memcpy(out, mic.samples, sizeof out);
            assert_int_equal(unecho_process(stream, out, NULL, out, N), UNECHO_ERROR_BACKEND);
            assert_true(is_silent(out, sizeof out));

            controls->calls = 0;
            memset(out16, 1, sizeof out16);
            assert_int_equal(unecho_process_int16(stream, out16, NULL, out16, N),
                             UNECHO_ERROR_BACKEND);
            assert_true(is_silent(out16, sizeof out16));

            controls->calls = 0;
            memset(out, 1, sizeof out);
            assert_int_equal(unecho_process_whole(stream, mic.samples, N, NULL, 0, out, 0),
                             UNECHO_ERROR_BACKEND);
            assert_true(is_silent(out, sizeof out));
            /* It continues when the library works again. */
            assert_int_equal(unecho_process(stream, mic.samples, NULL, out, N), UNECHO_OK);
        }
        assert_true(calls >= 10);
        controls->fail_at = -1;
        free(mic.samples);
        unecho_close(&stream);
        assert_int_equal(controls->alive, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_reported),
        cmocka_unit_test(library_that_is_not_there),
        cmocka_unit_test(environment_that_is_wrong),
        cmocka_unit_test(library_that_nobody_installed),
        cmocka_unit_test(file_that_is_no_library),
        cmocka_unit_test(message_buffers),
        cmocka_unit_test(fields_out_of_range),
        cmocka_unit_test(library_that_is_too_old),
        cmocka_unit_test(nothing_stays_when_opening_fails),
        cmocka_unit_test(silence_when_a_run_fails),
        cmocka_unit_test(not_many_at_once),
    };
    return cmocka_run_group_tests_name("onnxruntime_errors", tests, load_fake, unload_fake);
}
