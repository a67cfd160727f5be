#include "sized.h"

#include <string.h>

/* Far more than later versions will add, but small enough to reject an uninitialised size. */
enum { UNKNOWN_MAX = 4096 };

bool sized_possible(size_t size, size_t least, size_t own_size)
{
    /* Any other size could end in the middle of a pointer. */
    return size >= least && size <= own_size + UNKNOWN_MAX && size % sizeof(size_t) == 0;
}

bool sized_read(void *own, size_t own_size, const void *given, size_t size)
{
    const unsigned char *const from = given;
    for (size_t i = own_size; i < size; i++)
        if (from[i] != 0)
            return false;
    memcpy(own, from, size < own_size ? size : own_size);
    memcpy(own, &own_size, sizeof own_size);
    return true;
}

void sized_write(void *to, size_t size, const void *own, size_t own_size)
{
    const size_t known = size < own_size ? size : own_size;
    memcpy(to, own, known);
    memset((unsigned char *)to + known, 0, size - known);
    memcpy(to, &size, sizeof size < size ? sizeof size : size);
}
