#include "failing_malloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static bool armed, failing_for_good;
static unsigned calls, failures, failing_at;

/* Blocks that we allocated and have not freed. */
enum { MOST_LIVE = 4096 };
static void *live[MOST_LIVE];
static size_t live_count;

void malloc_arm(unsigned fail_at, bool for_good)
{
    calls = failures = 0;
    live_count = 0;
    failing_at = fail_at;
    failing_for_good = for_good;
    armed = true;
}

void malloc_disarm(void)
{
    armed = false;
}

unsigned malloc_calls(void)
{
    return calls;
}

unsigned malloc_failures(void)
{
    return failures;
}

size_t malloc_live(void)
{
    return live_count;
}

static bool fails(void)
{
    if (!armed)
        return false;
    calls++;
    if (failing_at == 0 || calls < failing_at || (calls > failing_at && !failing_for_good))
        return false;
    failures++;
    errno = ENOMEM;
    return true;
}

bool malloc_is_below(const void *code)
{
    static const char *const below[] = {"libsndfile", "libFLAC",   "libogg",    "libvorbis",
                                        "libopus",    "libmpg123", "libmp3lame"};
    Dl_info where = {0};
    for (size_t i = 0; dladdr(code, &where) && i < sizeof below / sizeof *below; i++)
        if (where.dli_fname && strstr(where.dli_fname, below[i]))
            return true;
    return false;
}

static void *counted(void *memory, const void *caller)
{
    if (!armed || !memory || malloc_is_below(caller))
        return memory;
    if (live_count == MOST_LIVE)
        abort();
    live[live_count++] = memory;
    return memory;
}

static void forget(const void *memory)
{
    for (size_t i = live_count; armed && memory && i-- > 0;)
        if (live[i] == memory) {
            live[i] = live[--live_count];
            return;
        }
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size), CALLER);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size), CALLER);
}

void *realloc(void *memory, size_t size)
{
    if (fails())
        return NULL;
    void *const moved = __libc_realloc(memory, size);
    if (moved && moved != memory) {
        forget(memory);
        counted(moved, CALLER);
    }
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, size), CALLER);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails())
        return ENOMEM;
    *memory = counted(__libc_memalign(alignment, size), CALLER);
    return *memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    forget(memory);
    __libc_free(memory);
}
