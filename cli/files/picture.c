#include "files/picture.h"

#include "report.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

/* librsvg's, which draws text as browsers do. */
#define CONVERTER "rsvg-convert"

extern char **environ;

static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot : "";
}

static bool is_png(const char *path)
{
    return strcasecmp(ending_of(path), ".png") == 0;
}

static bool has_converter(void)
{
    const char *from = getenv("PATH");
    while (from && *from) {
        char path[4096];
        const size_t length = strcspn(from, ":");
        snprintf(path, sizeof(path), "%.*s/" CONVERTER, (int)length, from);
        if (length > 0 && access(path, X_OK) == 0)
            return true;
        from += length + (from[length] == ':');
    }
    return false;
}

bool picture_inspect(output_file *output, const char *path, const char *taken)
{
    const char *ending = ending_of(path);
    if (!output_inspect(output, path))
        return false;
    if (output_is_stdout(output)) {
        report_error("%s: standard output is taken by %s", path, taken);
        return false;
    }
    if (*ending && strcasecmp(ending, ".svg") != 0 && !is_png(path)) {
        report_error("%s: pictures are SVG or PNG, so the name must end in .svg or .png", path);
        return false;
    }
    if (!is_png(path) || has_converter())
        return true;
    report_error("%s: a PNG needs the program " CONVERTER " (in Debian's package librsvg2-bin), "
                 "which is not there; an .svg needs nothing",
                 path);
    return false;
}

/* Runs the converter from one descriptor to another. */
static bool convert(FILE *svg, int png)
{
    char *const arguments[] = {CONVERTER, "--zoom", "2", "--background-color", "white", NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status = -1;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    const bool started =
        posix_spawn_file_actions_adddup2(&actions, fileno(svg), STDIN_FILENO) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, png, STDOUT_FILENO) == 0 &&
        posix_spawnp(&pid, CONVERTER, &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    while (started && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool write_png(output_file *output, text_writer *writer, void *user)
{
    FILE *svg = tmpfile();
    if (!svg) {
        report_error("%s: no temporary file for its SVG: %s", output->name, strerror(errno));
        return false;
    }
    bool done = writer(user, svg) && output_open(output);
    if (done &&
        (fflush(svg) != 0 || lseek(fileno(svg), 0, SEEK_SET) != 0 || !convert(svg, output->fd))) {
        report_error("%s: " CONVERTER " failed", output->name);
        done = false;
    }
    fclose(svg);
    return done && output_commit(output);
}

bool picture_write(output_file *output, text_writer *writer, void *user)
{
    return is_png(output->name) && output->kind != OUTPUT_NOWHERE
               ? write_png(output, writer, user)
               : text_output_write(output, writer, user);
}
