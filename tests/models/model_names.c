/* The models that come with unecho as files are found by their names. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "unecho_model.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **unused)
{
    (void)unused;
    return unsetenv("UNECHO_MODELS");
}

static void assert_is_unecho_128(unecho_model *model)
{
    unecho_model_info info = {.size = sizeof info};
    assert_int_equal(unecho_model_get_info(model, &info), UNECHO_OK);
    assert_int_equal(info.kind, UNECHO_MODEL_DTLN_AEC);
    assert_string_equal(info.name, "unecho-128");
    unecho_model_unref(&model);
}

static void load(const char *prefix)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    if (unecho_model_load(&model, prefix, message, sizeof message) < 0)
        fail_msg("%s", message);
    assert_is_unecho_128(model);
}

static void expect_missing(int status, const char *message, const char *part)
{
    assert_int_equal(status, UNECHO_ERROR_FILE);
    if (!strstr(message, part))
        fail_msg("the message is: %s", message);
}

/* As the library lies in the build folder, with the models in a folder near it. */
static void beside_the_library(void **unused)
{
    (void)unused;
    load("unecho-128");
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    assert_is_unecho_128(model);
}

static void in_the_folder_of_the_environment(void **unused)
{
    (void)unused;
    char message[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    setenv("UNECHO_MODELS", UNECHO_MODELS_DIR, 1);
    load("unecho-128");
    setenv("UNECHO_MODELS", "/nowhere", 1);
    expect_missing(unecho_model_load(&model, "unecho-128", message, sizeof message), message,
                   "there is no unecho-128_1.onnx");
    expect_missing(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, message, sizeof message),
                   message, "the model unecho-128 is not in /nowhere");
    assert_null(model);
}

/* A name with a folder is that file and no other. */
static void a_path_is_not_searched(void **unused)
{
    (void)unused;
    char message[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    setenv("UNECHO_MODELS", UNECHO_MODELS_DIR, 1);
    expect_missing(unecho_model_load(&model, "./unecho-128", message, sizeof message), message,
                   "there is no ./unecho-128_1.onnx");
    load(UNECHO_MODELS_DIR "/unecho-128");
}

static void a_stream_says_what_is_missing(void **unused)
{
    (void)unused;
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho *stream = NULL;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.engine = UNECHO_ENGINE_NEURAL;
    setenv("UNECHO_MODELS", "/nowhere", 1);
    expect_missing(unecho_open(&stream, &config), message, "is not in /nowhere");
    assert_null(stream);
    config.engine = UNECHO_ENGINE_LINEAR_NEURAL; /* the post-filter needs no file */
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(beside_the_library, set_up),
        cmocka_unit_test_setup(in_the_folder_of_the_environment, set_up),
        cmocka_unit_test_setup(a_path_is_not_searched, set_up),
        cmocka_unit_test_setup(a_stream_says_what_is_missing, set_up),
    };
    return cmocka_run_group_tests_name("model_names", tests, NULL, NULL);
}
