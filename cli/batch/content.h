/* Tells the contents of files apart: XXH3 with 128 bits, as `xxh128sum` prints it. It is fast, and
 * no protection against forgery. */
#ifndef UNECHO_CLI_CONTENT_H
#define UNECHO_CLI_CONTENT_H

#include "files/loaded.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONTENT_BYTES = 16, CONTENT_TEXT = 2 * CONTENT_BYTES + 1 };

void content_hash(unsigned char digest[CONTENT_BYTES], const void *bytes, size_t size);

/* In hexadecimal, of a whole file. false: it cannot be read; errno says why. */
bool content_hash_file(char text[CONTENT_TEXT], const char *path);

/* Of a file that is loaded, as loaded_file_read, at the same time. */
bool content_load_file(char text[CONTENT_TEXT], struct loaded_file *file, const char *path,
                       size_t most);

#endif
