/*
 * Which files a prefix means, in any format of either one, and what the error says if they do not
 * exist or are not a pair.
 */
#include "check.h"
#include "onnx_writer.h"
#include "signals.h"
#include "tflite_writer.h"
#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/unecho-models-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][128];
    static size_t next;
    char *const path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, bytes file)
{
    FILE *const to = fopen(path_of(name), "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(file.at, 1, file.size, to), file.size);
    assert_int_equal(fclose(to), 0);
    free(file.at);
}

static void write_tflite(const char *name, int stage, unsigned units)
{
    tflite_model *const m = tflite_new(stage, units, stage == 2, 5);
    write_file(name, tflite_write(m));
    tflite_free(m);
}

static void write_onnx(const char *name, int stage, unsigned units)
{
    proto *const model = our_model(stage);
    resize_units(model, units);
    write_file(name, proto_write(model));
    proto_free(model);
}

static const char *const written[] = {"both_1.onnx",   "both_2.onnx",   "both_1.tflite",
                                      "both_2.tflite", "only_1.tflite", "only_2.tflite",
                                      "wide_2.tflite", "half_1.tflite", "name.tflite"};

static int write_all(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    write_onnx("both_1.onnx", 1, 8);
    write_onnx("both_2.onnx", 2, 8);
    write_tflite("both_1.tflite", 1, 4);
    write_tflite("both_2.tflite", 2, 4);
    write_tflite("only_1.tflite", 1, 4);
    write_tflite("only_2.tflite", 2, 4);
    write_tflite("wide_2.tflite", 2, 8);
    write_tflite("half_1.tflite", 1, 4);
    write_onnx("name.tflite", 2, 4); /* an ONNX file, whatever its name */
    return 0;
}

static int remove_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        unlink(path_of(written[i]));
    return rmdir(folder);
}

static unsigned units_of(const unecho_model *model)
{
    unecho_model_info info = {.size = sizeof info};
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_OK);
    return info.units;
}

/* Loads, has that many units and runs. */
static void check_loaded(int status, unecho_model *model, unsigned units, const char *message)
{
    if (status != UNECHO_OK)
        fail_msg("%s", message);
    assert_string_equal(message, "");
    assert_int_equal(units_of(model), units);
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    signal_ noise = noise_signal(1024, 0.1f, 1);
    assert_int_equal(unecho_process(stream, noise.samples, NULL, noise.samples, 1024), UNECHO_OK);
    free(noise.samples);
    unecho_close(&stream);
    unecho_model_unref(&model);
}

static void a_prefix_means_onnx_then_tflite(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    int status = unecho_model_load(&model, path_of("both"), text, sizeof text);
    check_loaded(status, model, 8, text);
    status = unecho_model_load(&model, path_of("only"), text, sizeof text);
    check_loaded(status, model, 4, text);
}

static void check_refused(int status, int expected, const char *text, const char *word)
{
    if (status != expected || !strstr(text, word))
        fail_msg("status %d, no '%s' in: %s", status, word, text);
}

static void says_what_was_looked_for(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    int status = unecho_model_load(&model, path_of("none"), text, sizeof text);
    check_refused(status, UNECHO_ERROR_FILE, text, "none_1.onnx");
    check_refused(status, UNECHO_ERROR_FILE, text, "none_1.tflite");
    status = unecho_model_load(&model, path_of("half"), text, sizeof text);
    check_refused(status, UNECHO_ERROR_FILE, text, "half_2.tflite: cannot be opened");
    assert_null(model);
    assert_int_equal(unecho_model_load(&model, path_of("none"), NULL, 0), UNECHO_ERROR_FILE);
}

static void the_content_tells_the_format(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    int status = unecho_model_load_files(&model, path_of("only_1.tflite"), path_of("name.tflite"),
                                         text, sizeof text);
    check_loaded(status, model, 4, text);
    const bytes a = read_bytes(path_of("both_1.onnx")), b = read_bytes(path_of("wide_2.tflite"));
    status = unecho_model_load_memory(&model, a.at, a.size, b.at, b.size, text, sizeof text);
    check_loaded(status, model, 8, text);
    status = unecho_model_load_memory(&model, b.at, b.size, a.at, a.size, text, sizeof text);
    check_refused(status, UNECHO_ERROR_MODEL, text, "this is stage 2");
    free(a.at);
    free(b.at);
}

static void the_two_must_be_of_one_network(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    const int status = unecho_model_load_files(&model, path_of("only_1.tflite"),
                                               path_of("wide_2.tflite"), text, sizeof text);
    check_refused(status, UNECHO_ERROR_MODEL, text, "only_1.tflite has 4 units and");
    check_refused(status, UNECHO_ERROR_MODEL, text, "wide_2.tflite has 8");
}

/* With or without libonnxruntime. */
static void onnxruntime_refuses_tflite(void **state)
{
    (void)state;
    if (!HAVE_ONNXRUNTIME)
        skip();
    char text[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    config.backend = UNECHO_BACKEND_ONNXRUNTIME;
    config.message = text;
    config.message_size = sizeof text;
    assert_int_equal(unecho_model_load(&config.model, path_of("only"), text, sizeof text),
                     UNECHO_OK);
    unecho *stream = NULL;
    const int status = unecho_open(&stream, &config);
    check_refused(status, UNECHO_ERROR_BACKEND, text, "TFLite, which ONNX Runtime does not run");
    assert_null(stream);
    unecho_model_unref(&config.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_means_onnx_then_tflite),
        cmocka_unit_test(says_what_was_looked_for),
        cmocka_unit_test(the_content_tells_the_format),
        cmocka_unit_test(the_two_must_be_of_one_network),
        cmocka_unit_test(onnxruntime_refuses_tflite),
    };
    return cmocka_run_group_tests(tests, write_all, remove_all);
}
