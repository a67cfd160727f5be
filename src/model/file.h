/* A whole file into memory. */
#ifndef UNECHO_FILE_H
#define UNECHO_FILE_H

#include "message.h"

#include <stdbool.h>
#include <stddef.h>

/* The caller frees *bytes, which is untouched on failure. Returns UNECHO_OK, UNECHO_ERROR_FILE
 * or UNECHO_ERROR_MEMORY. */
int file_read(unsigned char **bytes, size_t *size, const char *path, const message *to);

/* Does no file have that name? One that exists but cannot be opened is not missing. */
bool file_is_missing(const char *path);

#endif
