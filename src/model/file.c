#include "file.h"

#include "unecho.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Far above any model of this kind: an endless device must not take all memory. */
static const size_t most_bytes = (size_t)1 << 30;

/* Read to the end, whatever that is: the file may be a pipe, or change meanwhile. */
static int read_all(unsigned char **bytes, size_t *size, FILE *file, const char *path,
                    const message *to)
{
    size_t capacity = (size_t)1 << 20, used = 0;
    unsigned char *buffer = malloc(capacity);
    while (buffer) {
        used += fread(buffer + used, 1, capacity - used, file);
        if (ferror(file) || used > most_bytes) {
            const int error = errno;
            free(buffer);
            if (used > most_bytes)
                return message_fail(to, UNECHO_ERROR_FILE, "%s: larger than 1 GiB: not a model",
                                    path);
            return message_fail(to, UNECHO_ERROR_FILE, "%s: cannot be read: %s", path,
                                strerror(error));
        }
        if (used < capacity) {
            *bytes = buffer;
            *size = used;
            return UNECHO_OK;
        }
        capacity *= 2;
        unsigned char *const larger = realloc(buffer, capacity);
        if (!larger)
            free(buffer);
        buffer = larger;
    }
    return message_fail(to, UNECHO_ERROR_MEMORY, "%s: out of memory", path);
}

int file_read(unsigned char **bytes, size_t *size, const char *path, const message *to)
{
    struct stat status_of;
    if (stat(path, &status_of) == 0 && (S_ISCHR(status_of.st_mode) || S_ISBLK(status_of.st_mode)))
        return message_fail(to, UNECHO_ERROR_FILE, "%s: is a device, not a model", path);
    FILE *const file = fopen(path, "rb");
    if (!file)
        return message_fail(to, UNECHO_ERROR_FILE, "%s: cannot be opened: %s", path,
                            strerror(errno));
    const int status = read_all(bytes, size, file, path, to);
    fclose(file);
    return status;
}

bool file_is_missing(const char *path)
{
    struct stat status;
    return stat(path, &status) != 0 && errno == ENOENT;
}
