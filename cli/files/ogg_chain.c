#include "files/ogg_chain.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* A page (RFC 3533, section 6): its head ends with the number of segments, whose lengths follow. */
enum { HEAD = 27, SEGMENTS_MOST = 255, FLAGS_AT = 5, FIRST_OF_STREAM = 2 };

bool ogg_is_chained(int fd)
{
    unsigned char page[HEAD + SEGMENTS_MOST];
    bool has_data = false;
    for (int64_t at = 0;;) {
        const ssize_t got = pread(fd, page, sizeof(page), (off_t)at);
        if (got < HEAD || memcmp(page, "OggS", 4) != 0 || got < HEAD + page[HEAD - 1])
            return false;
        const bool first = page[FLAGS_AT] & FIRST_OF_STREAM;
        if (first && has_data)
            return true;
        has_data = has_data || !first;
        at += HEAD + page[HEAD - 1];
        for (int i = 0; i < page[HEAD - 1]; i++)
            at += page[HEAD + i];
    }
}
