/* The lines of a summary that runs seldom have: each is there only if there is something to say. */
#include "process/summary.h"
#include "check.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct summary usual(void)
{
    return (struct summary){.output = "out.wav",
                            .mic = "mic.wav",
                            .far = "far.wav",
                            .channels = 1,
                            .format = "WAV",
                            .mic_rate = 16000,
                            .far_rate = 16000,
                            .seconds = 10.0,
                            .wall_seconds = 1.0,
                            .cpu_seconds = 1.0,
                            .scale = 1.0};
}

/* Freed by the caller. */
static char *printed(const struct summary *summary, void (*print)(const struct summary *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    print(summary, stream);
    fclose(stream);
    return text;
}

static void hops_that_were_changed(void **state)
{
    struct summary summary = usual();
    char *text = printed(&summary, summary_print);
    (void)state;
    assert_null(strstr(text, "limited"));
    assert_null(strstr(text, "failed"));
    free(text);

    /* Hops of 8 ms. */
    summary.stream.limited_hops = 50;
    summary.stream.failed_hops = 3;
    text = printed(&summary, summary_print);
    assert_non_null(strstr(text, "  limited  0.40 s turned down"));
    assert_non_null(strstr(text, "  failed   0.02 s in which the network gave no usable numbers"));
    free(text);
    text = printed(&summary, summary_print_json);
    assert_true(json_is_valid(text));
    assert_true(json_number(text, NULL, "limited_hops") == 50.0);
    assert_true(json_number(text, NULL, "failed_hops") == 3.0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hops_that_were_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
