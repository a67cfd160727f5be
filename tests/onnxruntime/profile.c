/*
 * Profiles: every setting is read, every mistake is reported with its line, and no bytes crash it.
 */
#include "onnxruntime/profile.h"
#include "check.h"
#include "signals.h"
#include "unecho.h"

#include <stdlib.h>
#include <string.h>

static const ort_settings defaults = {.threads = {1, 1}, .memory_pattern = true, .arena = true};

static int parse(ort_settings *settings, const char *text, char *text_of_message, size_t size)
{
    const message to = {text_of_message, size};
    *settings = defaults;
    return ort_profile_parse(settings, text, strlen(text), "p", &to);
}

static void every_setting(void **unused)
{
    (void)unused;
    ort_settings s;
    assert_int_equal(parse(&s,
                           "unecho-profile 1\nstage1_threads 3\nstage2_threads 64\nspinning 1\n"
                           "execution_mode parallel\nmemory_pattern 0\narena 0\nuntuned 1\n"
                           "model a name with blanks\npurpose cpu",
                           NULL, 0),
                     UNECHO_OK);
    assert_int_equal(s.threads[0], 3);
    assert_int_equal(s.threads[1], 64);
    assert_true(s.spinning && s.parallel && !s.memory_pattern && !s.arena && s.untuned);
}

/* What is not named keeps its value; layout does not matter. */
static void layouts(void **unused)
{
    (void)unused;
    ort_settings s;
    assert_int_equal(parse(&s, "unecho-profile 1", NULL, 0), UNECHO_OK);
    assert_memory_equal(&s, &defaults, sizeof s);
    assert_int_equal(parse(&s,
                           "unecho-profile 1\r\n\r\n  # a comment\r\n\t stage2_threads \t 4 \r\n"
                           "#stage1_threads 9\n\nexecution_mode sequential\n",
                           NULL, 0),
                     UNECHO_OK);
    assert_int_equal(s.threads[0], 1);
    assert_int_equal(s.threads[1], 4);
    assert_true(s.memory_pattern && s.arena && !s.parallel);
}

static void mistakes(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "p: not a profile: its first line is not 'unecho-profile 1'"},
        {"\nunecho-profile 1", "p: not a profile: its first line is not 'unecho-profile 1'"},
        {"unecho-profile", "p: a profile of version '', this unecho knows version 1"},
        {"unecho-profile 2", "p: a profile of version '2', this unecho knows version 1"},
        {"unecho-profile 1\n\nspinning 1\nspining 0", "p: line 4: unknown setting 'spining'"},
        {"unecho-profile 1\nspinning 1\nspinning 1", "p: line 3: spinning is given twice"},
        {"unecho-profile 1\nspinning", "p: line 2: spinning is '', expected 0 or 1"},
        {"unecho-profile 1\nspinning yes", "p: line 2: spinning is 'yes', expected 0 or 1"},
        {"unecho-profile 1\nspinning 1 # yes", "p: line 2: spinning is '1 # yes', expected 0 or 1"},
        {"unecho-profile 1\nstage1_threads 0",
         "p: line 2: stage1_threads is '0', expected a number of threads from 1 to 64"},
        {"unecho-profile 1\nstage1_threads 65",
         "p: line 2: stage1_threads is '65', expected a number of threads from 1 to 64"},
        {"unecho-profile 1\nstage2_threads -1",
         "p: line 2: stage2_threads is '-1', expected a number of threads from 1 to 64"},
        {"unecho-profile 1\nstage2_threads 99999999999999999999999",
         "p: line 2: stage2_threads is '99999999999999999999999', expected a number of threads "
         "from 1 to 64"},
        {"unecho-profile 1\nexecution_mode both",
         "p: line 2: execution_mode is 'both', expected sequential or parallel"},
        {"unecho-profile 1\n\x01\xff", "p: line 2: unknown setting '?\?'"},
        {"unecho-profile 1\nan_extremely_long_word_that_goes_on_for_longer_than_a_line",
         "p: line 2: unknown setting 'an_extremely_long_word_that_goes_on_...'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256] = "";
        ort_settings s;
        assert_int_equal(parse(&s, cases[i].text, text, sizeof text), UNECHO_ERROR_FORMAT);
        assert_string_equal(text, cases[i].message);
        assert_memory_equal(&s, &defaults, sizeof s);
    }
}

/*
 * Damaged profiles: bytes replaced, cut off, inserted. The bytes are at the end of their memory, so
 * that a sanitizer detects the first read beyond them.
 */
static void any_bytes(void **unused)
{
    (void)unused;
    static const char sound[] = "unecho-profile 1\nstage1_threads 2\n# x\nstage2_threads 4\n"
                                "spinning 0\nexecution_mode parallel\n";
    static const char pieces[] = "\n\r\t #019-\0\xff"
                                 "as_";
    uint32_t random = 77;
    unsigned accepted = 0;
    for (int i = 0; i < 20000; i++) {
        const size_t size = random_bits(&random) % sizeof sound;
        char *const text = malloc(size + 1);
        memcpy(text + 1, sound, size);
        for (size_t k = 0; size > 0 && k < random_bits(&random) % 4; k++)
            text[1 + random_bits(&random) % size] =
                pieces[random_bits(&random) % (sizeof pieces - 1)];
        ort_settings s = defaults;
        char words[64];
        const message to = {words, sizeof words};
        accepted += ort_profile_parse(&s, text + 1, size, "p", &to) == UNECHO_OK;
        assert_in_range(s.threads[0], 1, UNECHO_ONNXRUNTIME_THREADS_MAX);
        assert_in_range(s.threads[1], 1, UNECHO_ONNXRUNTIME_THREADS_MAX);
        free(text);
    }
    assert_true(accepted > 100 && accepted < 19900);
}

static void files(void **unused)
{
    (void)unused;
    char text[256] = "";
    const message to = {text, sizeof text};
    ort_settings s = defaults;
    assert_int_equal(ort_profile_read(&s, "/nowhere/p", &to), UNECHO_ERROR_FILE);
    assert_string_equal(text, "/nowhere/p: cannot be opened: No such file or directory");
    assert_int_equal(ort_profile_read(&s, "/", &to), UNECHO_ERROR_FILE);
    assert_int_equal(ort_profile_read(&s, "/dev/zero", &to), UNECHO_ERROR_FORMAT);
    assert_string_equal(text, "/dev/zero: not a profile: larger than 16384 bytes");
    assert_int_equal(ort_profile_read(&s, "/dev/null", &to), UNECHO_ERROR_FORMAT);
    assert_memory_equal(&s, &defaults, sizeof s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting), cmocka_unit_test(layouts), cmocka_unit_test(mistakes),
        cmocka_unit_test(any_bytes),     cmocka_unit_test(files),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
