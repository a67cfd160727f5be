/* Why a sound file is of no use, and the command that converts it. It reads no samples. */
#ifndef UNECHO_CLI_REFUSAL_H
#define UNECHO_CLI_REFUSAL_H

#include "files/audio_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* What a file is called, and is in a command. */
struct sound_source {
    const char *name;
    int fd;
    bool standard_input;
    const struct stat *identity;
};

/* The command that makes a WAV file of it with these options of ffmpeg. Returns text. */
const char *refusal_conversion(const struct sound_source *source, const char *options, char *text,
                               size_t size);

/* Before libsndfile reads it. true: it has no bytes, reported. Waits for a pipe. */
bool refusal_of_nothing(const struct sound_source *source);

/* why: what libsndfile says. */
void refusal_unreadable(const struct sound_source *source, const char *why);

/* true: unecho does not take such a signal, or it is not what the layout says; reported. */
bool refusal_of_signal(const struct sound_source *source, int rate, unsigned channels,
                       const audio_layout *layout);

#endif
