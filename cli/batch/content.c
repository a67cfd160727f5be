#include "batch/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The header holds the functions too: no library to run with. */
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PART = 65536 };

static void write_digest(unsigned char digest[CONTENT_BYTES], XXH128_hash_t hash)
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(digest, canonical.digest, CONTENT_BYTES);
}

void content_hash(unsigned char digest[CONTENT_BYTES], const void *bytes, size_t size)
{
    write_digest(digest, XXH3_128bits(bytes, size));
}

static bool hash_all(int fd, unsigned char digest[CONTENT_BYTES])
{
    XXH3_state_t state;
    unsigned char part[PART];
    ssize_t got;
    XXH3_128bits_reset(&state);
    while ((got = read(fd, part, sizeof(part))) != 0) {
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            XXH3_128bits_update(&state, part, (size_t)got);
    }
    write_digest(digest, XXH3_128bits_digest(&state));
    return true;
}

/* In hexadecimal. */
static void print(char text[CONTENT_TEXT], const unsigned char digest[CONTENT_BYTES])
{
    for (size_t i = 0; i < CONTENT_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

bool content_hash_file(char text[CONTENT_TEXT], const char *path)
{
    unsigned char digest[CONTENT_BYTES];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool done = hash_all(fd, digest);
    const int why = errno;
    close(fd);
    errno = why;
    if (done)
        print(text, digest);
    return done;
}

static void take_part(void *state, const unsigned char *bytes, size_t size)
{
    XXH3_128bits_update(state, bytes, size);
}

bool content_load_file(char text[CONTENT_TEXT], struct loaded_file *file, const char *path,
                       size_t most)
{
    XXH3_state_t state;
    unsigned char digest[CONTENT_BYTES];
    XXH3_128bits_reset(&state);
    if (!loaded_file_read(file, path, most, take_part, &state))
        return false;
    write_digest(digest, XXH3_128bits_digest(&state));
    print(text, digest);
    return true;
}
