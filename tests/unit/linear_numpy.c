/*
 * training/linear.py, on whose output networks are trained, is the linear canceller: 10 seconds
 * with everything in them, single talk, double talk, another room, silence and a muted microphone.
 */
#include "check.h"
#include "linear_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need_numpy(void)
{
    if (*PYTHON)
        return;
    const char *const ci = getenv("CI");
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("there is no python3 with numpy");
    print_message("skipped: there was no python3 with numpy when this was configured\n");
    skip();
}

static char folder[] = "/tmp/unecho-linear-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *const path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_floats(const char *name, const float *x, size_t count)
{
    FILE *const file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(x, sizeof *x, count, file), count);
    fclose(file);
}

static scene everything(void)
{
    signal_ first = room(0.3, 61), second = room(0.4, 62);
    scene s = new_scene(10 * RATE);
    far_speech(s.far, s.count);
    memset(s.far + 4 * RATE, 0, RATE / 2 * sizeof *s.far);
    add_echo(&s, &first, 0, 6 * RATE);
    add_echo(&s, &second, 6 * RATE, s.count);
    add_noise(&s, 40.0, 63);
    add_near(&s, 0.0, 7 * RATE / 2, 6 * RATE);
    mix(&s);
    memset(s.mic + 8 * RATE, 0, RATE / 4 * sizeof *s.mic);
    free(first.samples);
    free(second.samples);
    return s;
}

static void equals_numpy(size_t count)
{
    scene s = everything();
    write_floats("mic.f32", s.mic, s.count);
    write_floats("far.f32", s.far, s.count);
    char command[1024];
    snprintf(command, sizeof command, "cd '%s' && '%s' '%s' %zu mic.f32 far.f32 error.f32 echo.f32",
             folder, PYTHON, LINEAR_PY, count);
    assert_int_equal(system(command), 0);
    signal_ error = read_signal(in_folder("error.f32")), echo = read_signal(in_folder("echo.f32"));
    assert_int_equal(error.count, s.count);
    assert_int_equal(echo.count, s.count);
    linear_run r = open_linear(fastest(), count);
    cancel(&r, &s, 0, s.count);
    const double off_error = -snr_db(error.samples, s.error, s.count);
    const double off_echo = -snr_db(echo.samples, s.estimate, s.count);
    print_message("%zu partitions: error %.1f dB, echo estimate %.1f dB apart\n", count, off_error,
                  off_echo);
    assert_true(off_error <= -80.0 && off_echo <= -80.0); /* 1e-4 */
    close_linear(&r);
    free_scene(&s);
    free(error.samples);
    free(echo.samples);
}

static void numpy_computes_the_same(void **unused)
{
    (void)unused;
    need_numpy();
    assert_non_null(mkdtemp(folder));
    equals_numpy(KALMAN_PARTITIONS);
    equals_numpy(13);
    static const char *const names[] = {"mic.f32", "far.f32", "error.f32", "echo.f32"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_folder(names[i]));
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numpy_computes_the_same)};
    return cmocka_run_group_tests_name("linear_numpy", tests, NULL, NULL);
}
