/*
 * Sound files through libsndfile, headerless samples by read(). It does not know what the samples
 * are for.
 */
#include "files/audio_reader.h"

#include "dsp/clones.h"
#include "files/format.h"
#include "files/media.h"
#include "files/ogg_chain.h"
#include "files/refusal.h"
#include "files/unfinished_wav.h"
#include "interrupt.h"
#include "report.h"

#include "unecho.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Programs that write to pipes put the largest possible size in the header, in bytes. */
#define LARGEST_SAID INT64_C(0x7ffff000)
/* The most bytes of a sample. */
#define LARGEST_WIDTH 8
/* Of headerless samples, unless the options say otherwise. */
#define USUAL_RATE     UNECHO_SAMPLE_RATE
#define USUAL_CHANNELS 1

/* How long an interrupt may wait while a pipe is silent. */
#define LOOK_MILLISECONDS 100

/* Samples of 16 bits that are read at a time. */
enum { SHORTS = 16384 };

struct audio_reader {
    const char *name;
    int fd;
    const struct loaded_file *loaded; /* NULL: read from fd */
    struct loaded_place place;        /* in it */
    const short *in_place;            /* its samples, NULL: libsndfile reads them */
    raw_format raw;
    SNDFILE *file; /* NULL for headerless samples */
    bool unfinished;
    unfinished_wav wav; /* if it is unfinished */
    int format;
    int rate;
    unsigned channels;
    int64_t length;   /* frames */
    int64_t position; /* frames */
    off_t start;      /* of headerless samples */
    bool seekable;
    bool ended, warned;
    bool copies_shorts; /* libsndfile does nothing but copy them, and we convert faster */
    short shorts[SHORTS];
    size_t begin, end; /* of those still to convert */
    struct stat identity;
};

static double seconds(const audio_reader *reader, int64_t frames)
{
    return (double)frames / reader->rate;
}

/*
 * libsndfile repairs a header that states more than the file has, and says so only in its log:
 * "data : 344320 (should be 199956)".
 */
static bool parse_repair(const char *line, const char **what, int64_t *said, int64_t *there)
{
    static const char repaired[] = " (should be ";
    char *end = NULL;
    const char *colon = strchr(line, ':');
    if (!colon)
        return false;
    *what = line + strspn(line, " ");
    *said = strtoll(colon + 1, &end, 10);
    if (end == colon + 1 || strncmp(end, repaired, sizeof(repaired) - 1) != 0)
        return false;
    *there = strtoll(end + sizeof(repaired) - 1, NULL, 10);
    return true;
}

static void warn_of_truncation(audio_reader *reader)
{
    char log[8192];
    int container = reader->format & SF_FORMAT_TYPEMASK;
    log[0] = '\0';
    sf_command(reader->file, SFC_GET_LOG_INFO, log, sizeof(log));

    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
        const char *what;
        int64_t said, there;
        if (!parse_repair(line, &what, &said, &there))
            continue;
        /* Of the outermost sizes only that of W64 counts: it has no other. */
        if (strncmp(what, "data", 4) != 0 && strncmp(what, "Data", 4) != 0 &&
            strncmp(what, "SSND", 4) != 0 && container != SF_FORMAT_W64)
            continue;
        if (said > there && said < LARGEST_SAID) {
            report_warning("%s: cut short: its header says %" PRId64 " bytes, there are %" PRId64
                           "; using the %.2f s that are there",
                           reader->name, said, there, seconds(reader, reader->length));
            return;
        }
    }
}

static struct sound_source source_of(const audio_reader *reader)
{
    return (struct sound_source){.name = reader->name,
                                 .fd = reader->fd,
                                 .standard_input = reader->fd == STDIN_FILENO,
                                 .identity = &reader->identity};
}

/* In the file's place: what ffmpeg makes of it. Some versions of libsndfile have closed the
 * descriptor of a file that they cannot read. */
static bool decode_media(audio_reader *reader)
{
    close(reader->fd);
    reader->loaded = NULL;
    reader->fd = media_decode(reader->name);
    return reader->fd >= 0;
}

static void open_by_content(audio_reader *reader, SF_INFO *info)
{
    reader->in_place = NULL;
    reader->unfinished = unfinished_wav_find(&reader->wav, reader->fd);
    if (reader->unfinished)
        reader->file = unfinished_wav_open(&reader->wav, info);
    else if (reader->loaded)
        reader->file = loaded_file_open(&reader->place, reader->loaded, info);
    else
        reader->file = sf_open_fd(reader->fd, SFM_READ, info, SF_FALSE);
    if (reader->file && reader->loaded && !reader->unfinished)
        reader->in_place = loaded_file_shorts(reader->file, &reader->place, info);
}

static void warn_of_ogg(const audio_reader *reader, const struct sound_source *source)
{
    char command[512];
    const ogg_extent extent = ogg_extent_of(reader->fd);
    if (extent == OGG_CHAINED)
        report_warning("%s: is several Ogg recordings one after the other, of which only the first "
                       "is read; to join them: %s",
                       reader->name, refusal_conversion(source, "", command, sizeof(command)));
    else if (extent == OGG_CUT)
        report_warning(
            "%s: cut short: the file ends before its Ogg stream does; using what is there",
            reader->name);
}

static bool open_sound_file(audio_reader *reader, const audio_layout *layout)
{
    SF_INFO info = {0};
    const struct sound_source source = source_of(reader);
    const bool may_be_media = S_ISREG(reader->identity.st_mode) && media_is_known(reader->name);
    if (refusal_of_nothing(&source))
        return false;
    open_by_content(reader, &info);
    if (!reader->file && may_be_media) {
        if (!decode_media(reader))
            return false;
        info = (SF_INFO){0};
        open_by_content(reader, &info);
    }
    if (!reader->file) {
        refusal_unreadable(&source, sf_strerror(NULL));
        return false;
    }
    reader->format = info.format;
    reader->rate = info.samplerate;
    reader->channels = (unsigned)info.channels;
    /* FLAC of unknown length states the largest number; WAV through a pipe, what fits in 4 GiB. */
    reader->length = info.frames;
    reader->seekable = info.seekable != 0;
    if (info.frames < 0 || info.frames == SF_COUNT_MAX ||
        (!S_ISREG(reader->identity.st_mode) &&
         info.frames * info.channels >= LARGEST_SAID / LARGEST_WIDTH))
        reader->length = -1;
    reader->copies_shorts = reader->seekable &&
                            (info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16 &&
                            (info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_FLAC;
    if (refusal_of_signal(&source, reader->rate, reader->channels, layout))
        return false;
    warn_of_truncation(reader);
    if ((reader->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG)
        warn_of_ogg(reader, &source);
    if (reader->unfinished)
        report_warning("%s: unfinished: its header says 0 bytes of samples; using the %.2f s that "
                       "are there",
                       reader->name, seconds(reader, reader->length));
    return true;
}

/* Bytes per frame of headerless samples. */
static size_t frame_width(const audio_reader *reader)
{
    return raw_width(reader->raw) * reader->channels;
}

static void open_raw(audio_reader *reader, const audio_layout *layout)
{
    reader->raw = layout->raw;
    reader->format = format_like_raw(layout->raw);
    reader->rate = layout->rate ? (int)layout->rate : USUAL_RATE;
    reader->channels = layout->channels ? layout->channels : USUAL_CHANNELS;
    if (S_ISREG(reader->identity.st_mode)) {
        const off_t start = lseek(reader->fd, 0, SEEK_CUR);
        reader->seekable = start >= 0;
        reader->start = start > 0 ? start : 0;
        reader->length = ((int64_t)reader->identity.st_size - (int64_t)reader->start) /
                         (int64_t)frame_width(reader);
        if (reader->length < 0)
            reader->length = 0;
    }
}

static bool open_descriptor(audio_reader *reader, const char *path)
{
    if (strcmp(path, "-") == 0) {
        reader->name = "standard input";
        reader->fd = STDIN_FILENO;
    } else {
        reader->name = path;
        reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (reader->fd < 0 || fstat(reader->fd, &reader->identity) != 0) {
        report_error("%s: %s", reader->name, strerror(errno));
        return false;
    }
    if (S_ISDIR(reader->identity.st_mode)) {
        report_error("%s: is a directory, not a sound file", reader->name);
        return false;
    }
    return true;
}

audio_reader *audio_reader_open(const char *path, const audio_layout *layout,
                                const struct loaded_file *loaded)
{
    audio_reader *reader = calloc(1, sizeof(*reader));
    if (!reader) {
        report_no_memory();
        return NULL;
    }
    reader->fd = -1;
    reader->length = -1;
    reader->loaded = loaded;
    if (!open_descriptor(reader, path))
        goto fail;
    if (format_is_raw(path, layout->raw))
        open_raw(reader, layout);
    else if (!open_sound_file(reader, layout))
        goto fail;
    if (reader->length == 0 && S_ISREG(reader->identity.st_mode)) {
        report_error("%s: holds no samples", reader->name);
        goto fail;
    }
    return reader;

fail:
    audio_reader_close(&reader);
    return NULL;
}

/* The input ended early. */
static void warn_of_loss(audio_reader *reader, const char *why)
{
    if (reader->warned)
        return;
    reader->warned = true;
    report_warning("%s: cut short or damaged after %.2f s (sample %" PRId64 "): %s", reader->name,
                   seconds(reader, reader->position), reader->position, why);
    if (reader->length > reader->position)
        report_warning("%s: %.2f s of the %.2f s that it had at first are lost", reader->name,
                       seconds(reader, reader->length - reader->position),
                       seconds(reader, reader->length));
}

CLONED static void convert_shorts(float *restrict samples, const short *restrict from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        samples[i] = (float)from[i] * (1.0f / 32768.0f);
}

/* As read_shorts, from where they lie. */
static size_t take_in_place(const audio_reader *reader, float *samples, size_t n)
{
    const size_t from = (size_t)reader->position * reader->channels;
    const size_t left = (size_t)reader->length * reader->channels - from;
    const size_t count = n < left ? n : left;
    convert_shorts(samples, reader->in_place + from, count);
    return count;
}

/* Returns how many samples it has read. */
static size_t read_shorts(audio_reader *reader, float *samples, size_t n)
{
    size_t done = 0;
    while (done < n) {
        if (reader->begin == reader->end) {
            const sf_count_t got =
                sf_read_short(reader->file, reader->shorts, SHORTS - SHORTS % reader->channels);
            reader->begin = 0;
            reader->end = got > 0 ? (size_t)got : 0;
            if (reader->end == 0)
                break;
        }
        const size_t left = reader->end - reader->begin, part = n - done < left ? n - done : left;
        convert_shorts(samples + done, reader->shorts + reader->begin, part);
        reader->begin += part;
        done += part;
    }
    return done;
}

static bool read_sound_file(audio_reader *reader, float *frames, size_t n, size_t *got)
{
    if (reader->in_place) {
        *got = take_in_place(reader, frames, n * reader->channels) / reader->channels;
    } else if (reader->copies_shorts) {
        *got = read_shorts(reader, frames, n * reader->channels) / reader->channels;
    } else {
        const sf_count_t have = sf_readf_float(reader->file, frames, (sf_count_t)n);
        *got = have > 0 ? (size_t)have : 0;
    }
    reader->position += (int64_t)*got;
    if (*got == n)
        return true;

    reader->ended = true;
    if (sf_error(reader->file) != SF_ERR_NO_ERROR || reader->length > reader->position)
        warn_of_loss(reader, sf_error(reader->file) ? sf_strerror(reader->file) : "the file ends");
    return true;
}

/*
 * Until there is something to read. A signal just before read() would not interrupt it, so check
 * the flag now and then. false: the user interrupted.
 */
static bool wait_for_input(const audio_reader *reader)
{
    struct pollfd waiting = {reader->fd, POLLIN, 0};
    if (S_ISREG(reader->identity.st_mode))
        return true;
    while (!interrupted())
        if (poll(&waiting, 1, LOOK_MILLISECONDS) > 0)
            return true;
    return false;
}

/* Fewer bytes than wanted: the input has ended, or the user interrupted. */
static bool read_bytes(audio_reader *reader, unsigned char *bytes, size_t want, size_t *have)
{
    *have = 0;
    while (*have < want && wait_for_input(reader)) {
        ssize_t more = read(reader->fd, bytes + *have, want - *have);
        if (more == 0)
            return true;
        if (more < 0 && errno != EINTR) {
            report_error("%s: %s", reader->name, strerror(errno));
            return false;
        }
        if (more > 0)
            *have += (size_t)more;
    }
    return true;
}

static bool read_raw(audio_reader *reader, float *frames, size_t n, size_t *got)
{
    unsigned char bytes[16384];
    const size_t width = frame_width(reader);
    const size_t most = sizeof(bytes) / width;

    while (*got < n && !reader->ended) {
        const size_t count = n - *got < most ? n - *got : most;
        size_t have;
        if (!read_bytes(reader, bytes, count * width, &have))
            return false;
        raw_decode(reader->raw, bytes, frames + *got * reader->channels,
                   have / width * reader->channels);
        *got += have / width;
        reader->position += (int64_t)(have / width);
        reader->ended = have < count * width;
        /* The file was longer when it was opened. */
        if (reader->ended && reader->length > reader->position && !interrupted())
            warn_of_loss(reader, "the file ends");
        if (reader->ended && have % width != 0 && !interrupted() && !reader->warned) {
            reader->warned = true;
            report_warning(
                "%s: not a whole number of %s %s (%zu bytes each); ignoring the last %zu "
                "bytes",
                reader->name, raw_name(reader->raw), reader->channels == 1 ? "samples" : "frames",
                width, have % width);
        }
    }
    return true;
}

bool audio_reader_read(audio_reader *reader, float *frames, size_t n, size_t *got)
{
    *got = 0;
    if (reader->ended)
        return true;
    return reader->file ? read_sound_file(reader, frames, n, got)
                        : read_raw(reader, frames, n, got);
}

bool audio_reader_has_more(audio_reader *reader)
{
    float frame[UNECHO_CHANNELS_MAX];
    size_t got = 0;
    struct pollfd waiting = {reader->fd, POLLIN, 0};
    if (reader->ended)
        return false;
    if (reader->length >= 0)
        return reader->position < reader->length;
    /* Nothing may ever come from that pipe again: do not wait. */
    if (!S_ISREG(reader->identity.st_mode) && poll(&waiting, 1, 0) != 1)
        return false;
    return audio_reader_read(reader, frame, 1, &got) && got == 1;
}

bool audio_reader_can_rewind(const audio_reader *reader)
{
    return S_ISREG(reader->identity.st_mode) && reader->seekable && reader->length >= 0;
}

/* Opened anew: seeking in compressed files does not give the same samples in every libsndfile. */
static bool reopen_sound_file(audio_reader *reader)
{
    SF_INFO info = {0};
    sf_close(reader->file);
    reader->file = NULL;
    if (lseek(reader->fd, 0, SEEK_SET) == 0)
        open_by_content(reader, &info);
    return reader->file != NULL;
}

bool audio_reader_rewind(audio_reader *reader)
{
    const bool done =
        reader->file ? reopen_sound_file(reader) : lseek(reader->fd, reader->start, SEEK_SET) >= 0;
    reader->position = 0;
    reader->begin = reader->end = 0;
    reader->ended = false;
    if (!done)
        report_error("%s: cannot be read a second time", reader->name);
    return done;
}

int audio_reader_rate(const audio_reader *reader)
{
    return reader->rate;
}

unsigned audio_reader_channels(const audio_reader *reader)
{
    return reader->channels;
}

int64_t audio_reader_length(const audio_reader *reader)
{
    return reader->length;
}

int audio_reader_format(const audio_reader *reader)
{
    return reader->format;
}

const char *audio_reader_name(const audio_reader *reader)
{
    return reader->name;
}

const struct stat *audio_reader_identity(const audio_reader *reader)
{
    return &reader->identity;
}

const char *audio_reader_text(const audio_reader *reader, int kind)
{
    return reader->file ? sf_get_string(reader->file, kind) : NULL;
}

void audio_reader_close(audio_reader **reader)
{
    if (!*reader)
        return;
    if ((*reader)->file)
        sf_close((*reader)->file);
    if ((*reader)->fd > STDIN_FILENO)
        close((*reader)->fd);
    free(*reader);
    *reader = NULL;
}
