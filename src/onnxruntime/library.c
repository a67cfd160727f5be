#define _GNU_SOURCE /* dladdr */
#include "library.h"

#include "unecho.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char *const usual_names[] = {
#ifdef __APPLE__
    "libonnxruntime.1.dylib",
    "libonnxruntime.dylib",
#else
    "libonnxruntime.so.1",
    "libonnxruntime.so",
#endif
};

/*
 * Once loaded it stays: it is C++ with thread-local objects and threads of its own, which do not
 * survive being unloaded under them. Opening it again costs nothing then.
 */
static void *load(const char *name)
{
    return dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/*
 * Releases from 1.29 on report what they run, on what machine and how long it takes, to their
 * maker: from the moment the first environment is made, through a file in the user's cache and a
 * number that names the machine. Nobody who cancels echo has asked for that. Only this variable
 * turns all of it off, and only if it is there before; who wants the reports sets it to 0.
 *
 * Changing the environment is not safe beside a thread that reads it without the C library's lock,
 * hence once and no oftener than needed.
 */
static void keep_quiet(void)
{
    static const char name[] = "ORT_DISABLE_TELEMETRY";
    if (!getenv(name))
        setenv(name, "1", 0);
}

static int open_path(ort_library *library, const char *path, const char *told_by, const message *to)
{
    library->handle = load(path);
    if (library->handle)
        return UNECHO_OK;
    const char *const reason = dlerror();
    return message_fail(to, UNECHO_ERROR_BACKEND,
                        "ONNX Runtime, which %s says is %s, cannot be loaded: %s", told_by, path,
                        reason ? reason : "no reason given");
}

static int open_usual(ort_library *library, const message *to)
{
    for (size_t i = 0; i < sizeof usual_names / sizeof *usual_names; i++) {
        library->handle = load(usual_names[i]);
        if (library->handle)
            return UNECHO_OK;
    }
    return message_fail(to, UNECHO_ERROR_BACKEND,
                        "ONNX Runtime is not there: the system finds neither %s nor %s. Get it "
                        "from your distribution, from the release archives of ONNX Runtime, or "
                        "from the npm package onnxruntime-node, and set UNECHO_ONNXRUNTIME to the "
                        "path of that file",
                        usual_names[0], usual_names[1]);
}

/* Where a loaded library lies. */
static const char *path_of(const void *symbol)
{
    Dl_info info;
    return dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : "libonnxruntime";
}

/* The N of a version "1.N.P"; 0: it is none. */
static unsigned long minor_version(const char *version)
{
    return version && strncmp(version, "1.", 2) == 0 ? strtoul(version + 2, NULL, 10) : 0;
}

static int check(ort_library *library, const char *name, const message *to)
{
    void *const symbol = dlsym(library->handle, "OrtGetApiBase");
    if (!symbol)
        return message_fail(to, UNECHO_ERROR_BACKEND,
                            "%s is not ONNX Runtime: it has no OrtGetApiBase", name);
    const ort_api_base *(*get_base)(void);
    /* What POSIX has dlsym's callers do: C has no conversion from object to function pointers. */
    memcpy(&get_base, &symbol, sizeof symbol);
    const ort_api_base *const base = get_base();
    const char *const version = base ? base->get_version() : NULL;
    /* Asked for a version that it lacks, the library complains on stderr: do not ask then. */
    if (minor_version(version) >= ORT_API_NEEDED)
        library->api = base->get_api(ORT_API_NEEDED);
    if (library->api)
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_BACKEND,
                        "%s (ONNX Runtime %s) is too old: version %d of its interface is needed, "
                        "which release 1.%d brought",
                        path_of(symbol), version ? version : "of unknown version", ORT_API_NEEDED,
                        ORT_API_NEEDED);
}

int ort_library_open(ort_library *library, const char *path, const message *to)
{
    ort_library opened = {0};
    const char *const environment = getenv("UNECHO_ONNXRUNTIME");
    const char *told_by = "onnxruntime->library";
    if (!path && environment && *environment) {
        path = environment;
        told_by = "UNECHO_ONNXRUNTIME";
    }
    keep_quiet();
    int status = path ? open_path(&opened, path, told_by, to) : open_usual(&opened, to);
    if (status == UNECHO_OK)
        status = check(&opened, path ? path : "libonnxruntime", to);
    if (status == UNECHO_OK)
        *library = opened;
    else
        ort_library_close(&opened);
    return status;
}

void ort_library_close(ort_library *library)
{
    if (library->handle)
        dlclose(library->handle);
    *library = (ort_library){0};
}
