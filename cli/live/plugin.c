#include "live/plugin.h"

#include "report.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "unecho.so"

static bool try_file(live_plugin *p, const char *file)
{
    return realpath(file, p->path) != NULL;
}

static bool try_folder(live_plugin *p, const char *folder, size_t length, const char *rest)
{
    char file[PATH_MAX];
    const int size = snprintf(file, sizeof(file), "%.*s%s/" NAME, (int)length, folder, rest);
    return length > 0 && size < (int)sizeof(file) && try_file(p, file);
}

static bool try_ladspa_path(live_plugin *p)
{
    for (const char *at = getenv("LADSPA_PATH"); at && *at; at += at[0] == ':') {
        const size_t length = strcspn(at, ":");
        if (try_folder(p, at, length, ""))
            return true;
        at += length;
    }
    return false;
}

/* Where the program was built, rather than where it was installed. */
static bool try_build_folder(live_plugin *p)
{
    char program[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (size <= 0)
        return false;
    program[size] = '\0';
    *strrchr(program, '/') = '\0';
    return try_folder(p, program, strlen(program), "/../plugins/ladspa");
}

static bool find(live_plugin *p, const char *file)
{
    if (file) {
        if (try_file(p, file))
            return true;
        report_error("%s: there is no such plugin", file);
        return false;
    }
    if (try_ladspa_path(p) || try_build_folder(p) ||
        try_folder(p, UNECHO_LADSPA_FOLDER, strlen(UNECHO_LADSPA_FOLDER), ""))
        return true;
    report_error("there is no LADSPA plugin " NAME " in " UNECHO_LADSPA_FOLDER
                 " nor in LADSPA_PATH: install it, or name it with --plugin");
    return false;
}

bool plugin_open(live_plugin *p, const char *file)
{
    *p = (live_plugin){0};
    if (!find(p, file))
        return false;
    p->library = dlopen(p->path, RTLD_NOW | RTLD_LOCAL);
    if (!p->library) {
        report_error("%s", dlerror());
        return false;
    }
    void *const symbol = dlsym(p->library, "unecho_ladspa_stats");
    if (!symbol) {
        report_error("%s: not the LADSPA plugin of unecho, or that of another version", p->path);
        plugin_close(p);
        return false;
    }
    memcpy(&p->stats, &symbol, sizeof(p->stats));
    return true;
}

void plugin_close(live_plugin *p)
{
    if (p->library)
        dlclose(p->library);
    p->library = NULL;
}

bool plugin_stats(const live_plugin *p, unecho_stats *stats)
{
    stats->size = sizeof(*stats);
    return p->stats(stats) == 1;
}
