#include "files/refusal.h"

#include "report.h"

#include "unecho.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#if !defined(_WIN32)
#include <sys/ioctl.h>
#endif

const char *refusal_conversion(const struct sound_source *source, const char *options, char *text,
                               size_t size)
{
    const char *blank = *options ? " " : "";
    if (source->standard_input)
        snprintf(text, size, "... | ffmpeg -i -%s%s -f wav - | unecho ...", blank, options);
    else
        snprintf(text, size, "ffmpeg -i %s%s%s OUT.wav", source->name, blank, options);
    return text;
}

/* Of a pipe that has ended, or the null device. */
static bool has_ended(int fd)
{
#if !defined(_WIN32)
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    int there = 0;
    /* An interrupt ends the program when it reads. */
    if (poll(&waiting, 1, -1) < 0)
        return false;
    if (ioctl(fd, FIONREAD, &there) == 0)
        return there == 0;
    char byte;
    return read(fd, &byte, 1) == 0;
#else
    (void)fd;
    return false;
#endif
}

bool refusal_of_nothing(const struct sound_source *source)
{
    const bool is_file = S_ISREG(source->identity->st_mode);
    if (is_file ? source->identity->st_size > 0 : !has_ended(source->fd))
        return false;
    report_error("%s: is empty: 0 bytes", source->name);
    return true;
}

void refusal_unreadable(const struct sound_source *source, const char *why)
{
    char command[512];
    report_error("%s: not a sound file that unecho can read%s: %s (headerless samples need --raw; "
                 "other formats can be converted: %s)",
                 source->name,
                 S_ISREG(source->identity->st_mode)
                     ? ""
                     : " from a pipe, which can carry WAV, AIFF and AU only",
                 why, refusal_conversion(source, "", command, sizeof(command)));
}

static void refuse_channels(const struct sound_source *source, unsigned channels)
{
    char command[512], sox[512] = "";
    if (!source->standard_input)
        snprintf(sox, sizeof(sox), ", or sox %s OUT.wav remix 1 2", source->name);
    report_error(
        "%s: has %u channels, and unecho takes at most %d; to keep the first two: %s%s",
        source->name, channels, UNECHO_CHANNELS_MAX,
        refusal_conversion(source, "-af 'pan=stereo|c0=c0|c1=c1'", command, sizeof(command)), sox);
}

static void refuse_rate(const struct sound_source *source, int rate)
{
    char command[512], sox[512] = "";
    if (!source->standard_input)
        snprintf(sox, sizeof(sox), ", or sox %s -r 48000 OUT.wav", source->name);
    report_error("%s: has a sample rate of %d Hz, and unecho takes %d to %d; to convert it: %s%s",
                 source->name, rate, UNECHO_RATE_MIN, UNECHO_RATE_MAX,
                 refusal_conversion(source, "-ar 48000", command, sizeof(command)), sox);
}

bool refusal_of_signal(const struct sound_source *source, int rate, unsigned channels,
                       const audio_layout *layout)
{
    static const char only[] = "they are for headerless samples (--raw) only";
    if (channels > UNECHO_CHANNELS_MAX)
        refuse_channels(source, channels);
    else if (rate < UNECHO_RATE_MIN || rate > UNECHO_RATE_MAX)
        refuse_rate(source, rate);
    else if (layout->rate && (int)layout->rate != rate)
        report_error("%s: has a sample rate of %d Hz, and the options say %u; %s", source->name,
                     rate, layout->rate, only);
    else if (layout->channels && layout->channels != channels)
        report_error("%s: has %u channel%s, and the options say %u; %s", source->name, channels,
                     channels == 1 ? "" : "s", layout->channels, only);
    else
        return false;
    return true;
}
