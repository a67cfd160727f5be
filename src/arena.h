/*
 * One allocation for many arrays: the first layout, without memory, measures the size; the second
 * assigns the addresses. Every array starts on a cache line.
 */
#ifndef UNECHO_ARENA_H
#define UNECHO_ARENA_H

#include <stddef.h>
#include <stdlib.h>

#if defined(_WIN32)
#include <malloc.h>
#endif

enum { ARENA_ALIGNMENT = 64 };

typedef struct arena {
    unsigned char *memory; /* NULL while measuring */
    size_t used;
} arena;

/* Memory for a measured arena, and its end. Windows has no aligned_alloc that free() can take. */
static inline void *arena_allocate(size_t size)
{
#if defined(_WIN32)
    return _aligned_malloc(size, ARENA_ALIGNMENT);
#else
    return aligned_alloc(ARENA_ALIGNMENT, size);
#endif
}

static inline void arena_release(void *memory)
{
#if defined(_WIN32)
    _aligned_free(memory);
#else
    free(memory);
#endif
}

/* NULL while measuring. */
static inline void *arena_take(arena *a, size_t size)
{
    void *const taken = a->memory ? a->memory + a->used : NULL;
    a->used += (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    return taken;
}

static inline float *arena_floats(arena *a, size_t count)
{
    return arena_take(a, count * sizeof(float));
}

#endif
