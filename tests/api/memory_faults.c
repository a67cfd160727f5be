/* Whichever allocation fails, loading and opening end with a clear error and free all they took. */
#include "check.h"
#include "failing_malloc.h"
#include "onnx_writer.h"
#include "signals.h"
#include "tflite_writer.h"
#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 3000, MOST_ALLOCATIONS = 5000 };

static bytes stages[2];
static signal_ mic;
static float output[SAMPLES];

static void write_whole(const char *name, bytes file)
{
    FILE *const to = fopen(name, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(file.at, 1, file.size, to), file.size);
    assert_int_equal(fclose(to), 0);
}

static char folder[] = "/tmp/unecho-test-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    mic = noise_signal(SAMPLES, 0.3f, 1);
    for (int stage = 1; stage <= 2; stage++) {
        stages[stage - 1] = small_bytes(stage);
        write_whole(stage == 1 ? "small_1.onnx" : "small_2.onnx", stages[stage - 1]);
        tflite_model *const model = tflite_new(stage, FEWEST_UNITS, 1, 1);
        const bytes file = tflite_write(model);
        write_whole(stage == 1 ? "lite_1.tflite" : "lite_2.tflite", file);
        free(file.at);
        tflite_free(model);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(stages[0].at);
    free(stages[1].at);
    free(mic.samples);
    for (const char *const *name = (const char *const[]){"small_1.onnx", "small_2.onnx",
                                                         "lite_1.tflite", "lite_2.tflite", NULL};
         *name; name++)
        unlink(*name);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* One use of the library; returns its status. */
typedef int (*scenario)(char *message);

/* Opens the model in every precision and processes a whole signal; model NULL: the built-in. */
static int use(unecho_model **model, char *message)
{
    int status = UNECHO_OK;
    for (int i = 0; status == UNECHO_OK && i < 3; i++) {
        unecho *stream = NULL;
        unecho_config config;
        unecho_config_init(&config);
        config.model = *model;
        config.precision = (unecho_precision)i;
        config.message = message;
        config.message_size = UNECHO_MESSAGE_SIZE;
        status = unecho_open(&stream, &config);
        assert_true((status == UNECHO_OK) == (stream != NULL));
        if (status == UNECHO_OK)
            status =
                unecho_process_whole(stream, mic.samples, SAMPLES, mic.samples, SAMPLES, output, 0);
        unecho_close(&stream);
    }
    unecho_model_unref(model);
    return status;
}

static int open_default(char *message)
{
    unecho_model *none = NULL;
    return use(&none, message);
}

static int load_onnx(char *message)
{
    unecho_model *model = NULL;
    const int status = unecho_model_load(&model, "small", message, UNECHO_MESSAGE_SIZE);
    return status == UNECHO_OK ? use(&model, message) : status;
}

static int load_tflite(char *message)
{
    unecho_model *model = NULL;
    const int status = unecho_model_load(&model, "lite", message, UNECHO_MESSAGE_SIZE);
    return status == UNECHO_OK ? use(&model, message) : status;
}

static int load_memory(char *message)
{
    unecho_model *model = NULL;
    const int status = unecho_model_load_memory(&model, stages[0].at, stages[0].size, stages[1].at,
                                                stages[1].size, message, UNECHO_MESSAGE_SIZE);
    return status == UNECHO_OK ? use(&model, message) : status;
}

static int load_postfilter(char *message)
{
    unecho_model *model = NULL;
    const int status =
        unecho_model_load(&model, UNECHO_MODELS_DIR "/unecho-post", message, UNECHO_MESSAGE_SIZE);
    return status == UNECHO_OK ? use(&model, message) : status;
}

static int open_postfilter(char *message)
{
    unecho_model *model = NULL;
    const int status =
        unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, message, UNECHO_MESSAGE_SIZE);
    return status == UNECHO_OK ? use(&model, message) : status;
}

/* Fails each allocation in turn; returns how many there were. */
static unsigned fail_each(scenario play, bool for_good)
{
    char message[UNECHO_MESSAGE_SIZE];
    float right[SAMPLES];
    assert_int_equal(play(message), UNECHO_OK);
    memcpy(right, output, sizeof right);
    for (unsigned k = 1; k <= MOST_ALLOCATIONS; k++) {
        message[0] = 0;
        malloc_arm(k, for_good);
        const int status = play(message);
        malloc_disarm();
        if (malloc_live() != 0)
            fail_msg("allocation %u fails: %zu blocks are lost", k, malloc_live());
        /* The C library's qsort() works without memory if it must. */
        if (status == UNECHO_OK)
            assert_memory_equal(output, right, sizeof right);
        if (malloc_failures() == 0) {
            assert_int_equal(status, UNECHO_OK);
            return k - 1;
        }
        if (status == UNECHO_OK)
            continue;
        if (status != UNECHO_ERROR_MEMORY && status != UNECHO_ERROR_FILE)
            fail_msg("allocation %u fails: status %d", k, status);
        /* fopen allocates too; if that fails, the error is that the file cannot be opened. */
        if (!strstr(message, "memory"))
            fail_msg("allocation %u fails: status %d with the message '%s'", k, status, message);
    }
    fail_msg("more than %d allocations", MOST_ALLOCATIONS);
    return 0;
}

static void fail_each_both_ways(scenario play, const char *name)
{
    const unsigned alone = fail_each(play, false), for_good = fail_each(play, true);
    assert_true(alone > 0);
    assert_true(for_good == alone);
    print_message("# %s: %u allocations\n", name, alone);
}

static void opening(void **state)
{
    (void)state;
    fail_each_both_ways(open_default, "open with the built-in model");
}

/* The built-in model is read and packed once, however many streams there are, and freed with the
 * last of them. */
static void sharing(void **state)
{
    (void)state;
    enum { STREAMS = 100 };
    unecho *streams[STREAMS] = {NULL};
    unsigned first = 0;
    for (int round = 0; round < 2; round++) {
        malloc_arm(0, false);
        assert_int_equal(unecho_open(&streams[0], NULL), UNECHO_OK);
        const unsigned calls = malloc_calls();
        /* The second round reads the model as the first did: nothing was kept. */
        assert_true(calls > 1 && (round == 0 || calls == first));
        first = calls;
        for (unsigned i = 1; i < STREAMS; i++)
            assert_int_equal(unecho_open(&streams[i], NULL), UNECHO_OK);
        assert_int_equal(malloc_calls(), calls + STREAMS - 1);
        for (unsigned i = 0; i < STREAMS; i++)
            unecho_close(&streams[i]);
        assert_int_equal(malloc_live(), 0);
        malloc_disarm();
    }
    print_message("# first stream %u allocations, each other one\n", first);
}

static void loading(void **state)
{
    (void)state;
    fail_each_both_ways(load_onnx, "ONNX pair, three precisions");
    fail_each_both_ways(load_tflite, "TFLite pair, three precisions");
    fail_each_both_ways(load_memory, "ONNX pair in memory, three precisions");
    fail_each_both_ways(load_postfilter, "post-filter, three precisions");
    fail_each_both_ways(open_postfilter, "built-in post-filter, three precisions");
}

static void *no_memory(void *user, size_t size)
{
    (void)size;
    ++*(int *)user;
    return NULL;
}

static void never(void *user, void *memory)
{
    (void)user;
    (void)memory;
    fail_msg("%s", "memory that was never given is returned");
}

static void hooks(void **state)
{
    (void)state;
    int asked = 0;
    char message[UNECHO_MESSAGE_SIZE] = "";
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.allocate = no_memory;
    config.release = never;
    config.user = &asked;
    config.message = message;
    config.message_size = sizeof message;
    malloc_arm(0, false);
    const int status = unecho_open(&stream, &config);
    malloc_disarm();
    assert_int_equal(status, UNECHO_ERROR_MEMORY);
    assert_null(stream);
    assert_int_equal(asked, 1);
    assert_non_null(strstr(message, "memory"));
    assert_int_equal(malloc_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening),
        cmocka_unit_test(sharing),
        cmocka_unit_test(loading),
        cmocka_unit_test(hooks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
