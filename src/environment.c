#define _GNU_SOURCE /* secure_getenv */
#include "environment.h"

#include <stdlib.h>

#if !defined(_WIN32) && !defined(__wasm__)
#include <unistd.h>
#endif

bool environment_is_own(void)
{
#if defined(_WIN32) || defined(__wasm__)
    return true; /* no program runs with the rights of its file's owner */
#else
    return getuid() == geteuid() && getgid() == getegid();
#endif
}

const char *environment(const char *name)
{
#if defined(HAVE_SECURE_GETENV)
    return secure_getenv(name);
#elif defined(__wasm__)
    (void)name; /* the host's would be an import */
    return NULL;
#else
    return environment_is_own() ? getenv(name) : NULL;
#endif
}
