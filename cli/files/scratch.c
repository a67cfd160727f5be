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

/* Where temporary files go. */
static const char *usual_place(void)
{
    const char *place = getenv("TMPDIR");
    return place && *place ? place : "/tmp";
}

FILE *scratch_try(const char *directory)
{
    static const char name[] = "/.unecho-XXXXXX";
    const char *place = directory ? directory : usual_place();
    FILE *scratch = NULL;
    char *path = malloc(strlen(place) + sizeof(name));
    int fd;
    if (!path)
        return NULL;
    strcpy(path, place);
    strcat(path, name);
    fd = mkstemp(path);
    if (fd >= 0) {
        unlink(path);
        scratch = fdopen(fd, "w+b");
        if (!scratch)
            close(fd);
    }
    free(path);
    return scratch;
}

FILE *scratch_open(const char *directory)
{
    FILE *scratch = scratch_try(directory);
    if (!scratch)
        report_error("cannot create a temporary file in %s: %s",
                     directory ? directory : usual_place(), strerror(errno));
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
