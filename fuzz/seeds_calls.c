/* Scripts of calls for fuzz_api, and arguments with sound files for fuzz_command_line. */
#include "seeds.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- Calls: fuzz_api.c and api_line.c define the bytes ---------------------------------- */

/* stream * 16 + one of these */
enum { OPEN = 0, FILTER = 1, FLOATS = 2, INTEGERS = 4, PLANES = 5, PUSH = 7, MANY = 8, SET = 9 };
enum { WHOLE = 10, GAP = 11, RESET = 12, ASK = 13, CLOSE = 14, WRONG = 15 };
/* What SET sets; a value of 96 is a strength of 1. */
enum { STRENGTH = 0, NOISE_DB = 1, COMFORT = 2 };
/* Parts of a config; `ANY` leaves every CPU. */
enum { HOPS = 1, ANY = 2, HOOKS = 4, CELLS = 16, RATES = 32, CHANNELS = 64, ENGINE = 128 };
enum { INT8 = 128, PLAIN_TWIN = 65, TWIN = 193, NO_MESSAGE = 0, MESSAGE = 255 };
/* Kinds of samples: `ECHO * k` lags the far end by 64 k. */
enum { ODD = 0, FAR = 2, ECHO = 4, NOISE = 3 };
/* How samples are passed. */
enum { IN_MIC = 1, IN_FAR = 2, NO_FAR = 4, MORE = 8, NOT_PUSHED = 16 };
/* Counts: 160 and 3000 and 4096 frames, three hops. */
#define TEN_MS     0x81, 2
#define MANY_MS    0xe3, 0x2e
#define ALL        0x03, 0x40
#define THREE_HOPS 6, 0
/* Rates of microphone and far end. */
enum { R8 = 0, R16 = 2, R44 = 4, R48 = 5, R192 = 7, FAR_IS = 8, AIR = 128, AUTO = 0, FIXED = 1 };

#define SEED(name, ...)                                                                            \
    do {                                                                                           \
        static const unsigned char calls[] = {__VA_ARGS__};                                        \
        seed_write(folder, name, calls, sizeof calls);                                             \
    } while (0)

void seeds_api(const char *folder)
{
    SEED("alone", OPEN, ANY | HOOKS, 15, 0, PLAIN_TWIN, MESSAGE, FLOATS, TEN_MS, 0, NOISE, NOISE,
         FLOATS, THREE_HOPS, IN_MIC, NOISE, FAR, INTEGERS, TEN_MS, 0, NOISE, NOISE, FLOATS, TEN_MS,
         NO_FAR, ODD, ODD, FLOATS, THREE_HOPS, IN_FAR, ODD, NOISE, RESET, ASK, 0, WHOLE, TEN_MS,
         THREE_HOPS, 3, 0, NOISE, NOISE, CLOSE, ASK, 0);
    SEED("echo", OPEN, ANY, 3, 0, 0, NO_MESSAGE, FLOATS, ALL, MORE, FAR + 10 * ECHO, FAR, GAP, 0, 0,
         4, 0, 0, FLOATS, ALL, 0, FAR + 42 * ECHO, FAR, ASK, 0);
    SEED("together", OPEN, ANY, INT8 + 63, 0, TWIN, NO_MESSAGE, 16 + OPEN, ANY, INT8, 0, TWIN,
         NO_MESSAGE, 32 + OPEN, ANY | RATES, INT8, 0, R48 + FAR_IS * R16, 40, AUTO + AIR, 0, 0,
         TWIN, NO_MESSAGE, MANY, THREE_HOPS, 3, NOISE, NOISE, MANY, MANY_MS, 2, NOISE, FAR, MANY,
         TEN_MS, 3, FAR + ECHO, FAR, ASK, 0);
    SEED("rates", OPEN, ANY | RATES, 0, 0, R8, 0, AUTO + AIR, 0, 0, TWIN, NO_MESSAGE, 16 + OPEN,
         ANY | RATES, 7, 0, R44, 0, FIXED + AIR, 20, 10, TWIN, NO_MESSAGE, 32 + OPEN, ANY | RATES,
         63, 0, R192, 0, FIXED, 0, 0, TWIN, NO_MESSAGE, FLOATS, MANY_MS, 0, FAR + 8 * ECHO, FAR,
         16 + FLOATS, ALL, 0, NOISE, FAR, 32 + INTEGERS, ALL, 0, NOISE, FAR, 16 + WHOLE, ALL,
         MANY_MS, 1, 1, NOISE, FAR, 32 + ASK, 0);
    SEED("pushed", OPEN, ANY | RATES, 7, 0, R48 + FAR_IS * R44, 20, AUTO + AIR, 0, 0, TWIN,
         NO_MESSAGE, WHOLE, ALL, ALL, 0, 0, NOISE, FAR, RESET, FLOATS, ALL, 0, FAR + 8 * ECHO, FAR,
         PUSH, 0, FAR, ALL, PUSH, 1, FAR, ALL, PUSH, 2, NOISE, ALL, PUSH, 0, NOISE, ALL, INTEGERS,
         ALL, NOT_PUSHED, NOISE, FAR, PLANES, TEN_MS, 0, NOISE, FAR, GAP, 0, 0, 32, 0, 0, FLOATS,
         ALL, 0, NOISE, FAR, ASK, 0);
    SEED("channels", OPEN, ANY | CHANNELS, 3, 0, 1 + 8 * 1, 0, TWIN, NO_MESSAGE, 16 + OPEN,
         ANY | CHANNELS | RATES, 3, 0, R16 + FAR_IS * R48, 10, AUTO, 0, 0, 7 + 8 * 2, 5, TWIN,
         NO_MESSAGE, PLANES, MANY_MS, 0, FAR + ECHO, FAR, PLANES, TEN_MS, IN_FAR, NOISE, ODD,
         FLOATS, TEN_MS, IN_FAR, ODD, FAR, 16 + PLANES, MANY_MS, 0, NOISE, FAR, 16 + INTEGERS,
         TEN_MS, IN_MIC, NOISE, FAR, WHOLE, ALL, TEN_MS, 2, 0, NOISE, FAR);
    SEED("engines", OPEN, ANY | ENGINE, 7, 0, 1, 24, TWIN, NO_MESSAGE, 16 + OPEN,
         ANY | HOPS | ENGINE | CELLS, 3, 0, 48, 2, 0, TWIN, NO_MESSAGE, 32 + OPEN,
         ANY | RATES | ENGINE, 1, 0, R48, 0, FIXED, 10, 0, 1, 56, TWIN, NO_MESSAGE, WHOLE, ALL, ALL,
         0, 0, NOISE, FAR, FLOATS, MANY_MS, MORE, FAR + 4 * ECHO, FAR, FLOATS, ALL, 0, ODD, ODD,
         16 + FLOATS, THREE_HOPS, MORE, FAR + ECHO, FAR, 32 + FLOATS, ALL, 0, FAR + 8 * ECHO, FAR,
         ASK, 0, 16 + ASK, 0);
    SEED("filter", FILTER, ANY, INT8 + 15, 0, PLAIN_TWIN, NO_MESSAGE, 16 + FILTER, ANY | RATES,
         INT8 + 3, 0, R48, 0, AUTO + AIR, 0, 0, TWIN, NO_MESSAGE, 32 + FILTER,
         ANY | RATES | CHANNELS, 0, 0, R44 + FAR_IS * R16, 20, AUTO + AIR, 0, 8, 1 + 8 * 1, 0, TWIN,
         NO_MESSAGE, FLOATS, ALL, MORE, FAR + 4 * ECHO, FAR, SET, STRENGTH, 180, SET, NOISE_DB, 5,
         SET, COMFORT, 1, FLOATS, TEN_MS, NO_FAR, NOISE, ODD, FLOATS, ALL, 0, FAR + 4 * ECHO, FAR,
         SET, NOISE_DB, 65, SET, STRENGTH, 255, 16 + FLOATS, ALL, MORE, FAR + 8 * ECHO, FAR,
         16 + SET, NOISE_DB, 0, 16 + FLOATS, ALL, 0, NOISE, FAR, 32 + PLANES, ALL, MORE,
         FAR + 8 * ECHO, FAR, MANY, TEN_MS, 3, NOISE, FAR, MANY, MANY_MS, 2, FAR + ECHO, FAR, WHOLE,
         ALL, MANY_MS, 3, 1, NOISE, FAR, RESET, FLOATS, TEN_MS, 0, ODD, FAR, ASK, 0, 16 + ASK, 0,
         FILTER, ANY | HOPS | ENGINE, 1, 0, 1, 0, 0, NO_MESSAGE, FLOATS, THREE_HOPS, 0, NOISE, FAR,
         48 + SET, COMFORT, 1);
    SEED("wrong_calls", OPEN, ANY | HOOKS, 1, 5, 0, 0, 0, MESSAGE, OPEN, ANY | HOOKS, 1, 4, 0, 0, 0,
         MESSAGE, OPEN, ANY, 1, 3, 8, 0, 0, MESSAGE, OPEN, ANY, 1, 6, 0, 0, 0, MESSAGE, FLOATS,
         TEN_MS, 0, NOISE, NOISE, OPEN, ANY | HOPS, 1, 0, 0, MESSAGE, FLOATS, TEN_MS, 0, NOISE,
         NOISE, WRONG, MANY, TEN_MS, 4, NOISE, NOISE, WHOLE, TEN_MS, TEN_MS, 4, 0, NOISE, NOISE,
         PUSH, 0, NOISE, TEN_MS, ASK, 1, 16 + RESET, 16 + GAP, 0, 1, 0, 1, 0, 16 + OPEN, ANY, 1, 11,
         0, 0, 0, MESSAGE, 16 + OPEN, ANY, 1, 8, 0, 0, 0, 3, OPEN, ANY, 1, 1, 0, 0, 0, MESSAGE,
         OPEN, ANY, 1, 2, 4, 0, 0, MESSAGE, OPEN, ANY, 1, 7, 0x70, 0x17, 0, MESSAGE, OPEN, ANY, 1,
         9, 9, 0, 0, MESSAGE, OPEN, ANY, 1, 10, 65, 0, 0, MESSAGE, OPEN, ANY, 1, 12, 5, 0, 0,
         MESSAGE, OPEN, ANY, 1, 13, 0, 0, 0, MESSAGE, OPEN, ANY, 1, 14, 4, 0, 0, MESSAGE, OPEN, ANY,
         1, 15, 4, 0, 0, MESSAGE, OPEN, ANY, 1, 16, 4, 0, 0, MESSAGE, OPEN, ANY | RATES, 1, 11, R16,
         0, FIXED, 0, 0, 0, 0xff, 0, MESSAGE, OPEN, ANY | CELLS, 1, 0, 0, 0, MESSAGE, OPEN,
         ANY | HOPS | RATES, 1, 0, R48, 0, AUTO, 0, 0, 0, MESSAGE, OPEN, ANY | HOPS | RATES, 1, 0,
         R16, 0, AUTO, 0, 1, 0, MESSAGE);
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

static size_t put_words(unsigned char *to, const char *run)
{
    size_t used = 0;
    to[used++] = (unsigned char)strlen(run);
    for (const char *word = run; *word; word++)
        to[used++] = (unsigned char)(*word - 'A');
    return used;
}

static void write_run(const char *folder, const char *name, const char *run, unsigned tag,
                      unsigned bits)
{
    unsigned char seed[4096];
    size_t used = put_words(seed, run);
    const size_t mic = wav(seed + used + 2, tag, bits);
    put(seed + used, (uint32_t)mic, 2);
    used += 2 + mic;
    used += wav(seed + used, tag, bits);
    seed_write(folder, name, seed, used);
}

/* In the microphone's place. */
static void write_replay(const char *folder, const char *name, const char *run)
{
    static unsigned char seed[1 << 16];
    size_t used = put_words(seed, run);
    const size_t record = seed_record(seed + used + 2, sizeof seed - used - 2);
    put(seed + used, (uint32_t)record, 2);
    seed_write(folder, name, seed, used + 2 + record);
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
        {"doctor", "iDEQrs", 1, 16},
        {"inspect", "kIQ", 1, 16},
        {"convert", "lpHIVWq", 1, 16},
        {"completion", "}~", 1, 16},
        {"linear", "ADEFGvwtunoQ", 1, 16},
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        write_run(folder, runs[i].name, runs[i].words, runs[i].tag, runs[i].bits);
    write_replay(folder, "replay", "jDFGxSy^|f");
    write_replay(folder, "events", "jDm");
}
