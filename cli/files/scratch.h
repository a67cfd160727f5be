/* Samples set aside in a temporary file without a name, which goes away with the program. */
#ifndef UNECHO_CLI_SCRATCH_H
#define UNECHO_CLI_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* directory NULL: where temporary files go. NULL on failure, reported. */
FILE *scratch_open(const char *directory);
/* The same, not reported; errno says why. */
FILE *scratch_try(const char *directory);

/* false: failed, reported. */
bool scratch_write(FILE *scratch, const float *samples, size_t n);
bool scratch_rewind(FILE *scratch);

/* *got < n at the end. */
bool scratch_read(FILE *scratch, float *samples, size_t n, size_t *got);

#endif
