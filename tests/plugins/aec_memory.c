/*
 * The method of the echo-cancel module and PipeWire's memory: run allocates nothing, no lack of
 * memory ends the host.
 */
#include "aec_host.h"
#include "check.h"
#include "failing_malloc.h"

#include <string.h>

enum { FRAMES = 4800 };

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

static void run_allocates_nothing(void **unused)
{
    (void)unused;
    aec_host host;
    aec_open(&host);
    /* The trap works: it sees the plugin's own opening. */
    malloc_arm(0, false);
    assert_int_equal(aec_init(&host, NULL, 48000, 1), 0);
    malloc_disarm();
    assert_true(malloc_calls() >= 1);

    malloc_arm(0, false);
    aec_run(&host, &(float *){mic}, &(float *){far}, &(float *){out}, FRAMES, 480);
    malloc_disarm();
    assert_int_equal(malloc_calls(), 0);
    aec_close(&host);
}

/* From each allocation on all fail: the microphone passes. */
static void no_memory(void **unused)
{
    (void)unused;
    unsigned passed = 0;
    for (unsigned at = 1;; at++) {
        aec_host host;
        aec_open(&host);
        malloc_arm(at, true);
        const int status = aec_init(&host, NULL, 16000, 1);
        malloc_disarm();
        assert_int_equal(status, 0);
        const char *const logged = aec_logged();
        aec_run(&host, &(float *){mic}, &(float *){far}, &(float *){out}, FRAMES, 480);
        const bool failed = malloc_failures() > 0;
        aec_close(&host);
        if (!failed)
            break;
        assert_non_null(strstr(logged, "the microphone passes unchanged"));
        assert_memory_equal(out, mic, sizeof out);
        passed++;
    }
    assert_true(passed >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_allocates_nothing),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("aec_memory", tests, fill, NULL);
}
