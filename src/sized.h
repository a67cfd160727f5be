/*
 * Structs of the public interface that begin with their size. A program built with an older header
 * brings a shorter one than this library knows, one built with a newer header a longer one.
 *
 * A released struct must not end in padding: a field that a later version adds there would take
 * what happens to be in an older program's padding.
 */
#ifndef UNECHO_SIZED_H
#define UNECHO_SIZED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a struct of ours can have the size, `least` being what its callers have to bring and
 * `own` what this library knows. A size that was never set is unlikely to pass.
 */
bool sized_possible(size_t size, size_t least, size_t own_size);

/*
 * Replace the fields of *own by those that the caller's struct, of a possible size, has. false: it
 * has unknown fields that are not 0.
 */
bool sized_read(void *own, size_t own_size, const void *given, size_t size);

/* Fill the caller's struct: what fits of *own, zeros for unknown fields. Both begin with `size`. */
void sized_write(void *to, size_t size, const void *own, size_t own_size);

#endif
