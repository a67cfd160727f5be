#include "files/wav_head.h"

#include <string.h>

enum { PCM = 1, IEEE_FLOAT = 3 };

static unsigned char *put(unsigned char *to, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *to++ = (unsigned char)(value >> (8 * i));
    return to;
}

static unsigned char *put_name(unsigned char *to, const char *name)
{
    memcpy(to, name, 4);
    return to + 4;
}

void wav_head(unsigned char head[WAV_HEAD_SIZE], raw_format samples, int rate, int channels,
              int64_t frames)
{
    const uint32_t width = (uint32_t)raw_width(samples) * (uint32_t)channels;
    const uint32_t before = WAV_HEAD_SIZE - 8; /* of the file's size, in front of the samples */
    const uint64_t bytes = frames < 0 ? UINT64_MAX : (uint64_t)frames * width;
    const bool fits = bytes <= UINT32_MAX - before;
    unsigned char *to = put_name(head, "RIFF");
    to = put(to, fits ? (uint32_t)bytes + before : UINT32_MAX, 4);
    to = put_name(to, "WAVE");
    to = put_name(to, "fmt ");
    to = put(to, 16, 4);
    to = put(to, samples == RAW_S16LE ? PCM : IEEE_FLOAT, 2);
    to = put(to, (uint32_t)channels, 2);
    to = put(to, (uint32_t)rate, 4);
    to = put(to, (uint32_t)rate * width, 4);
    to = put(to, width, 2);
    to = put(to, 8 * (uint32_t)raw_width(samples), 2);
    to = put_name(to, "data");
    put(to, fits ? (uint32_t)bytes : UINT32_MAX, 4);
}
