/*
 * Files with holes. Weights are 99 % of a model's file; a fuzzer that had to carry them would
 * change little else, and slowly. So in an input the four bytes HOLE and three more, a count with
 * the low byte first, stand for that many zeros. Any other file stands for itself.
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
