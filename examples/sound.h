/* Sound files of one channel, for the examples; nothing of it is needed to use unecho. */
#ifndef EXAMPLE_SOUND_H
#define EXAMPLE_SOUND_H

#include <stddef.h>

typedef struct sound {
    int rate; /* Hz */
    size_t frames;
    float *samples;
} sound;

/* All end the program with a message if they fail. samples must be freed. */
sound sound_read(const char *path);
sound sound_silence(int rate, size_t frames);
void sound_write(const char *path, const sound *s);

#endif
