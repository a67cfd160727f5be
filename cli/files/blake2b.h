/* BLAKE2b with 256 bits, as `b2sum -l 256` computes it (RFC 7693): tells contents apart. */
#ifndef UNECHO_CLI_BLAKE2B_H
#define UNECHO_CLI_BLAKE2B_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BLAKE2B_BYTES = 32, BLAKE2B_TEXT = 2 * BLAKE2B_BYTES + 1 };

void blake2b(unsigned char digest[BLAKE2B_BYTES], const void *bytes, size_t size);

/* In hexadecimal, of a whole file. false: it cannot be read; errno says why. */
bool blake2b_file(char text[BLAKE2B_TEXT], const char *path);

#endif
