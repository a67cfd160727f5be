#include "holes.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char mark[4] = {0xf0, 'Z', 'Z', 0x0f};

enum { HOLE = 7, LARGEST = 0xffffff };
static const size_t most = (size_t)8 << 20;

/* The number of zeros that a hole at `at` stands for; 0: no hole. */
static size_t hole_at(const unsigned char *at, size_t left)
{
    if (left < HOLE || memcmp(at, mark, sizeof mark) != 0)
        return 0;
    return at[4] | (size_t)at[5] << 8 | (size_t)at[6] << 16;
}

/* to NULL: only measure. */
static size_t fill(unsigned char *to, const unsigned char *bytes, size_t size)
{
    size_t full = 0;
    for (size_t i = 0; i < size;) {
        const size_t zeros = hole_at(bytes + i, size - i);
        if (to && zeros > 0)
            memset(to + full, 0, zeros);
        else if (to)
            to[full] = bytes[i];
        full += zeros > 0 ? zeros : 1;
        i += zeros > 0 ? HOLE : 1;
    }
    return full;
}

unsigned char *holes_fill(const unsigned char *bytes, size_t size, size_t *full_size)
{
    *full_size = fill(NULL, bytes, size);
    if (*full_size > most)
        return NULL;
    /* Of its exact size, so that a read beyond it is detected. */
    unsigned char *const file = malloc(*full_size > 0 ? *full_size : 1);
    if (file)
        fill(file, bytes, size);
    return file;
}

size_t holes_cut(const unsigned char *file, size_t size, unsigned char *to)
{
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        size_t zeros = 0;
        while (zeros < size - i && zeros < LARGEST && file[i + zeros] == 0)
            zeros++;
        if (zeros <= HOLE) {
            to[used++] = file[i++];
            continue;
        }
        memcpy(to + used, mark, sizeof mark);
        to[used + 4] = (unsigned char)zeros;
        to[used + 5] = (unsigned char)(zeros >> 8);
        to[used + 6] = (unsigned char)(zeros >> 16);
        used += HOLE;
        i += zeros;
    }
    return used;
}
