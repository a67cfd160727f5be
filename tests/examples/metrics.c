/* The text that examples/metrics.c writes for Prometheus. */
#include "metrics.h"
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static char page[100000];

static const char *write_all(const metrics_call *calls, size_t count)
{
    metrics_text text = {page, sizeof page, 0};
    for (size_t i = 0; i < metrics_count(); i++)
        metrics_of_calls(&text, i, calls, count);
    assert_true(text.length < sizeof page);
    return page;
}

static void has_line(const char *text, const char *line)
{
    char whole[200];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text, whole))
        fail_msg("expected the line %s in\n%s", line, text);
}

static metrics_call a_call(const char *name)
{
    return (metrics_call){.name = name,
                          .stats = {.size = sizeof(unecho_stats),
                                    .aligned = 1,
                                    .delay_ms = 62.5f,
                                    .drift_ppm = -50.0f,
                                    .confidence = 0.75f,
                                    .erle_now_db = 31.5f,
                                    .mic_now_db = -INFINITY,
                                    .realignments = 3,
                                    .near_end_active = 0.25f,
                                    .frames = 1234567890123u}};
}

static void units_are_seconds_and_ratios(void **state)
{
    (void)state;
    const metrics_call call = a_call("7");
    const char *const text = write_all(&call, 1);
    has_line(text, "# TYPE unecho_delay_seconds gauge");
    has_line(text, "unecho_delay_seconds{call=\"7\"} 0.0625");
    has_line(text, "unecho_drift_ratio{call=\"7\"} -5e-05");
    has_line(text, "unecho_erle_decibels{call=\"7\"} 31.5");
    has_line(text, "# TYPE unecho_realignments_total counter");
    has_line(text, "unecho_realignments_total{call=\"7\"} 3");
    has_line(text, "unecho_frames_total{call=\"7\"} 1234567890123");
}

static void infinity_is_spelled_as_prometheus_reads_it(void **state)
{
    (void)state;
    const metrics_call call = a_call("7");
    has_line(write_all(&call, 1), "unecho_microphone_level_decibels{call=\"7\"} -Inf");
    metrics_text text = {page, sizeof page, 0};
    metrics_sample(&text, "a", NULL, NULL, (double)NAN);
    metrics_sample(&text, "b", NULL, NULL, (double)INFINITY);
    assert_string_equal(page, "a NaN\nb +Inf\n");
}

static void labels_are_escaped(void **state)
{
    (void)state;
    const metrics_call call = a_call("a \"b\"\\c\nd\xc3\xbc");
    has_line(write_all(&call, 1),
             "unecho_erle_decibels{call=\"a \\\"b\\\"\\\\c\\nd\xc3\xbc\"} 31.5");
}

/* What is no number yet: a delay of 0 would be a lie. */
static void without_a_delay_there_is_no_sample_of_it(void **state)
{
    (void)state;
    metrics_call calls[2] = {a_call("found"), a_call("new")};
    calls[1].stats.aligned = 0;
    const char *const text = write_all(calls, 2);
    has_line(text, "unecho_aligned{call=\"new\"} 0");
    has_line(text, "unecho_delay_seconds{call=\"found\"} 0.0625");
    assert_null(strstr(text, "unecho_delay_seconds{call=\"new\"}"));
    assert_null(strstr(text, "unecho_drift_ratio{call=\"new\"}"));
}

static void where_nothing_tells_of_the_near_end_there_is_no_sample(void **state)
{
    (void)state;
    metrics_call calls[2] = {a_call("told"), a_call("untold")};
    calls[1].stats.near_end_active = -1.0f;
    const char *const text = write_all(calls, 2);
    has_line(text, "unecho_near_end_active_ratio{call=\"told\"} 0.25");
    assert_null(strstr(text, "unecho_near_end_active_ratio{call=\"untold\"}"));
}

/* Prometheus wants the samples of a metric together, below its head. */
static void metrics_are_not_mixed(void **state)
{
    (void)state;
    const metrics_call calls[2] = {a_call("1"), a_call("2")};
    const char *text = write_all(calls, 2);
    size_t heads = 0;
    char name[100] = "";
    while (*text) {
        if (sscanf(text, "# HELP %99s", name) == 1)
            heads++;
        else if (strncmp(text, "# TYPE ", 7) == 0)
            assert_memory_equal(text + 7, name, strlen(name));
        else
            assert_memory_equal(text, name, strlen(name));
        text = strchr(text, '\n') + 1;
    }
    assert_int_equal(heads, metrics_count());
}

/* As with snprintf. */
static void too_little_room_is_told(void **state)
{
    (void)state;
    const metrics_call call = a_call("7");
    metrics_text whole = {page, sizeof page, 0};
    metrics_of_calls(&whole, 0, &call, 1);
    for (size_t size = 0; size <= whole.length; size++) {
        char small[1000];
        memset(small, '!', sizeof small);
        metrics_text text = {small, size, 0};
        metrics_of_calls(&text, 0, &call, 1);
        assert_int_equal(text.length, whole.length);
        assert_int_equal(small[size], '!');
        if (size > 0)
            assert_memory_equal(small, page, size - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_seconds_and_ratios),
        cmocka_unit_test(infinity_is_spelled_as_prometheus_reads_it),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(without_a_delay_there_is_no_sample_of_it),
        cmocka_unit_test(where_nothing_tells_of_the_near_end_there_is_no_sample),
        cmocka_unit_test(metrics_are_not_mixed),
        cmocka_unit_test(too_little_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
