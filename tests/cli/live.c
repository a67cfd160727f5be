/*
 * unecho live without PipeWire, and the service that it installs. With PipeWire
 * scripts/test-plugins.sh tries it.
 */
#include "check.h"
#include "command.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[512];

/* A systemctl that writes down what it is told, and fails where `fails` is. */
static int set_up(void **state)
{
    static const char script[] = "#!/bin/sh\n"
                                 "echo \"$*\" >> calls\n"
                                 "! test -e fails\n";
    char path[1024];
    if (enter_folder(state) != 0 || !getcwd(folder, sizeof(folder)))
        return -1;
    mkdir("bin", 0755);
    write_bytes("bin/systemctl", script, sizeof(script) - 1);
    chmod("bin/systemctl", 0755);
    snprintf(path, sizeof(path), "%s/bin:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    setenv("HOME", folder, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("LADSPA_PATH");
    /* No server is there. */
    setenv("XDG_RUNTIME_DIR", folder, 1);
    setenv("PIPEWIRE_RUNTIME_DIR", folder, 1);
    return 0;
}

/* ---- Without a server ---------------------------------------------------------------------- */

static void without_a_server(void **unused)
{
    (void)unused;
    outcome o;
    run(&o, "live --list");
    expect_code(&o, 1);
    expect_part(o.messages, "cannot connect to PipeWire");

    const surroundings around = {.output = "live.txt"};
    const pid_t pid = start(&around, "live");
    size_t size = 0;
    /* It waits; a terminal or a journal is told at once. */
    for (int i = 0; i < 600 && size == 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        free(read_bytes("live.txt", &size));
    }
    kill(pid, SIGINT);
    finish(&o, pid);
    expect_code(&o, 0);
    char *const text = read_bytes("live.txt", &size);
    expect_part(text, "microphone none, loudspeaker none: waiting for PipeWire\n");
    free(text);

    setenv("UNECHO_MODELS", folder, 1);
    run(&o, "live --engine neural");
    expect_code(&o, 1);
    expect_part(o.messages, "the model unecho-128 is not in ");
    unsetenv("UNECHO_MODELS");

    run(&o, "live --plugin none.so");
    expect_code(&o, 1);
    expect_part(o.messages, "none.so: there is no such plugin");
    write_bytes("text.so", "text", 4);
    run(&o, "live --plugin text.so");
    expect_code(&o, 1);
    expect_part(o.messages, "text.so: ");
}

static void wrong_usage(void **unused)
{
    (void)unused;
    static const char *const wrong[][2] = {
        {"live --list --install", "exclude one another"},
        {"live mic", "'mic' is one argument too many"},
        {"live --suppression 3.1", "--suppression 3.1: expected 0 to 3"},
        {"live --suppression nan", "--suppression nan: expected 0 to 3"},
        {"live --noise-reduction 41", "--noise-reduction 41"},
        {"live --reference-late 1001", "--reference-late 1001"},
        {"live --engine quick", "--engine quick"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        outcome o;
        run(&o, wrong[i][0]);
        expect_code(&o, 2);
        expect_part(o.messages, wrong[i][1]);
    }
}

/* ---- The service ---------------------------------------------------------------------------- */

#define UNIT ".config/systemd/user/unecho-live.service"

static void expect_calls(const char *expected)
{
    size_t size;
    char *const calls = read_bytes("calls", &size);
    assert_string_equal(calls, expected);
    free(calls);
    unlink("calls");
}

static void installed_and_removed(void **unused)
{
    (void)unused;
    outcome o;
    run(&o, "live --uninstall");
    expect_code(&o, 0);
    expect_part(o.messages, "is not installed");

    run(&o, "live --install --mic=a\"b\\c%d$e --suppression 0.5 --reference-late 30");
    expect_code(&o, 0);
    expect_part(o.output, UNIT);
    expect_calls("--user daemon-reload\n"
                 "--user enable unecho-live.service\n"
                 "--user restart unecho-live.service\n");
    size_t size;
    char *const unit = read_bytes(UNIT, &size);
    /* Quoted as systemd.service(5) says. */
    expect_part(unit, "/unecho\" live --mic \"a\\\"b\\\\c%%d$$e\" --engine \"linear+neural\" "
                      "--suppression 0.5 --noise-reduction 20 --reference-late 30\n");
    expect_part(unit, "WantedBy=default.target\n");
    free(unit);

    run(&o, "live --uninstall");
    expect_code(&o, 0);
    assert_false(exists(UNIT));
    expect_calls("--user disable --now unecho-live.service\n"
                 "--user daemon-reload\n");
}

static void not_installed(void **unused)
{
    (void)unused;
    outcome o;
    run(&o, "live --install --plugin none.so");
    expect_code(&o, 1);
    assert_false(exists(UNIT));

    write_bytes("fails", "", 0);
    run(&o, "live --install");
    expect_code(&o, 1);
    expect_part(o.messages, "systemctl --user daemon-reload failed");
    unlink("fails");

    char *const path = strdup(getenv("PATH"));
    unlink("bin/systemctl");
    setenv("PATH", folder, 1);
    run(&o, "live --install");
    expect_code(&o, 1);
    expect_part(o.messages, "cannot run systemctl");
    setenv("PATH", path, 1);
    free(path);
    unsetenv("HOME");
    run(&o, "live --install");
    expect_code(&o, 1);
    expect_part(o.messages, "HOME is not set");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_server),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(installed_and_removed),
        cmocka_unit_test(not_installed),
    };
    return cmocka_run_group_tests_name("live", tests, set_up, leave_folder);
}
