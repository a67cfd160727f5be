/* Headerless samples: their formats, and conversion between their bytes and floats. */
#ifndef UNECHO_CLI_RAW_PCM_H
#define UNECHO_CLI_RAW_PCM_H

#include <stdbool.h>
#include <stddef.h>

typedef enum raw_format { RAW_NONE, RAW_S16LE, RAW_F32LE } raw_format;

bool raw_parse(const char *name, raw_format *format);
const char *raw_name(raw_format format);

/* Bytes per sample. */
size_t raw_width(raw_format format);

void raw_decode(raw_format format, const unsigned char *bytes, float *samples, size_t n);

/* A sample from -1 to below 1 as 16 bits, to the step that unecho_process_int16 gives it. */
static inline int raw_rounded(float sample)
{
    const float scaled = sample * 32768.0f + 0.5f;
    const int whole = (int)scaled;
    return whole - ((float)whole > scaled); /* floorf would be a call for each sample */
}

/* For s16le the samples must lie in [-1, 1]. */
void raw_encode(raw_format format, const float *samples, unsigned char *bytes, size_t n);

#endif
