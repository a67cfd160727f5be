/*
 * A WAV file whose recorder did not live to write the sizes: its data chunk says 0 bytes, and the
 * samples follow. Reads the file as if the sizes were right.
 */
#ifndef UNECHO_CLI_UNFINISHED_WAV_H
#define UNECHO_CLI_UNFINISHED_WAV_H

#include <sndfile.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct unfinished_wav {
    int fd;
    int64_t size_at;           /* where the data chunk's size stands */
    int64_t length;            /* of the file */
    int64_t position;          /* of the next read */
    unsigned char sizes[2][4]; /* of RIFF, at offset 4, and of the data chunk */
} unfinished_wav;

/* Whether fd is such a file. Does not move its position. */
bool unfinished_wav_find(unfinished_wav *wav, int fd);

/* Open it; wav must stay where it is. */
SNDFILE *unfinished_wav_open(unfinished_wav *wav, SF_INFO *info);

#endif
