/*
 * Opening and closing again and again leaks nothing: UNECHO_CYCLES streams (ten thousand by
 * default), each opened, used and closed, and a hundredth as many models loaded; heap and process
 * are no larger than after the first thousand.
 */
#include "check.h"
#include "onnx_writer.h"
#include "unecho_model.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CYCLES = 10000, WARM_UP = 1000, PER_MODEL = 100 };

static bytes stages[2];

static unecho_model *load(void)
{
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_load_memory(&model, stages[0].at, stages[0].size, stages[1].at,
                                              stages[1].size, NULL, 0),
                     UNECHO_OK);
    return model;
}

static void cycle(unecho_model *model, unsigned long number)
{
    float hop[UNECHO_HOP] = {0.5f};
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.hops_at_once = 1;
    config.precision = (unecho_precision)(number % 3);
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    assert_int_equal(unecho_process(stream, hop, hop, hop, UNECHO_HOP), UNECHO_OK);
    unecho_close(&stream);
}

static void run(unsigned long count)
{
    unecho_model *model = NULL;
    for (unsigned long i = 0; i < count; i++) {
        if (i % PER_MODEL == 0) {
            unecho_model_unref(&model);
            model = load();
        }
        cycle(model, i);
    }
    unecho_model_unref(&model);
}

/* Resident memory in bytes. */
static size_t resident(void)
{
    unsigned long all = 0, there = 0;
    FILE *const file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &there), 2);
    fclose(file);
    return there * (size_t)sysconf(_SC_PAGESIZE);
}

static void nothing_grows(void **state)
{
    (void)state;
    const char *const wanted = getenv("UNECHO_CYCLES");
    const unsigned long cycles = wanted ? strtoul(wanted, NULL, 10) : CYCLES;
    for (int stage = 1; stage <= 2; stage++)
        stages[stage - 1] = small_bytes(stage);
    run(WARM_UP);
    const size_t heap = mallinfo2().uordblks, pages = resident();
    run(cycles);
    print_message("# %lu cycles: heap %zu then %zu bytes, resident %zu then %zu bytes\n", cycles,
                  heap, mallinfo2().uordblks, pages, resident());
    assert_int_equal(mallinfo2().uordblks, heap);
    /* A page lost every thousand cycles would show; fragments of the heap may come and go. */
    assert_true(resident() <= pages + ((size_t)2 << 20));
    free(stages[0].at);
    free(stages[1].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
