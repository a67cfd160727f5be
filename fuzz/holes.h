/*
 * Files with holes. 99 % of a model file is weights, on which a fuzzer would waste its time. So in
 * an input the four bytes HOLE and a 24-bit little-endian count stand for that many zeros. An input
 * without holes stands for itself.
 */
#ifndef UNECHO_FUZZ_HOLES_H
#define UNECHO_FUZZ_HOLES_H

#include <stddef.h>

/*
 * The file that an input stands for, freed by the caller; NULL: larger than 8 MiB, or out of
 * memory.
 */
unsigned char *holes_fill(const unsigned char *bytes, size_t size, size_t *full_size);
/* The shortest input that stands for this file; `to` has room for `size` bytes. */
size_t holes_cut(const unsigned char *file, size_t size, unsigned char *to);

#endif
