/* unecho live --install and --uninstall: a service of systemd for the user who calls it. */
#include "live/live.h"
#include "live/plugin.h"

#include "engine_choice.h"
#include "report.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define SERVICE "unecho-live.service"

/* ---- systemctl ------------------------------------------------------------------------------ */

/* false: reported. */
static bool systemctl(const char *verb, const char *option, const char *unit)
{
    const char *const words[] = {"systemctl",          "--user", verb, option ? option : unit,
                                 option ? unit : NULL, NULL};
    pid_t child;
    int status = 0;
    const int failed = posix_spawnp(&child, words[0], NULL, NULL, (char *const *)words, environ);
    if (failed) {
        report_error("cannot run systemctl: %s", strerror(failed));
        return false;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    report_error("systemctl --user %s failed", verb);
    return false;
}

/* ---- The unit ------------------------------------------------------------------------------- */

/* The file, or its folder if name is NULL. false: reported. */
static bool unit_path(char *path, size_t size, const char *name)
{
    const char *const config = getenv("XDG_CONFIG_HOME"), *const home = getenv("HOME");
    const bool has_config = config && config[0] == '/';
    if (!has_config && (!home || home[0] != '/')) {
        report_error("HOME is not set");
        return false;
    }
    const int length = snprintf(path, size, "%s%s/systemd/user%s%s", has_config ? config : home,
                                has_config ? "" : "/.config", name ? "/" : "", name ? name : "");
    if (length < (int)size)
        return true;
    report_error("the path of the folder of services is too long");
    return false;
}

static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

/* A word of a command as systemd reads it. */
static void put_word(const char *word, FILE *unit)
{
    fputs(" \"", unit);
    for (const char *c = word; *c; c++) {
        if (*c == '"' || *c == '\\')
            fputc('\\', unit);
        if (*c == '%' || *c == '$')
            fputc(*c, unit);
        if ((unsigned char)*c < 0x20)
            fprintf(unit, "\\x%02x", (unsigned)*c);
        else
            fputc(*c, unit);
    }
    fputc('"', unit);
}

static void put_option(const char *name, const char *value, FILE *unit)
{
    if (!value)
        return;
    fprintf(unit, " --%s", name);
    put_word(value, unit);
}

static void put_number(const char *name, unsigned value, FILE *unit)
{
    fprintf(unit, " --%s %u", name, value);
}

static void put_unit(const live_options *options, const char *program, const char *plugin,
                     FILE *unit)
{
    fputs("# Written by unecho live --install; unecho live --uninstall removes it.\n"
          "[Unit]\n"
          "Description=A microphone without echo (unecho live)\n"
          "After=pipewire.service wireplumber.service\n"
          "\n"
          "[Service]\n"
          "ExecStart=",
          unit);
    put_word(program, unit);
    fputs(" live", unit);
    put_option("mic", options->mic, unit);
    put_option("sink", options->sink, unit);
    put_option("plugin", plugin, unit);
    put_option("engine", engine_choice_name(options->engine), unit);
    fprintf(unit, " --suppression %g", (double)options->suppression);
    put_number("noise-reduction", options->noise_reduction_db, unit);
    if (options->reference_late_given)
        put_number("reference-late", options->reference_late_ms, unit);
    fputs("\n"
          "Restart=on-failure\n"
          "RestartSec=2\n"
          "\n"
          "[Install]\n"
          "WantedBy=default.target\n",
          unit);
}

/* false: reported. */
static bool write_unit(const live_options *options, const char *path)
{
    char program[PATH_MAX];
    live_plugin plugin;
    const ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (size <= 0) {
        report_error("cannot find this program's own file: %s", strerror(errno));
        return false;
    }
    program[size] = '\0';
    /* The service would only fail. */
    if (!plugin_open(&plugin, options->plugin))
        return false;
    plugin_close(&plugin);
    FILE *const unit = fopen(path, "w");
    if (unit)
        put_unit(options, program, options->plugin ? plugin.path : NULL, unit);
    const bool failed = unit && ferror(unit);
    if (unit && fclose(unit) == 0 && !failed)
        return true;
    report_error("%s: %s", path, strerror(errno));
    return false;
}

int live_install(const live_options *options)
{
    char folder[PATH_MAX], path[PATH_MAX];
    if (!unit_path(folder, sizeof(folder), NULL) || !unit_path(path, sizeof(path), SERVICE))
        return EXIT_FAILED;
    if (!make_folders(folder)) {
        report_error("%s: %s", folder, strerror(errno));
        return EXIT_FAILED;
    }
    if (!write_unit(options, path) || !systemctl("daemon-reload", NULL, NULL) ||
        !systemctl("enable", NULL, SERVICE) || !systemctl("restart", NULL, SERVICE))
        return EXIT_FAILED;
    printf(
        "Installed %s, and started it.\n"
        "What it does: journalctl --user -u unecho-live. To remove it: unecho live --uninstall\n",
        path);
    return report_output_written() ? EXIT_DONE : EXIT_FAILED;
}

int live_uninstall(void)
{
    char path[PATH_MAX];
    if (!unit_path(path, sizeof(path), SERVICE))
        return EXIT_FAILED;
    if (access(path, F_OK) != 0) {
        report_note("%s is not installed", SERVICE);
        return EXIT_DONE;
    }
    if (!systemctl("disable", "--now", SERVICE))
        return EXIT_FAILED;
    if (unlink(path) != 0) {
        report_error("%s: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    return systemctl("daemon-reload", NULL, NULL) ? EXIT_DONE : EXIT_FAILED;
}
