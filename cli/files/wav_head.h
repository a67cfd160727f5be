/* The head of a WAV file that is written without going back, for pipes. */
#ifndef UNECHO_CLI_WAV_HEAD_H
#define UNECHO_CLI_WAV_HEAD_H

#include "files/raw_pcm.h"

#include <stdint.h>

enum { WAV_HEAD_SIZE = 44 };

/* frames -1: unknown; then, and where 4 GiB do not suffice, the largest size, as usual in pipes. */
void wav_head(unsigned char head[WAV_HEAD_SIZE], raw_format samples, int rate, int channels,
              int64_t frames);

#endif
