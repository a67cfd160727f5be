#include "seal.h"

#include <string.h>

enum { LEAST = RECORD_HEAD + RECORD_SUM };

/* One entry of `words` words. */
static void seal(unsigned char *entry, size_t words)
{
    uint64_t sum = HASH_BASIS;
    for (size_t i = RECORD_HEAD; i < words - RECORD_SUM; i++)
        sum = hash_word(sum, record_load(entry + 4 * i));
    for (size_t i = 0; i < RECORD_HEAD; i++)
        sum = hash_word(sum, record_load(entry + 4 * i));
    record_store(entry + 4 * (words - 2), (uint32_t)sum);
    record_store(entry + 4 * (words - 1), (uint32_t)(sum >> 32));
}

void seal_entries(unsigned char *file, size_t size)
{
    for (size_t at = 8; size >= 8 && size - at >= 4 * (size_t)LEAST;) {
        const size_t words = record_load(file + at + 4);
        if (words < LEAST || words > (size - at) / 4)
            return;
        seal(file + at, words);
        at += 4 * words;
    }
}

void append_entry(unsigned char *file, size_t *size, const record_head *head)
{
    unsigned char *const entry = file + *size;
    uint32_t words[RECORD_HEAD];
    record_pack(words, head);
    memset(entry, 0, 4 * (size_t)head->words);
    for (size_t i = 0; i < RECORD_HEAD; i++)
        record_store(entry + 4 * i, words[i]);
    seal(entry, head->words);
    *size += 4 * (size_t)head->words;
}
