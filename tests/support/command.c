/*
 * Processes, files and folders for the tests of the command line. Knows nothing about what the
 * command line should do.
 */
#include "command.h"

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT     "standard_output"
#define MESSAGES   "standard_error"
#define MOST_WORDS 32

static char folder[] = "/tmp/unecho-test-XXXXXX";

int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    return place->level == 0 ? 0 : remove(path);
}

int leave_folder(void **state)
{
    (void)state;
    enum { OPEN_MOST = 16 };
    const int removed = nftw(".", remove_entry, OPEN_MOST, FTW_DEPTH | FTW_PHYS);
    return removed == 0 && chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

/* ---- Processes -------------------------------------------------------------------------- */

static void redirect(const char *path, int flags, int target)
{
    int fd = open(path, flags, 0666);
    if (fd < 0 || dup2(fd, target) < 0)
        _exit(126);
    if (fd != target)
        close(fd);
}

static void become_tool(const surroundings *around, const char *words)
{
    char line[1024];
    char *arguments[MOST_WORDS + 2];
    int count = 0;
    arguments[count++] = getenv("UNECHO_TOOL");
    snprintf(line, sizeof(line), "%s", words);
    for (char *word = strtok(line, " "); word && count <= MOST_WORDS; word = strtok(NULL, " "))
        arguments[count++] = word;
    arguments[count] = NULL;

    redirect(around->input ? around->input : "/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(around->output ? around->output : OUTPUT, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(MESSAGES, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (around->no_input)
        close(STDIN_FILENO);
    if (around->no_output)
        close(STDOUT_FILENO);
    if (around->largest_file) {
        struct rlimit limit = {(rlim_t)around->largest_file, (rlim_t)around->largest_file};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    /* As in a terminal's foreground, also where the tests run under nohup or in the background. */
    signal(SIGHUP, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    execv(arguments[0], arguments);
    _exit(127);
}

pid_t start(const surroundings *around, const char *words)
{
    pid_t pid;
    assert_non_null(getenv("UNECHO_TOOL"));
    unlink(OUTPUT);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become_tool(around, words);
    return pid;
}

static void read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t got = file ? fread(text, 1, size - 1, file) : 0;
    text[got] = '\0';
    if (file)
        fclose(file);
}

void finish(outcome *result, pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    result->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_text(OUTPUT, result->output, sizeof(result->output));
    read_text(MESSAGES, result->messages, sizeof(result->messages));
}

void run_in(outcome *result, const surroundings *around, const char *words)
{
    finish(result, start(around, words));
}

void run(outcome *result, const char *words)
{
    static const surroundings usual;
    run_in(result, &usual, words);
}

void expect_code(const outcome *result, int code)
{
    if (result->code != code)
        fail_msg("exit code %d, expected %d; it said: %s%s", result->code, code, result->messages,
                 result->output);
}

void expect_part(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is missing in: %s", part, text);
}

/* ---- Files ------------------------------------------------------------------------------ */

void write_sound_as(const char *path, int format, int rate, int channels, const float *samples,
                    size_t frames)
{
    SF_INFO info = {0};
    SNDFILE *file;
    info.samplerate = rate;
    info.channels = channels;
    info.format = format;
    file = sf_open(path, SFM_WRITE, &info);
    assert_non_null(file);
    sf_command(file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    assert_int_equal(sf_writef_float(file, samples, (sf_count_t)frames), frames);
    assert_int_equal(sf_close(file), 0);
}

void write_sound(const char *path, int format, const float *samples, size_t count)
{
    write_sound_as(path, format, 16000, 1, samples, count);
}

int format_of(const char *path)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    assert_non_null(file);
    sf_close(file);
    return info.format;
}

void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

char *read_bytes(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    char *bytes;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    *size = (size_t)status.st_size;
    bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

int count_hidden(void)
{
    DIR *directory = opendir(".");
    struct dirent *entry;
    int count = 0;
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL)
        count += entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
                 strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}
