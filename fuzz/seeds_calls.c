/* Scripts of calls for fuzz_api, and arguments with sound files for fuzz_command_line. */
#include "seeds.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void seeds_api(const char *folder)
{
    /* call (stream * 16 + kind), then what the call takes: see fuzz_api.c */
    static const unsigned char alone[] = {
        0,  2,    0, 16, 0,     /* open: any chunk, 16 hops at once, fp32 */
        3,  0x41, 1, 1,  2,  2, /* 160 samples of noise */
        3,  0x00, 1, 2,  2,  2, /* a whole hop, in place */
        7,  0xff, 3, 9,         /* int16 */
        3,  0x41, 1, 5,  0,  5, /* odd samples, no far end */
        12, 13,   0, 0,  11, 0x41, 6, 0x01, 4, 3, 2, 2, 14,
    };
    static const unsigned char together[] = {
        0,  2,    0, 64, 2, 16, 2, 0, 1,  2, 32, 2, 0, 1, 2, /* three of int8 */
        9,  0x00, 2, 3,  2, 2,  2, 2, 2,  2,                 /* one or two hops of all */
        10, 0xff, 5, 2,  2, 2,  0, 1, 46, 9, 1,  1, 2, 2, 2, 2, 2,
    };
    static const unsigned char wrong[] = {
        0, 15, 3, 1, 0, 200, 1,  0, 15, 4, 1, 0,  200, 0, 15, 5, 1, 0,  200,
        0, 15, 1, 1, 0, 200, 65, 3, 0,  3, 1, 1,  1,   1, 16, 3, 0, 70, 3,
        0, 3,  0, 1, 1, 3,   3,  0, 1,  1, 2, 11, 1,   1, 2,  2, 4,
    };
    seed_write(folder, "alone", alone, sizeof alone);
    seed_write(folder, "together", together, sizeof together);
    seed_write(folder, "wrong_calls", wrong, sizeof wrong);
}

/* ---- The command line ------------------------------------------------------------------- */

enum { SAMPLES = 200, HEADER = 44 };

static void put(unsigned char *at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static size_t wav(unsigned char *to, unsigned tag, unsigned bits)
{
    const unsigned width = bits / 8;
    memcpy(to, "RIFF....WAVEfmt ....", 20);
    put(to + 4, HEADER - 8 + SAMPLES * width, 4);
    put(to + 16, 16, 4);
    put(to + 20, tag, 2);
    put(to + 22, 1, 2);
    put(to + 24, 16000, 4);
    put(to + 28, 16000 * width, 4);
    put(to + 32, width, 2);
    put(to + 34, bits, 2);
    memcpy(to + 36, "data", 4);
    put(to + 40, SAMPLES * width, 4);
    for (size_t i = 0; i < (size_t)SAMPLES * width; i++)
        to[HEADER + i] = (unsigned char)(i * i * 7 % 251 & (i % 4 == 3 ? 0x3f : 0xff));
    return HEADER + (size_t)SAMPLES * width;
}

static void write_run(const char *folder, const char *name, const char *run, unsigned tag,
                      unsigned bits)
{
    unsigned char seed[4096];
    size_t used = 0;
    seed[used++] = (unsigned char)strlen(run);
    for (const char *word = run; *word; word++)
        seed[used++] = (unsigned char)(*word - 'A');
    const size_t mic = wav(seed + used + 2, tag, bits);
    put(seed + used, (uint32_t)mic, 2);
    used += 2 + mic;
    used += wav(seed + used, tag, bits);
    seed_write(folder, name, seed, used);
}

void seeds_command_line(const char *folder)
{
    /* Each letter is a word of the list in fuzz_command_line.c, A the first. */
    static const struct {
        const char *name, *words;
        unsigned tag, bits;
    } runs[] = {
        {"pcm16", "ADEFGHI", 1, 16},
        {"pcm24_flac", "ADEFSHIQ", 1, 24},
        {"float_chunks", "ADEFGHIMN", 3, 32},
        {"pcm8_int8", "ADEFGHIVW", 1, 8},
        {"raw", "AJLDEFXHIR", 1, 16},
        {"normalized", "ADEFdHITP", 3, 64},
        {"model_files", "ADEFGYZ[", 1, 32},
        {"info", "BHIQ", 1, 16},
        {"help", "CA", 1, 16},
        {"wrong_words", "ADEFGHIJ", 1, 16},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        write_run(folder, runs[i].name, runs[i].words, runs[i].tag, runs[i].bits);
}
