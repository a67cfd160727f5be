/* A hash that tells bytes apart which are not meant to be mistaken: FNV-1a, by words. */
#ifndef UNECHO_HASH_H
#define UNECHO_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

/* One to one in the hash and in the word: two texts that differ in one word never have the same. */
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
