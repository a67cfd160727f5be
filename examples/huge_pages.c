#define _DEFAULT_SOURCE
#include "huge_pages.h"

#include <stdint.h>
#include <sys/mman.h>

/* Address space, of which the system backs only what is written. */
#define PAGE_BYTES  ((size_t)2 << 20)
#define CHUNK_BYTES (64 * PAGE_BYTES)

enum { ALIGNMENT = 64 };

/* At the beginning of its memory. */
typedef struct huge_chunk {
    struct huge_chunk *before;
    void *mapped;
    size_t used;
} huge_chunk;

static size_t rounded_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* The system aligns to ordinary pages: a huge page more leaves room for a whole number of them. */
static huge_chunk *map_chunk(huge_chunk *before)
{
    void *const mapped = mmap(NULL, CHUNK_BYTES + PAGE_BYTES, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    const size_t past = (uintptr_t)mapped % PAGE_BYTES;
    huge_chunk *const chunk = (void *)((char *)mapped + (PAGE_BYTES - past) % PAGE_BYTES);
    /* Fails where the system has no huge pages, and then nothing is lost. */
    madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE);
    *chunk = (huge_chunk){before, mapped, rounded_up(sizeof *chunk, ALIGNMENT)};
    return chunk;
}

void *huge_pages_allocate(void *user, size_t size)
{
    huge_pages *const pages = user;
    if (size > CHUNK_BYTES - ALIGNMENT)
        return NULL;
    if (!pages->newest || size > CHUNK_BYTES - pages->newest->used) {
        huge_chunk *const chunk = map_chunk(pages->newest);
        if (!chunk)
            return NULL;
        pages->newest = chunk;
    }
    void *const memory = (char *)pages->newest + pages->newest->used;
    pages->newest->used = rounded_up(pages->newest->used + size, ALIGNMENT);
    return memory;
}

void huge_pages_release(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

void huge_pages_close(huge_pages *pages)
{
    while (pages->newest) {
        huge_chunk *const chunk = pages->newest;
        pages->newest = chunk->before;
        munmap(chunk->mapped, CHUNK_BYTES + PAGE_BYTES);
    }
}
