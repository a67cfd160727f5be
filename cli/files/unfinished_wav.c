#include "files/unfinished_wav.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_HEAD = 8 };

static uint32_t number_at(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void store(unsigned char *to, int64_t value)
{
    const uint32_t word = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    for (int k = 0; k < 4; k++)
        to[k] = (unsigned char)(word >> 8 * k);
}

/* The chunk at `at`; false: there is none. */
static bool take_head(const unfinished_wav *wav, int64_t at, unsigned char head[CHUNK_HEAD])
{
    if (pread(wav->fd, head, CHUNK_HEAD, (off_t)at) != CHUNK_HEAD)
        return false;
    for (int k = 0; k < 4; k++)
        if (!isprint(head[k]))
            return false;
    return true;
}

/* Whether from here on there are only whole chunks: the data chunk is empty indeed. */
static bool only_chunks(const unfinished_wav *wav, int64_t at)
{
    unsigned char head[CHUNK_HEAD];
    while (at < wav->length && take_head(wav, at, head))
        at += CHUNK_HEAD + (int64_t)number_at(head + 4) + number_at(head + 4) % 2;
    return at >= wav->length && at <= wav->length + 1;
}

bool unfinished_wav_find(unfinished_wav *wav, int fd)
{
    unsigned char head[CHUNK_HEAD + 4];
    struct stat status;
    *wav = (unfinished_wav){.fd = fd};
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, "RIFF", 4) != 0 ||
        memcmp(head + CHUNK_HEAD, "WAVE", 4) != 0)
        return false;
    wav->length = (int64_t)status.st_size;
    int64_t at = sizeof(head);
    while (take_head(wav, at, head) && memcmp(head, "data", 4) != 0)
        at += CHUNK_HEAD + (int64_t)number_at(head + 4) + number_at(head + 4) % 2;
    const int64_t samples = at + CHUNK_HEAD;
    if (memcmp(head, "data", 4) != 0 || number_at(head + 4) != 0 || samples >= wav->length ||
        only_chunks(wav, samples))
        return false;
    wav->size_at = at + 4;
    store(wav->sizes[0], wav->length - CHUNK_HEAD);
    store(wav->sizes[1], wav->length - samples);
    return true;
}

/* ---- As libsndfile reads it ------------------------------------------------------------- */

static sf_count_t length_of(void *user)
{
    return ((unfinished_wav *)user)->length;
}

static sf_count_t move(sf_count_t offset, int whence, void *user)
{
    unfinished_wav *wav = user;
    wav->position = (whence == SEEK_CUR   ? wav->position
                     : whence == SEEK_END ? wav->length
                                          : 0) +
                    (int64_t)offset;
    return wav->position;
}

/* The part of four bytes at `at` that the read from `from` on covers. */
static void put(unsigned char *bytes, int64_t from, int64_t n, int64_t at,
                const unsigned char right[4])
{
    for (int64_t k = 0; k < 4; k++)
        if (at + k >= from && at + k < from + n)
            bytes[at + k - from] = right[k];
}

static sf_count_t take(void *to, sf_count_t size, void *user)
{
    unfinished_wav *wav = user;
    const ssize_t got = pread(wav->fd, to, (size_t)size, (off_t)wav->position);
    if (got <= 0)
        return 0;
    put(to, wav->position, got, 4, wav->sizes[0]);
    put(to, wav->position, got, wav->size_at, wav->sizes[1]);
    wav->position += got;
    return got;
}

static sf_count_t position_of(void *user)
{
    return ((unfinished_wav *)user)->position;
}

SNDFILE *unfinished_wav_open(unfinished_wav *wav, SF_INFO *info)
{
    SF_VIRTUAL_IO access = {length_of, move, take, NULL, position_of};
    wav->position = 0;
    memset(info, 0, sizeof(*info));
    return sf_open_virtual(&access, SFM_READ, info, wav);
}
