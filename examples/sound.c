#include "sound.h"

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void fail(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

sound sound_read(const char *path)
{
    SF_INFO info = {0};
    SNDFILE *const file = sf_open(path, SFM_READ, &info);
    if (!file)
        fail(path, sf_strerror(NULL));
    if (info.channels != 1)
        fail(path, "expected one channel");
    sound s = {info.samplerate, (size_t)info.frames, NULL};
    s.samples = malloc((s.frames + 1) * sizeof *s.samples);
    if (!s.samples || sf_readf_float(file, s.samples, info.frames) != info.frames)
        fail(path, "cannot read all of it");
    sf_close(file);
    return s;
}

sound sound_silence(int rate, size_t frames)
{
    const sound s = {rate, frames, calloc(frames + 1, sizeof(float))};
    if (!s.samples)
        fail("memory", "not enough for a sound of this length");
    return s;
}

void sound_write(const char *path, const sound *s)
{
    const size_t length = strlen(path);
    const int is_flac = length > 5 && strcmp(path + length - 5, ".flac") == 0;
    SF_INFO info = {.samplerate = s->rate,
                    .channels = 1,
                    .format = (is_flac ? SF_FORMAT_FLAC : SF_FORMAT_WAV) | SF_FORMAT_PCM_16};
    SNDFILE *const file = sf_open(path, SFM_WRITE, &info);
    if (!file)
        fail(path, sf_strerror(NULL));
    sf_command(file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    const sf_count_t frames = (sf_count_t)s->frames;
    if (sf_writef_float(file, s->samples, frames) != frames || sf_close(file) != 0)
        fail(path, "cannot write all of it");
}
