/*
 * The LADSPA plugin and the host's memory: run allocates nothing, no lack of memory ends the host,
 * and opening and closing leaks nothing.
 */
#include "check.h"
#include "failing_malloc.h"
#include "ladspa_host.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Together, a thousand instances. */
enum { FRAMES = 4800, LOADS = 20, INSTANCES = 50, WARM_UP = 40 };

static float mic[FRAMES], far[FRAMES], out[FRAMES];

static int fill(void **unused)
{
    (void)unused;
    for (size_t t = 0; t < FRAMES; t++) {
        far[t] = (float)(t * 7919 % 1000) / 1000.0f - 0.5f;
        mic[t] = t < 480 ? 0.0f : 0.5f * far[t - 480];
    }
    return 0;
}

static void run_signals(instance *i)
{
    run(i, &(float *){mic}, &(float *){far}, &(float *){out}, FRAMES);
}

static void run_allocates_nothing(void **unused)
{
    (void)unused;
    instance i;
    /* The trap works: it sees the plugin's own opening. */
    malloc_arm(0, false);
    instantiate(&i, "unecho", 48000);
    malloc_disarm();
    assert_true(malloc_calls() >= 2);

    i.descriptor->activate(i.handle);
    malloc_arm(0, false);
    i.controls[ENGINE] = 1.0f;
    i.controls[LATE_REFERENCE] = 100.0f;
    run_signals(&i);
    malloc_disarm();
    assert_int_equal(malloc_calls(), 0);
    cleanup(&i);
}

/* From each allocation on, of opening and of opening again for other controls, all fail. */
static void no_memory(void **unused)
{
    (void)unused;
    load_plugin("unecho");
    unsigned none = 0, passed = 0;
    for (unsigned at = 1;; at++) {
        instance i;
        malloc_arm(at, true);
        instantiate(&i, "unecho", 16000);
        const bool opened = i.handle != NULL;
        if (opened) {
            i.controls[ENGINE] = 1.0f;
            i.descriptor->activate(i.handle);
            run_signals(&i);
            cleanup(&i);
        }
        malloc_disarm();
        assert_int_equal(malloc_live(), 0);
        if (malloc_failures() == 0)
            break;
        if (!opened)
            none++;
        else if (memcmp(out, mic, sizeof out) == 0)
            passed++;
        else
            fail_msg("allocation %u failed, and something else than the microphone came", at);
    }
    assert_int_equal(none, 1);
    assert_true(passed >= 2);
}

/* What could not be opened is tried again when the host activates the plugin again. */
static void memory_again(void **unused)
{
    (void)unused;
    instance i;
    instantiate(&i, "unecho", 16000);
    i.controls[ENGINE] = 1.0f;
    malloc_arm(1, true);
    i.descriptor->activate(i.handle);
    malloc_disarm();
    run_signals(&i);
    assert_memory_equal(out, mic, sizeof out);
    i.descriptor->activate(i.handle);
    run_signals(&i);
    assert_memory_not_equal(out, mic, sizeof out);
    cleanup(&i);
}

static void open_and_close(void)
{
    instance i;
    instantiate(&i, "unecho", 16000);
    i.descriptor->activate(i.handle);
    i.descriptor->run(i.handle, 0);
    cleanup(&i);
}

/* The file, too, is loaded and unloaded again and again. The first instance of a file unpacks the
 * model, the last frees it. Small free blocks that the C library keeps at hand count as used, and
 * which they are varies; but one block lost with every load is more than that. */
static void nothing_grows(void **unused)
{
    (void)unused;
    unload_plugins();
    size_t heap = 0;
    for (unsigned load = 0; load <= WARM_UP + LOADS; load++) {
        instance first;
        instantiate(&first, "unecho", 48000);
        for (unsigned cycle = 0; cycle < INSTANCES; cycle++)
            open_and_close();
        cleanup(&first);
        unload_plugins();
        if (load == WARM_UP)
            heap = mallinfo2().uordblks;
    }
    const size_t smallest = 32, now = mallinfo2().uordblks;
    print_message("%zu bytes, before %zu\n", now, heap);
    assert_true(now < heap + LOADS * smallest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_allocates_nothing),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(memory_again),
        cmocka_unit_test(nothing_grows),
    };
    return cmocka_run_group_tests_name("ladspa_memory", tests, fill, NULL);
}
