/*
 * A table of name endings, and what libsndfile can write. It opens nothing.
 */
#include "files/format.h"

#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* SF_FORMAT_MPEG and its layer III as numbers: libsndfile has the names since 1.1 only. */
#define CONTAINER_MPEG         0x230000
#define CODING_MP3             0x0082
#define CODING_IS_MPEG(coding) ((coding) >= 0x0080 && (coding) <= 0x0082)

typedef struct ending {
    const char *name;
    int container;
    int coding; /* the only one for this ending; 0: any */
} ending;

static const ending endings[] = {
    {"wav", SF_FORMAT_WAV, 0},
    {"wave", SF_FORMAT_WAV, 0},
    {"flac", SF_FORMAT_FLAC, 0},
    {"w64", SF_FORMAT_W64, 0},
    {"rf64", SF_FORMAT_RF64, 0},
    {"aiff", SF_FORMAT_AIFF, 0},
    {"aif", SF_FORMAT_AIFF, 0},
    {"aifc", SF_FORMAT_AIFF, 0},
    {"caf", SF_FORMAT_CAF, 0},
    {"au", SF_FORMAT_AU, 0},
    {"snd", SF_FORMAT_AU, 0},
    {"sph", SF_FORMAT_NIST, 0},
    {"ogg", SF_FORMAT_OGG, 0},
    {"oga", SF_FORMAT_OGG, 0},
    {"opus", SF_FORMAT_OGG, SF_FORMAT_OPUS},
    {"mp3", CONTAINER_MPEG, CODING_MP3},
};

const char *format_known_endings(void)
{
    return ".wav .flac .w64 .rf64 .aiff .caf .au .sph .ogg .opus .mp3";
}

static const ending *find_ending(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name ? name : path, '.');
    if (!dot)
        return NULL;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (strcasecmp(dot + 1, endings[i].name) == 0)
            return &endings[i];
    return NULL;
}

bool format_ending_is_known(const char *path)
{
    return find_ending(path) != NULL;
}

bool format_is_raw(const char *path, raw_format raw)
{
    return raw != RAW_NONE && (strcmp(path, "-") == 0 || !format_ending_is_known(path));
}

bool format_fits_pipe(const char *path)
{
    const ending *end = find_ending(path);
    return !end || end->container == SF_FORMAT_WAV;
}

int format_for_pipe(int like)
{
    const int bits = format_bits(like);
    return SF_FORMAT_WAV | (bits > 0 && bits <= 16 ? SF_FORMAT_PCM_16 : SF_FORMAT_FLOAT);
}

static bool can_write(int format, int rate, int channels)
{
    SF_INFO info = {0};
    info.samplerate = rate;
    info.channels = channels;
    info.format = format;
    return sf_format_check(&info) != 0;
}

int format_bits(int format)
{
    int coding = format & SF_FORMAT_SUBMASK;
    switch (coding) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
        return 8;
    case SF_FORMAT_PCM_24:
    case SF_FORMAT_ALAC_20:
    case SF_FORMAT_ALAC_24:
        return 24;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_ALAC_32:
        return 32;
    case SF_FORMAT_FLOAT:
    case SF_FORMAT_DOUBLE:
    case SF_FORMAT_VORBIS:
    case SF_FORMAT_OPUS:
        return 0;
    default:
        return CODING_IS_MPEG(coding) ? 0 : 16;
    }
}

static bool is_riff(int container)
{
    return container == SF_FORMAT_WAV || container == SF_FORMAT_WAVEX ||
           container == SF_FORMAT_RF64;
}

int format_for_output(const char *path, int like, int rate, int channels)
{
    const ending *end = find_ending(path);
    int container = end ? end->container : like & SF_FORMAT_TYPEMASK;
    int coding = like & SF_FORMAT_SUBMASK;
    bool fine = format_bits(like) > 16 || coding == SF_FORMAT_FLOAT || coding == SF_FORMAT_DOUBLE;

    /* Extensible and RF64 files also end in .wav. */
    if (container == SF_FORMAT_WAV && is_riff(like & SF_FORMAT_TYPEMASK))
        container = like & SF_FORMAT_TYPEMASK;
    if (end && end->coding)
        return can_write(container | end->coding, rate, channels) ? container | end->coding : 0;
    if (container == (like & SF_FORMAT_TYPEMASK) && can_write(like, rate, channels))
        return like;

    /* libsndfile accepts MP3 inside WAV here, and refuses it later. */
    if (CODING_IS_MPEG(coding))
        coding = SF_FORMAT_PCM_16;

    const int choices[] = {coding, fine ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16, SF_FORMAT_PCM_16,
                           SF_FORMAT_VORBIS, CODING_MP3};
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (can_write(container | choices[i], rate, channels))
            return container | choices[i];
    return 0;
}

int format_like_raw(raw_format raw)
{
    return SF_FORMAT_RAW | (raw == RAW_S16LE ? SF_FORMAT_PCM_16 : SF_FORMAT_FLOAT);
}

int64_t format_most_samples(int format)
{
    int bits = format_bits(format);
    int bytes = (format & SF_FORMAT_SUBMASK) == SF_FORMAT_DOUBLE ? 8 : bits ? bits / 8 : 4;
    /* Leaves room for the header and extra chunks. */
    const int64_t most_bytes = INT64_C(0xffffffff) - 65536;

    switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
    case SF_FORMAT_AIFF:
    case SF_FORMAT_AU:
        return most_bytes / bytes;
    default:
        return INT64_MAX;
    }
}

void format_describe(int format, char *text, size_t size)
{
    SF_FORMAT_INFO coding = {0};
    const char *container = "raw";
    int type = format & SF_FORMAT_TYPEMASK;

    if (type == SF_FORMAT_WAVEX)
        type = SF_FORMAT_WAV;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (endings[i].container == type) {
            container = endings[i].name;
            break;
        }
    }
    coding.format = format & SF_FORMAT_SUBMASK;
    if (sf_command(NULL, SFC_GET_FORMAT_INFO, &coding, sizeof(coding)) != 0 || !coding.name)
        coding.name = "unknown coding";
    snprintf(text, size, "%s, %s", container, coding.name);
}
