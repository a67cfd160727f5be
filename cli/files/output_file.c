/*
 * A temporary file in the output's directory, renamed over it at the end. It does not know what is
 * in it.
 */
#include "files/output_file.h"

#include "interrupt.h"
#include "report.h"
#include "transfer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A temporary name is longer than the file's own, and must fit in a directory entry. */
#define LONGEST_NAME 200
/* Of which mkstemp makes others. */
#define LETTERS "XXXXXX"

static bool fail(const output_file *output, const char *what)
{
    report_error("%s: %s", output->name, what);
    return false;
}

static bool is_null_device(const struct stat *status)
{
    struct stat null_device;
    return S_ISCHR(status->st_mode) && stat("/dev/null", &null_device) == 0 &&
           null_device.st_rdev == status->st_rdev;
}

static bool is_stdout(const struct stat *status)
{
    struct stat out;
    return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == status->st_dev &&
           out.st_ino == status->st_ino;
}

/* A new file takes the place of the old one: its other names would keep the old content, and it
 * would have another owner. */
static bool may_be_replaced(const output_file *output)
{
    if (output->identity.st_nlink > 1) {
        report_error("%s: is one of %lu names (hard links) of a file, and the others would keep "
                     "the old content; remove it first, or choose another name",
                     output->name, (unsigned long)output->identity.st_nlink);
        return false;
    }
    if (output->identity.st_uid != geteuid() && geteuid() != 0) {
        report_error("%s: belongs to another user, from whom replacing it would take it; remove "
                     "it first, or choose another name",
                     output->name);
        return false;
    }
    return true;
}

static bool inspect_existing(output_file *output, const char *path)
{
    output->exists = true;
    if (S_ISDIR(output->identity.st_mode))
        return fail(output, "is a directory");
    if (access(path, W_OK) != 0)
        return fail(output, strerror(errno));
    if (!S_ISREG(output->identity.st_mode))
        output->kind = is_null_device(&output->identity) ? OUTPUT_NOWHERE : OUTPUT_DIRECT;
    else if (is_stdout(&output->identity)) {
        /* /dev/stdout, or the file by its name: what is before its position stays. */
        output->kind = OUTPUT_DIRECT;
        return true;
    }
    output->path = output->kind == OUTPUT_REPLACED ? realpath(path, NULL) : strdup(path);
    return output->path ? true : fail(output, strerror(errno));
}

static bool inspect_new(output_file *output, const char *path)
{
    struct stat link;
    size_t length = strlen(path);
    if (length == 0)
        return fail(output, "the name of the output is empty");
    if (path[length - 1] == '/')
        return fail(output, "there is no such folder");
    if (lstat(path, &link) == 0)
        return fail(output, "is a symbolic link to a file that does not exist");
    output->path = strdup(path);
    return output->path ? true : fail(output, strerror(errno));
}

static bool inspect_directory(output_file *output)
{
    struct stat status;
    char *slash;
    output->directory = strdup(output->path);
    if (!output->directory)
        return fail(output, strerror(errno));
    slash = strrchr(output->directory, '/');
    if (!slash)
        strcpy(output->directory, "."); /* the name has at least one character */
    else
        slash[slash == output->directory] = '\0';

    if (stat(output->directory, &status) == 0 && access(output->directory, W_OK | X_OK) == 0)
        return true;
    report_error("%s: cannot create a file in directory %s: %s", output->name, output->directory,
                 strerror(errno));
    return false;
}

bool output_inspect(output_file *output, const char *path)
{
    memset(output, 0, sizeof(*output));
    output->name = path;
    output->fd = -1;
    output->kind = OUTPUT_REPLACED;
    if (strcmp(path, "-") == 0) {
        output->name = "standard output";
        output->kind = OUTPUT_DIRECT;
        output->exists = fstat(STDOUT_FILENO, &output->identity) == 0;
        return true;
    }
    if (stat(path, &output->identity) == 0) {
        if (!inspect_existing(output, path))
            return false;
    } else if (errno != ENOENT) {
        return fail(output, strerror(errno));
    } else if (!inspect_new(output, path)) {
        return false;
    }
    return output->kind != OUTPUT_REPLACED || inspect_directory(output);
}

bool output_is(const output_file *output, const struct stat *input)
{
    return output->exists && S_ISREG(output->identity.st_mode) &&
           output->identity.st_dev == input->st_dev && output->identity.st_ino == input->st_ino;
}

bool output_is_stdout(const output_file *output)
{
    return output->kind == OUTPUT_DIRECT && (!output->path || is_stdout(&output->identity));
}

static const char *name_in_directory(const output_file *output)
{
    const char *slash = strrchr(output->path, '/');
    return slash ? slash + 1 : output->path;
}

bool output_same(const output_file *a, const output_file *b)
{
    struct stat first, second;
    if (a->exists || b->exists)
        return a->exists && output_is(b, &a->identity);
    return a->directory && b->directory && stat(a->directory, &first) == 0 &&
           stat(b->directory, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino && strcmp(name_in_directory(a), name_in_directory(b)) == 0;
}

/* The mode of the file that is replaced, or that a new file would get. */
static mode_t mode_for(const output_file *output)
{
    mode_t mask = umask(0);
    umask(mask);
    return output->exists ? output->identity.st_mode & 0777 : 0666 & ~mask;
}

/* A name in directory for the time until the file `name` is complete. NULL: out of memory. */
static char *temporary_name(const char *directory, const char *name)
{
    const size_t size = strlen(directory) + LONGEST_NAME + sizeof("/..unecho-" LETTERS);
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/.%.*s.unecho-%s", directory, LONGEST_NAME, name, LETTERS);
    return path;
}

void output_remove_leftovers(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    DIR *directory = folder ? opendir(*folder ? folder : "/") : NULL;
    char *pattern = temporary_name("", name);
    struct dirent *entry;
    while (directory && pattern && (entry = readdir(directory)) != NULL) {
        const size_t length = strlen(pattern + 1);
        if (strlen(entry->d_name) == length &&
            strncmp(entry->d_name, pattern + 1, length - strlen(LETTERS)) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory)
        closedir(directory);
    free(pattern);
    free(folder);
}

static bool open_temporary(output_file *output)
{
    char *path;
    if (output->exists && !may_be_replaced(output))
        return false;
    path = temporary_name(output->directory, name_in_directory(output));
    if (!path)
        return fail(output, strerror(errno));
    output->fd = mkstemp(path);
    if (output->fd < 0) {
        report_error("%s: cannot create a temporary file in its directory: %s", output->name,
                     strerror(errno));
        free(path);
        return false;
    }
    output->temporary = path;
    interrupt_removes(path);
    /* The administrator's outputs stay those of their owners. mkstemp gives access to the owner
     * only. File systems without modes may refuse: no harm. */
    if (output->exists)
        (void)!fchown(output->fd, output->identity.st_uid, output->identity.st_gid);
    (void)!fchmod(output->fd, mode_for(output));
    return true;
}

bool output_open(output_file *output)
{
    if (output->kind == OUTPUT_NOWHERE)
        return true;
    if (output->kind == OUTPUT_REPLACED)
        return open_temporary(output);
    output->fd = output->path ? open(output->path, O_WRONLY | O_NOCTTY) : STDOUT_FILENO;
    return output->fd >= 0 ? true : fail(output, strerror(errno));
}

bool output_write(const output_file *output, const void *bytes, size_t size)
{
    return write_all(output->fd, bytes, size) || fail(output, strerror(errno));
}

static bool close_descriptor(output_file *output)
{
    int fd = output->fd;
    output->fd = -1;
    return fd < 0 || fd == STDOUT_FILENO || close(fd) == 0;
}

static void forget_temporary(output_file *output)
{
    interrupt_keeps(output->temporary);
    free(output->temporary);
    output->temporary = NULL;
}

bool output_commit(output_file *output)
{
    /* Some file systems report a full disk only now. */
    if (!close_descriptor(output))
        return fail(output, strerror(errno));
    if (output->kind != OUTPUT_REPLACED)
        return true;
    if (rename(output->temporary, output->path) != 0)
        return fail(output, strerror(errno));
    forget_temporary(output);
    return true;
}

void output_release(output_file *output)
{
    close_descriptor(output);
    if (output->temporary) {
        unlink(output->temporary);
        forget_temporary(output);
    }
    free(output->path);
    free(output->directory);
    memset(output, 0, sizeof(*output));
    output->fd = -1;
}
