#include "files/blake2b.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 128 };

struct state {
    uint64_t h[8];
    uint64_t total; /* bytes so far */
};

static const uint64_t initial[8] = {UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b),
                                    UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
                                    UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
                                    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)};

/* Rounds 10 and 11 are 0 and 1 again. */
static const unsigned char sigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                            {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                            {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                            {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                            {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                            {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                            {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                            {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                            {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                            {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static uint64_t load(const unsigned char *bytes)
{
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

static inline uint64_t turn(uint64_t x, int bits)
{
    return x >> bits | x << (64 - bits);
}

static inline void mix(uint64_t *v, size_t a, size_t b, size_t c, size_t d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = turn(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turn(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 63);
}

/* Called with constants, so that compilers keep v in registers and know every place in m. */
static inline void one_round(uint64_t *v, const uint64_t *m, size_t round)
{
    const unsigned char *const order = sigma[round];
    for (size_t i = 0; i < 4; i++)
        mix(v, i, 4 + i, 8 + i, 12 + i, m[order[2 * i]], m[order[2 * i + 1]]);
    for (size_t i = 0; i < 4; i++)
        mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[order[8 + 2 * i]],
            m[order[9 + 2 * i]]);
}

static void compress(struct state *s, const unsigned char *block, bool last)
{
    uint64_t v[16], m[16];
    for (size_t i = 0; i < 16; i++)
        m[i] = load(block + 8 * i);
    memcpy(v, s->h, sizeof(s->h));
    memcpy(v + 8, initial, sizeof(initial));
    v[12] ^= s->total;
    v[14] ^= last ? ~UINT64_C(0) : 0;
    one_round(v, m, 0);
    one_round(v, m, 1);
    one_round(v, m, 2);
    one_round(v, m, 3);
    one_round(v, m, 4);
    one_round(v, m, 5);
    one_round(v, m, 6);
    one_round(v, m, 7);
    one_round(v, m, 8);
    one_round(v, m, 9);
    one_round(v, m, 0);
    one_round(v, m, 1);
    for (size_t i = 0; i < 8; i++)
        s->h[i] ^= v[i] ^ v[8 + i];
}

static void begin(struct state *s)
{
    memcpy(s->h, initial, sizeof(s->h));
    s->h[0] ^= 0x01010000 ^ BLAKE2B_BYTES;
    s->total = 0;
}

/* All blocks but the last, which may be full, too. */
static void add_blocks(struct state *s, const unsigned char *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += BLOCK) {
        s->total += BLOCK;
        compress(s, bytes + at, false);
    }
}

static void end(struct state *s, const unsigned char *bytes, size_t size,
                unsigned char digest[BLAKE2B_BYTES])
{
    unsigned char block[BLOCK] = {0};
    if (size > 0)
        memcpy(block, bytes, size);
    s->total += size;
    compress(s, block, true);
    for (size_t i = 0; i < BLAKE2B_BYTES; i++)
        digest[i] = (unsigned char)(s->h[i / 8] >> 8 * (i % 8));
}

/* How many of size bytes come before the last block. */
static size_t before_last(size_t size)
{
    return size > 0 ? (size - 1) / BLOCK * BLOCK : 0;
}

void blake2b(unsigned char digest[BLAKE2B_BYTES], const void *bytes, size_t size)
{
    struct state s;
    const size_t most = before_last(size);
    begin(&s);
    add_blocks(&s, bytes, most);
    end(&s, (const unsigned char *)bytes + most, size - most, digest);
}

/* As much as fits and is there. false: failed. */
static bool fill(int fd, unsigned char *bytes, size_t room, size_t *have)
{
    while (*have < room) {
        const ssize_t more = read(fd, bytes + *have, room - *have);
        if (more == 0)
            return true;
        if (more < 0 && errno != EINTR)
            return false;
        if (more > 0)
            *have += (size_t)more;
    }
    return true;
}

static bool read_all(struct state *s, int fd, unsigned char digest[BLAKE2B_BYTES])
{
    unsigned char bytes[65536];
    size_t have = 0;
    do {
        const size_t most = before_last(have);
        add_blocks(s, bytes, most);
        memmove(bytes, bytes + most, have - most);
        have -= most;
        if (!fill(fd, bytes, sizeof(bytes), &have))
            return false;
    } while (have > BLOCK);
    end(s, bytes, have, digest);
    return true;
}

bool blake2b_file(char text[BLAKE2B_TEXT], const char *path)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[BLAKE2B_BYTES];
    struct state s;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool done;
    if (fd < 0)
        return false;
    begin(&s);
    done = read_all(&s, fd, digest);
    close(fd);
    for (size_t i = 0; done && i < BLAKE2B_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[BLAKE2B_TEXT - 1] = '\0';
    return done;
}
