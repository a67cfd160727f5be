#define _GNU_SOURCE /* dladdr */
#include "folder.h"

#include "environment.h"

#include <stdio.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#elif defined(HAVE_DLADDR)
#include <dlfcn.h>
#endif

/*
 * From the folder of the library: as an archive or a wheel has them, as the build folder has them,
 * and as installed with PREFIX/lib, or with PREFIX/lib/MACHINE.
 */
static const char *const beside[] = {"models", "../models", "../../models",
                                     "../share/unecho/models", "../../share/unecho/models"};
enum { BESIDE = sizeof beside / sizeof *beside };

/*
 * The folder of the file that this function is loaded from. false: unknown, or what the user says
 * who started a program with more rights: a program's name is what its caller gave it.
 */
static bool own_folder(char *path, size_t size)
{
    if (!environment_is_own())
        return false;
#if defined(_WIN32)
    HMODULE module = NULL;
    const DWORD flags =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    if (!GetModuleHandleExA(flags, (const char *)beside, &module) ||
        GetModuleFileNameA(module, path, (DWORD)size) >= size)
        return false;
    char *const end = strrchr(path, '\\');
#elif defined(HAVE_DLADDR)
    Dl_info info;
    if (!dladdr(beside, &info) || !info.dli_fname)
        return false;
    snprintf(path, size, "%s", info.dli_fname);
    char *const end = strrchr(path, '/');
#else
    (void)path;
    (void)size;
    char *const end = NULL;
#endif
    if (end)
        *end = '\0';
    return end != NULL;
}

static const char *named_folder(void)
{
    const char *const name = environment("UNECHO_MODELS");
    return name && *name ? name : NULL;
}

const char *model_folder_usual(void)
{
    const char *const named = named_folder();
    return named ? named : MODELS_FOLDER;
}

bool model_folder(char *path, size_t size, size_t i)
{
    const size_t last = !named_folder() && own_folder(path, size) ? BESIDE : 0;
    if (i >= last) {
        snprintf(path, size, "%s", model_folder_usual());
        return i == last;
    }
    const size_t length = strlen(path);
    snprintf(path + length, size - length, "/%s", beside[i]);
    return true;
}
