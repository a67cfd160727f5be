/* Integers in a file's bytes, at any alignment. */
#ifndef UNECHO_MODEL_BYTES_H
#define UNECHO_MODEL_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t little_endian(const unsigned char *at, size_t bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits |= (uint64_t)at[i] << (8 * i);
    return bits;
}

typedef enum varint_result { VARINT_READ, VARINT_TRUNCATED, VARINT_TOO_LONG } varint_result;

/* Seven bits a byte, the lowest first, bit 7 set in all bytes but the last. */
static inline varint_result varint_read(const unsigned char **at, const unsigned char *end,
                                        uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (*at == end)
            return VARINT_TRUNCATED;
        const unsigned char byte = *(*at)++;
        if (shift == 63 && byte > 1)
            return VARINT_TOO_LONG;
        result |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *value = result;
            return VARINT_READ;
        }
    }
    return VARINT_TOO_LONG;
}

#endif
