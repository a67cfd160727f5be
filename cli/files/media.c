#include "files/media.h"

#include "files/scratch.h"
#include "report.h"

#include "unecho.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const endings[] = {
    ".mp4", ".m4a", ".m4v", ".mov", ".mkv", ".mka", ".webm", ".aac", ".3gp",
    ".avi", ".wma", ".wmv", ".amr", ".mts", ".flv", ".ac3",  NULL,
};

struct tracks {
    unsigned count;
    double seconds; /* 0: unknown */
};

bool media_is_known(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && endings[i]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

/* ---- Running a program ------------------------------------------------------------------ */

/* Its standard error, or if output is -1 its standard output, into text. */
static bool start(pid_t *pid, const char *const *words, int output, int pipe_end)
{
    posix_spawn_file_actions_t actions;
    int status;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (output < 0) {
        posix_spawn_file_actions_adddup2(&actions, pipe_end, STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    } else {
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, pipe_end, STDERR_FILENO);
    }
    status = posix_spawnp(pid, words[0], &actions, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    errno = status;
    return status == 0;
}

static void read_all(int fd, char *text, size_t size)
{
    char rest[512];
    size_t have = 0;
    for (;;) {
        const bool full = have + 1 >= size;
        const ssize_t more =
            full ? read(fd, rest, sizeof(rest)) : read(fd, text + have, size - 1 - have);
        if (more == 0 || (more < 0 && errno != EINTR))
            break;
        if (more > 0 && !full)
            have += (size_t)more;
    }
    text[have] = '\0';
}

/*
 * output: where its standard output goes, and text is its standard error; -1: text is its standard
 * output. Returns its exit code; -1: it could not be started, or a signal ended it; errno says why.
 */
static int run(const char *const *words, int output, char *text, size_t size)
{
    int ends[2], status = 0;
    pid_t pid;
    text[0] = '\0';
    if (pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const bool started = start(&pid, words, output, ends[1]);
    const int why = errno;
    close(ends[1]);
    if (started)
        read_all(ends[0], text, size);
    close(ends[0]);
    errno = why;
    if (!started)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    errno = EINTR;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A name that cannot be taken for an option or an address. Freed by the caller. */
static char *as_address(const char *path)
{
    static const char scheme[] = "file:";
    char *address = malloc(sizeof(scheme) + strlen(path));
    if (address)
        strcat(strcpy(address, scheme), path);
    return address;
}

/* ---- What is in the file ---------------------------------------------------------------- */

static bool find_tracks(struct tracks *tracks, const char *address)
{
    const char *const words[] = {"ffprobe",
                                 "-v",
                                 "error",
                                 "-select_streams",
                                 "a",
                                 "-show_entries",
                                 "stream=index:format=duration",
                                 "-of",
                                 "default=nw=1",
                                 address,
                                 NULL};
    static const char track[] = "index=", length[] = "duration=";
    char text[2048];
    *tracks = (struct tracks){0};
    if (run(words, -1, text, sizeof(text)) != 0)
        return false;
    for (char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, track, sizeof(track) - 1) == 0)
            tracks->count++;
        else if (strncmp(line, length, sizeof(length) - 1) == 0)
            tracks->seconds = strtod(line + sizeof(length) - 1, NULL);
    }
    return true;
}

double media_seconds(const char *path)
{
    struct tracks tracks = {0};
    char *address = as_address(path);
    const bool found = address && find_tracks(&tracks, address);
    free(address);
    return found && tracks.seconds > 0.0 ? tracks.seconds : 0.0;
}

/* ---- Decoding --------------------------------------------------------------------------- */

/* Each track mono and as long as the longest, then side by side. */
static void write_graph(char *graph, size_t size, const struct tracks *tracks)
{
    size_t length = 0;
    for (unsigned i = 0; i < tracks->count; i++)
        length += (size_t)snprintf(graph + length, size - length,
                                   "[0:a:%u]aformat=channel_layouts=mono,apad=whole_dur=%.6f[t%u];",
                                   i, tracks->seconds, i);
    for (unsigned i = 0; i < tracks->count; i++)
        length += (size_t)snprintf(graph + length, size - length, "[t%u]", i);
    snprintf(graph + length, size - length, "amerge=inputs=%u[both]", tracks->count);
}

static int decode(const char *address, const struct tracks *tracks, int output, char *text,
                  size_t size)
{
    char graph[1024];
    const char *const one[] = {"ffmpeg", "-v", "error", "-nostdin", "-i",        address,  "-map",
                               "0:a:0",  "-f", "au",    "-c:a",     "pcm_f32be", "pipe:1", NULL};
    const char *const many[] = {
        "ffmpeg", "-v",     "error", "-nostdin", "-i",   address,     "-filter_complex", graph,
        "-map",   "[both]", "-f",    "au",       "-c:a", "pcm_f32be", "pipe:1",          NULL};
    if (tracks->count > 1)
        write_graph(graph, sizeof(graph), tracks);
    return run(tracks->count > 1 ? many : one, output, text, size);
}

static bool decode_into(int output, const char *path, const char *address)
{
    struct tracks tracks;
    char text[512];
    int code;
    errno = 0;
    if (!find_tracks(&tracks, address)) {
        if (errno == ENOENT)
            report_error("%s: such files are decoded by ffmpeg and ffprobe, which are not on this "
                         "machine; where they are, and it has the two ends in two tracks: "
                         "ffmpeg -i %s -map 0:a:0 mic.wav -map 0:a:1 far.wav",
                         path, path);
        else
            report_error("%s: not a file that ffmpeg can read", path);
        return false;
    }
    if (tracks.count < 1 || tracks.count > UNECHO_CHANNELS_MAX) {
        report_error("%s: has %u audio tracks, and unecho takes 1 to %d", path, tracks.count,
                     UNECHO_CHANNELS_MAX);
        return false;
    }
    code = decode(address, &tracks, output, text, sizeof(text));
    text[strcspn(text, "\n")] = '\0';
    if (code != 0)
        report_error("%s: ffmpeg cannot decode it: %s", path,
                     code < 0 ? strerror(errno)
                     : *text  ? text
                              : "no reason given");
    else if (*text)
        report_warning("%s: damaged? ffmpeg says: %s", path, text);
    return code == 0;
}

int media_decode(const char *path)
{
    FILE *scratch = scratch_open(NULL);
    char *address = as_address(path);
    int fd = -1;
    if (scratch && !address)
        report_no_memory();
    if (scratch && address && decode_into(fileno(scratch), path, address))
        fd = fcntl(fileno(scratch), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    free(address);
    if (scratch)
        fclose(scratch);
    return fd;
}
