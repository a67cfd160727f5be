#include "files/ogg_chain.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A page (RFC 3533, section 6): its head ends with the number of segments, whose lengths follow. */
enum { HEAD = 27, SEGMENTS_MOST = 255, FLAGS_AT = 5, FIRST_OF_STREAM = 2, LAST_OF_STREAM = 4 };

ogg_extent ogg_extent_of(int fd)
{
    unsigned char page[HEAD + SEGMENTS_MOST];
    struct stat file;
    bool has_data = false;
    bool last = false;
    /* Of a pipe nothing can be said. */
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return OGG_WHOLE;
    for (int64_t at = 0;;) {
        const ssize_t got = pread(fd, page, sizeof(page), (off_t)at);
        if (got < HEAD || got < HEAD + page[HEAD - 1])
            return last && at <= file.st_size ? OGG_WHOLE : OGG_CUT;
        /* What follows the last page is no part of the recording, and damage is seen where it is.
         */
        if (memcmp(page, "OggS", 4) != 0)
            return OGG_WHOLE;
        const bool first = page[FLAGS_AT] & FIRST_OF_STREAM;
        if (first && has_data)
            return OGG_CHAINED;
        has_data = has_data || !first;
        last = page[FLAGS_AT] & LAST_OF_STREAM;
        at += HEAD + page[HEAD - 1];
        for (int i = 0; i < page[HEAD - 1]; i++)
            at += page[HEAD + i];
    }
}
