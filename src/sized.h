/*
 * Public structs that begin with their size. A program built with an older header passes a shorter
 * struct than this library knows, one built with a newer header a longer one.
 *
 * A released struct must not end in padding: a field that a later version adds there would read the
 * arbitrary bytes of an older caller's padding.
 */
#ifndef UNECHO_SIZED_H
#define UNECHO_SIZED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether `size` is plausible for a caller's struct: at least `least`, and not much more than
 * own_size, the size that this library knows. An uninitialised size is unlikely to pass.
 */
bool sized_possible(size_t size, size_t least, size_t own_size);

/*
 * Copy the caller's fields into *own; fields that the caller lacks keep their values. `size` must
 * be possible. Returns false if the caller's struct has nonzero fields unknown to this library.
 */
bool sized_read(void *own, size_t own_size, const void *given, size_t size);

/* Fill the caller's struct: the fields of *own that it has, then zeros. Both begin with `size`. */
void sized_write(void *to, size_t size, const void *own, size_t own_size);

#endif
