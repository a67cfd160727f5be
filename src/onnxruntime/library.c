#define _GNU_SOURCE /* dladdr */
#include "library.h"

#include "environment.h"
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
 * Once loaded the library stays: it is C++ with thread-local objects and threads of its own, whose
 * code must not be unloaded. Opening it again is then cheap.
 */
static void *load(const char *name)
{
    return dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/*
 * From release 1.29 on, ONNX Runtime sends telemetry to its vendor: models, machine and run times,
 * under a machine identifier, as soon as the first environment exists. Users of an echo canceller
 * did not consent to that. Only this variable disables all of it, and only if it is set before.
 * Users who want telemetry set it to 0.
 *
 * setenv is not safe while another thread reads the environment without the C library's lock, so
 * call it only if needed.
 */
static void keep_quiet(void)
{
    static const char name[] = "ORT_DISABLE_TELEMETRY";
    if (!environment(name))
        setenv(name, "1", 0);
}

static int open_path(ort_library *library, const char *path, const char *source, const message *to)
{
    library->handle = load(path);
    if (library->handle)
        return UNECHO_OK;
    const char *const reason = dlerror();
    return message_fail(to, UNECHO_ERROR_BACKEND,
                        "cannot load ONNX Runtime from %s (set by %s): %s", path, source,
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
                        "ONNX Runtime not found: the system has neither %s nor %s. Get it from "
                        "your distribution, from the release archives of ONNX Runtime, or from the "
                        "npm package onnxruntime-node, and set UNECHO_ONNXRUNTIME to the path of "
                        "that file",
                        usual_names[0], usual_names[1]);
}

/* The path of a loaded library. */
static const char *path_of(const void *symbol)
{
    Dl_info info;
    return dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : "libonnxruntime";
}

/* The N of a version "1.N.P"; 0: not such a version. */
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
    /* As POSIX suggests: C does not convert object pointers to function pointers. */
    memcpy(&get_base, &symbol, sizeof symbol);
    const ort_api_base *const base = get_base();
    const char *const version = base ? base->get_version() : NULL;
    /* Do not request a version that the library lacks: it would print to stderr. */
    if (minor_version(version) >= ORT_API_NEEDED)
        library->api = base->get_api(ORT_API_NEEDED);
    if (library->api)
        return UNECHO_OK;
    return message_fail(to, UNECHO_ERROR_BACKEND,
                        "%s (ONNX Runtime %s) is too old: version %d of its interface is needed, "
                        "which release 1.%d introduced",
                        path_of(symbol), version ? version : "of unknown version", ORT_API_NEEDED,
                        ORT_API_NEEDED);
}

int ort_library_open(ort_library *library, const char *path, const message *to)
{
    ort_library opened = {0};
    const char *const named = environment("UNECHO_ONNXRUNTIME");
    const char *source = "onnxruntime->library";
    if (!path && named && *named) {
        path = named;
        source = "UNECHO_ONNXRUNTIME";
    }
    keep_quiet();
    int status = path ? open_path(&opened, path, source, to) : open_usual(&opened, to);
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
