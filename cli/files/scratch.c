#include "files/scratch.h"

#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool fail(void)
{
    report_error("temporary file: %s", strerror(errno));
    return false;
}

FILE *scratch_open(const char *directory)
{
    static const char name[] = "/.unecho-XXXXXX";
    const char *place = directory ? directory : getenv("TMPDIR");
    FILE *scratch = NULL;
    char *path;
    int fd;

    if (!place || !*place)
        place = "/tmp";
    path = malloc(strlen(place) + sizeof(name));
    if (!path) {
        fail();
        return NULL;
    }
    strcpy(path, place);
    strcat(path, name);
    fd = mkstemp(path);
    if (fd >= 0) {
        unlink(path);
        scratch = fdopen(fd, "w+b");
        if (!scratch)
            close(fd);
    }
    if (!scratch)
        report_error("cannot create a temporary file in %s: %s", place, strerror(errno));
    free(path);
    return scratch;
}

bool scratch_write(FILE *scratch, const float *samples, size_t n)
{
    return fwrite(samples, sizeof(*samples), n, scratch) == n || fail();
}

bool scratch_rewind(FILE *scratch)
{
    return fseek(scratch, 0, SEEK_SET) == 0 || fail();
}

bool scratch_read(FILE *scratch, float *samples, size_t n, size_t *got)
{
    *got = fread(samples, sizeof(*samples), n, scratch);
    return *got == n || !ferror(scratch) || fail();
}
