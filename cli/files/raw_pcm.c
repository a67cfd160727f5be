/* Byte by byte, so that it works with either byte order. */
#include "files/raw_pcm.h"

#include <stdint.h>
#include <string.h>

bool raw_parse(const char *name, raw_format *format)
{
    if (strcmp(name, "s16le") == 0)
        *format = RAW_S16LE;
    else if (strcmp(name, "f32le") == 0)
        *format = RAW_F32LE;
    else
        return false;
    return true;
}

const char *raw_name(raw_format format)
{
    return format == RAW_S16LE ? "s16le" : format == RAW_F32LE ? "f32le" : "none";
}

size_t raw_width(raw_format format)
{
    return format == RAW_S16LE ? 2 : 4;
}

void raw_decode(raw_format format, const unsigned char *bytes, float *samples, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (format == RAW_S16LE) {
            uint32_t bits = bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8;
            int32_t value = bits < 0x8000u ? (int32_t)bits : (int32_t)bits - 0x10000;
            samples[i] = (float)value / 32768.0f;
        } else {
            const unsigned char *b = bytes + 4 * i;
            uint32_t bits =
                b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
            memcpy(&samples[i], &bits, sizeof(bits));
        }
    }
}

void raw_encode(raw_format format, const float *samples, unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (format == RAW_S16LE) {
            const int value = raw_rounded(samples[i]);
            uint32_t bits = (uint32_t)(value > 32767 ? 32767 : value);
            bytes[2 * i] = (unsigned char)(bits & 0xffu);
            bytes[2 * i + 1] = (unsigned char)(bits >> 8 & 0xffu);
        } else {
            uint32_t bits;
            memcpy(&bits, &samples[i], sizeof(bits));
            for (size_t k = 0; k < 4; k++)
                bytes[4 * i + k] = (unsigned char)(bits >> 8 * k & 0xffu);
        }
    }
}
