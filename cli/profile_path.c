#include "profile_path.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The folder of configuration files; "" if neither variable is set. */
static void find_configuration(char *folder, size_t size)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    *folder = '\0';
    /* The XDG specification ignores relative paths. */
    if (config && *config == '/')
        snprintf(folder, size, "%.2000s", config);
    else if (home && *home)
        snprintf(folder, size, "%.2000s/.config", home);
}

bool profile_default_path(char *path, size_t size)
{
    char folder[2048];
    find_configuration(folder, sizeof(folder));
    snprintf(path, size, "%s/unecho/profile", folder);
    return *folder != '\0';
}

static bool make_directory(const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return true;
    report_error("%s: %s", path, strerror(errno));
    return false;
}

bool profile_make_folder(void)
{
    char folder[2048], own[2100];
    find_configuration(folder, sizeof(folder));
    if (!*folder) {
        report_error("HOME is not set, so there is no default place for the profile; name one "
                     "with -o FILE");
        return false;
    }
    snprintf(own, sizeof(own), "%s/unecho", folder);
    return make_directory(folder) && make_directory(own);
}
