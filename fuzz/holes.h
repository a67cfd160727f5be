/*
 * Files with holes. A model's file is weights for 99 parts in 100; a fuzzer that had to carry them
 * would change little else, and slowly. So in an input the four bytes HOLE and three more, a count,
 * low byte first, stand for that many zeros. Any other file stands for itself.
 */
#ifndef UNECHO_FUZZ_HOLES_H
#define UNECHO_FUZZ_HOLES_H

#include <stddef.h>

/* The file that an input stands for, to be freed; NULL: larger than 8 MiB, or out of memory. */
unsigned char *holes_fill(const unsigned char *bytes, size_t size, size_t *full_size);
/* An input that stands for this file, as short as it gets; `to` has room for `size` bytes. */
size_t holes_cut(const unsigned char *file, size_t size, unsigned char *to);

#endif
