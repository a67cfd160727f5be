#include "twin.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 128, NAMES_MOST = 16 };

static char folder[] = "/tmp/unecho-twin-XXXXXX"; /* mkdtemp replaces the last six */
static char names[NAMES_MOST][32];
static size_t name_count;

void need_numpy(const char *python)
{
    if (*python)
        return;
    const char *const ci = getenv("CI");
    if (ci && strcmp(ci, "true") == 0)
        fail_msg("there is no python3 with numpy");
    print_message("skipped: there was no python3 with numpy when this was configured\n");
    skip();
}

void twin_begin(void)
{
    memset(folder + sizeof folder - 7, 'X', 6);
    assert_non_null(mkdtemp(folder));
}

const char *twin_path(const char *name)
{
    static char paths[8][PATH_SIZE];
    static unsigned next;
    size_t known = 0;
    while (known < name_count && strcmp(names[known], name) != 0)
        known++;
    if (known == name_count) {
        assert_true(name_count < NAMES_MOST);
        snprintf(names[name_count++], sizeof names[0], "%s", name);
    }
    char *const path = paths[next++ % 8];
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return path;
}

void twin_end(void)
{
    for (size_t i = 0; i < name_count; i++)
        unlink(twin_path(names[i]));
    rmdir(folder);
    name_count = 0;
}

void twin_write(const char *name, const float *x, size_t count)
{
    FILE *const file = fopen(twin_path(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(x, sizeof *x, count, file), count);
    fclose(file);
}

void twin_run(const char *python, const char *program, const char *arguments)
{
    char command[1024];
    const int length = snprintf(command, sizeof command, "cd '%s' && '%s' -B '%s' %s", folder,
                                python, program, arguments);
    assert_true(length > 0 && (size_t)length < sizeof command);
    assert_int_equal(system(command), 0);
}
