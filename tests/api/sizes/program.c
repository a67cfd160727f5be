/*
 * A program that was built with an older header (shorter structs) or, with NEWER, with a newer one
 * (longer structs) and runs with the library of today: nothing is written beyond its structs, what
 * it does not know has its default, and what the library does not know has to be 0.
 */
#include "library.h"

#include "unecho_model.h"
#include "unecho_onnxruntime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A struct of the program, and what follows it in its memory. */
#define GUARDED(type)                                                                              \
    struct {                                                                                       \
        type it;                                                                                   \
        unsigned char behind[256];                                                                 \
    }

static void guard(void *memory, size_t size)
{
    memset(memory, 0x5a, size);
}

static void assert_untouched(const unsigned char behind[256])
{
    for (size_t i = 0; i < 256; i++)
        assert_int_equal(behind[i], 0x5a);
}

static void assert_other_size(size_t size, size_t library)
{
#ifdef NEWER
    assert_true(size > library);
#else
    assert_true(size < library);
#endif
}

#ifdef NEWER
static void assert_names_both(const char *message, size_t size, size_t library)
{
    char expected[128];
    snprintf(expected, sizeof expected, "has %zu bytes, of which", size);
    assert_non_null(strstr(message, expected));
    snprintf(expected, sizeof expected, "knows %zu,", library);
    assert_non_null(strstr(message, expected));
}
#endif

enum { FRAMES = 8000 };

static void run(unecho *stream, float *out)
{
    static float mic[FRAMES], far[FRAMES];
    uint32_t random = 1;
    for (size_t i = 0; i < FRAMES; i++) {
        random = random * 1664525u + 1013904223u;
        far[i] = (float)(random >> 8) * 0x1p-25f;
        mic[i] = i >= 100 ? 0.5f * far[i - 100] : 0.0f;
    }
    assert_int_equal(unecho_process(stream, mic, far, out, FRAMES), UNECHO_OK);
}

static void config(void **unused)
{
    (void)unused;
    static float found[FRAMES], expected[FRAMES];
    GUARDED(unecho_config) c;
    char message[UNECHO_MESSAGE_SIZE] = "left over";
    unecho *stream = NULL, *defaults = NULL;
    assert_other_size(sizeof c.it, library_config);
    guard(&c, sizeof c);
    unecho_config_init(&c.it);
    assert_untouched(c.behind);
    assert_int_equal(c.it.size, sizeof c.it);
    assert_int_equal(c.it.sample_rate, UNECHO_SAMPLE_RATE);
    c.it.message = message;
    c.it.message_size = sizeof message;

    assert_int_equal(unecho_open(&stream, &c.it), UNECHO_OK);
    assert_string_equal(message, "");
    assert_int_equal(unecho_open(&defaults, NULL), UNECHO_OK);
    run(stream, found);
    run(defaults, expected);
    assert_memory_equal(found, expected, sizeof found);
    unecho_close(&stream);
    unecho_close(&defaults);

    c.it.sample_rate = 1;
    assert_int_equal(unecho_open(&stream, &c.it), UNECHO_ERROR_SAMPLE_RATE);
    assert_non_null(strstr(message, "sample_rate is 1"));
    assert_null(stream);
}

static void stats(void **unused)
{
    (void)unused;
    static float out[FRAMES];
    GUARDED(unecho_stats) s;
    unecho *stream = NULL;
    assert_other_size(sizeof s.it, library_stats);
    assert_int_equal(unecho_open(&stream, NULL), UNECHO_OK);
    run(stream, out);
    guard(&s, sizeof s);
    s.it.size = sizeof s.it;
    assert_int_equal(unecho_get_stats(stream, &s.it), UNECHO_OK);
    assert_untouched(s.behind);
    assert_int_equal(s.it.size, sizeof s.it);
    assert_int_equal(s.it.frames, FRAMES);
    assert_true(s.it.peak > 0.0f && s.it.peak < 1.0f);
#ifdef NEWER
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(s.it.later[i], 0);
#endif
    unecho_close(&stream);
}

static void model_info(void **unused)
{
    (void)unused;
    GUARDED(unecho_model_info) m;
    unecho_model *model = NULL;
    assert_other_size(sizeof m.it, library_model_info);
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    guard(&m, sizeof m);
    m.it.size = sizeof m.it;
    assert_int_equal(unecho_model_get_info(model, &m.it), UNECHO_OK);
    assert_untouched(m.behind);
    assert_int_equal(m.it.size, sizeof m.it);
    assert_int_equal(m.it.kind, UNECHO_MODEL_DTLN_AEC);
    assert_int_equal(m.it.files, 2);
    assert_string_equal(m.it.description, "DTLN-aec, 128 units");
    assert_string_equal(m.it.name, "unecho-128");
#ifdef NEWER
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(m.it.later[i], 0);
#endif
    unecho_model_unref(&model);
}

static void file_info(void **unused)
{
    (void)unused;
    GUARDED(unecho_model_file_info) f;
    char message[UNECHO_MESSAGE_SIZE];
    assert_other_size(sizeof f.it, library_file_info);
    guard(&f, sizeof f);
    f.it.size = sizeof f.it;
    assert_int_equal(unecho_model_inspect_file(UNECHO_MODELS_DIR "/unecho-128_2.onnx", &f.it,
                                               message, sizeof message),
                     UNECHO_OK);
    assert_untouched(f.behind);
    assert_int_equal(f.it.size, sizeof f.it);
    assert_int_equal(f.it.file, 2);
    assert_true(f.it.bytes > 0);
#ifdef NEWER
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(f.it.later[i], 0);
#endif
}

#ifdef NEWER
static void onnxruntime(void **unused)
{
    (void)unused;
    unecho_onnxruntime settings = {.size = sizeof settings};
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config c;
    unecho *stream = NULL;
    assert_other_size(sizeof settings, library_onnxruntime);
    unecho_config_init(&c);
    c.message = message;
    c.message_size = sizeof message;
    c.onnxruntime = &settings;
    assert_int_equal(unecho_open(&stream, &c), UNECHO_OK);
    unecho_close(&stream);
    settings.later[3] = 1;
    assert_int_equal(unecho_open(&stream, &c), UNECHO_ERROR_ARGUMENT);
    assert_names_both(message, sizeof settings, library_onnxruntime);
    assert_null(stream);
}

static void unknown_fields(void **unused)
{
    (void)unused;
    unecho_config c;
    char message[UNECHO_MESSAGE_SIZE];
    unecho *stream = NULL;
    for (size_t i = 0; i < 4; i++) {
        unecho_config_init(&c);
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(c.later[k], 0);
        c.message = message;
        c.message_size = sizeof message;
        c.later[i] = UINT64_C(1) << 63;
        assert_int_equal(unecho_open(&stream, &c), UNECHO_ERROR_ARGUMENT);
        assert_null(stream);
        assert_names_both(message, sizeof c, library_config);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config),         cmocka_unit_test(stats),
        cmocka_unit_test(model_info),     cmocka_unit_test(file_info),
#ifdef NEWER
        cmocka_unit_test(unknown_fields), cmocka_unit_test(onnxruntime),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
