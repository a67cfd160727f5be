/* FNV-1a over 32-bit words: detects damage and identifies models, but is no protection against
 * forgery. */
#ifndef UNECHO_HASH_H
#define UNECHO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

/* A bijection in hash and in word: inputs that differ in a single word never collide. */
static inline uint64_t hash_word(uint64_t hash, uint32_t word)
{
    return (hash ^ word) * UINT64_C(0x100000001b3);
}

static inline uint64_t hash_bytes(uint64_t hash, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += 4) {
        uint32_t word = 0;
        for (size_t k = 0; k < 4 && i + k < size; k++)
            word |= (uint32_t)bytes[i + k] << 8 * k;
        hash = hash_word(hash, word);
    }
    return hash_word(hash, (uint32_t)size);
}

#endif
