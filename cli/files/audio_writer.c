/*
 * Sound files through libsndfile, headerless samples by write(). It does not know where the samples
 * come from.
 */
#include "files/audio_writer.h"

#include "dsp/clones.h"
#include "dsp/peak.h"
#include "files/format.h"
#include "files/wav_head.h"
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Samples of 16 bits that are written at a time. In larger pieces file systems take larger pages,
 * which seldom are in the caches. */
enum { PENDING = 65536 };

struct audio_writer {
    output_file *output;
    SNDFILE *file;  /* NULL for the null device and for what the writer encodes itself */
    raw_format raw; /* how it does */
    int format;
    int rate, channels;
    int bits; /* bits that samples are rounded to; 0: they stay floats */
    int64_t most, written;
    uint64_t clipped;
    int failure;    /* errno of the first failed write */
    short *pending; /* [PENDING] */
    size_t pending_n;
};

static bool write_bytes(audio_writer *writer, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(writer->output->fd, bytes, size);
        if (done < 0 && errno != EINTR) {
            if (!writer->failure)
                writer->failure = errno;
            return false;
        }
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
    return true;
}

/*
 * libsndfile writes through these functions: some of its formats ignore errors, above all of their
 * last block, and here none gets lost.
 */
static sf_count_t file_size(void *user)
{
    struct stat status;
    return fstat(((audio_writer *)user)->output->fd, &status) == 0 ? status.st_size : -1;
}

static sf_count_t file_seek(sf_count_t offset, int whence, void *user)
{
    return lseek(((audio_writer *)user)->output->fd, offset, whence);
}

static sf_count_t file_read(void *bytes, sf_count_t size, void *user)
{
    return read(((audio_writer *)user)->output->fd, bytes, (size_t)size);
}

static sf_count_t file_write(const void *bytes, sf_count_t size, void *user)
{
    return write_bytes(user, bytes, (size_t)size) ? size : 0;
}

static sf_count_t file_tell(void *user)
{
    return lseek(((audio_writer *)user)->output->fd, 0, SEEK_CUR);
}

static bool check_size(const audio_writer *writer, int64_t samples)
{
    if (samples <= writer->most)
        return true;
    report_error("%s: %.1f hours of audio or more exceed 4 GiB, the limit of this file format; "
                 ".w64, .rf64 and .flac have no such limit",
                 writer->output->name, (double)samples / writer->channels / writer->rate / 3600.0);
    return false;
}

static void copy_texts(audio_writer *writer, const audio_reader *like)
{
    for (int kind = SF_STR_FIRST; kind <= SF_STR_LAST; kind++) {
        const char *text = audio_reader_text(like, kind);
        /* libsndfile would append its own name to that of the original's program. */
        if (text && kind != SF_STR_SOFTWARE)
            sf_set_string(writer->file, kind, text);
    }
}

static bool open_sound_file(audio_writer *writer, const audio_reader *like)
{
    SF_VIRTUAL_IO access = {file_size, file_seek, file_read, file_write, file_tell};
    SF_INFO info = {0};
    info.samplerate = writer->rate;
    info.channels = writer->channels;
    info.format = writer->format;
    writer->file = sf_open_virtual(&access, SFM_WRITE, &info, writer);
    if (!writer->file) {
        if (writer->failure)
            report_error("%s: %s", writer->output->name, strerror(writer->failure));
        else
            report_error("%s: cannot be written at %d Hz: %s", writer->output->name, writer->rate,
                         sf_strerror(NULL));
        return false;
    }
    /* This chunk holds the time of day: equal inputs would not give equal files. */
    sf_command(writer->file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
    if (like)
        copy_texts(writer, like);
    return true;
}

static bool write_wav_head(audio_writer *writer, int64_t frames)
{
    unsigned char head[WAV_HEAD_SIZE];
    wav_head(head, writer->raw, writer->rate, writer->channels, frames);
    if (write_bytes(writer, head, sizeof(head)))
        return true;
    report_error("%s: %s", writer->output->name, strerror(writer->failure));
    return false;
}

static audio_writer *open_writer(output_file *output, raw_format raw, int format, int rate,
                                 unsigned channels, const audio_reader *like, int64_t frames)
{
    const bool has_wav_head = raw == RAW_NONE && output->kind == OUTPUT_DIRECT;
    const int64_t expected = frames < 0 ? -1 : frames * (int64_t)channels;
    audio_writer *writer = calloc(1, sizeof(*writer));
    if (writer)
        writer->pending = malloc(PENDING * sizeof(*writer->pending));
    if (!writer || !writer->pending) {
        free(writer);
        report_no_memory();
        return NULL;
    }
    writer->output = output;
    writer->raw = raw;
    writer->format = raw != RAW_NONE ? format_like_raw(raw) : format;
    if (has_wav_head)
        writer->raw = format_bits(format) ? RAW_S16LE : RAW_F32LE;
    writer->rate = rate;
    writer->channels = (int)channels;
    writer->bits = format_bits(writer->format);
    writer->most = has_wav_head ? INT64_MAX : format_most_samples(writer->format);
    if (!check_size(writer, expected) || !output_open(output) ||
        (has_wav_head && !write_wav_head(writer, frames)) ||
        (raw == RAW_NONE && output->kind == OUTPUT_REPLACED && !open_sound_file(writer, like)))
        audio_writer_close(&writer);
    return writer;
}

audio_writer *audio_writer_open(output_file *output, raw_format raw, int format, unsigned channels,
                                const audio_reader *like, int64_t frames)
{
    return open_writer(output, raw, format, audio_reader_rate(like), channels, like, frames);
}

audio_writer *audio_writer_start(output_file *output, int format, int rate, unsigned channels)
{
    return open_writer(output, RAW_NONE, format, rate, channels, NULL, -1);
}

CLONED static void clip(audio_writer *writer, float *samples, size_t n)
{
    /* The largest integer is one step below full scale, which a float cannot tell with 32 bits. */
    float step = ldexpf(1.0f, writer->bits > 24 ? -24 : 1 - writer->bits);
    float highest = 1.0f - step;
    uint32_t clipped = 0;
    if (peak_of(samples, n) <= highest)
        return;
    for (size_t i = 0; i < n; i++) {
        const float x = samples[i];
        /* What rounds to the largest integer does not count as clipped. */
        clipped += x > highest + 0.5f * step;
        clipped += x < -1.0f - 0.5f * step;
        samples[i] = x > highest ? highest : x < -1.0f ? -1.0f : x;
    }
    writer->clipped += clipped;
}

static bool write_raw(audio_writer *writer, const float *samples, size_t n)
{
    unsigned char bytes[16384];
    size_t width = raw_width(writer->raw);
    size_t most = sizeof(bytes) / width;
    for (size_t done = 0; done < n;) {
        size_t count = n - done < most ? n - done : most;
        raw_encode(writer->raw, samples + done, bytes, count);
        if (!write_bytes(writer, bytes, count * width))
            return false;
        done += count;
    }
    return true;
}

/* In steps of so many bits, to nearest, half a step up. */
static double rounded(float sample, int bits)
{
    return bits == 16 ? (double)raw_rounded(sample) : floor(ldexp((double)sample, bits - 1) + 0.5);
}

/* libsndfile would not round to nearest, or would scale by one less than full scale. */
static bool write_integers(audio_writer *writer, const float *samples, size_t n)
{
    int values[4096];
    double shift = ldexp(1.0, 32 - writer->bits);
    size_t most = sizeof(values) / sizeof(values[0]);
    most -= most % (size_t)writer->channels;
    for (size_t done = 0; done < n;) {
        size_t count = n - done < most ? n - done : most;
        for (size_t i = 0; i < count; i++)
            values[i] = (int)(shift * rounded(samples[done + i], writer->bits));
        if (sf_write_int(writer->file, values, (sf_count_t)count) != (sf_count_t)count)
            return false;
        done += count;
    }
    return true;
}

static bool write_pending(audio_writer *writer)
{
    const sf_count_t n = (sf_count_t)writer->pending_n;
    writer->pending_n = 0;
    return sf_write_short(writer->file, writer->pending, n) == n;
}

CLONED static void round_shorts(short *restrict to, const float *restrict samples, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (short)raw_rounded(samples[i]);
}

/* As write_integers, of 16 bits. */
static bool write_shorts(audio_writer *writer, const float *samples, size_t n)
{
    const size_t most = PENDING - PENDING % (size_t)writer->channels;
    for (size_t done = 0; done < n;) {
        const size_t room = most - writer->pending_n, count = n - done < room ? n - done : room;
        round_shorts(writer->pending + writer->pending_n, samples + done, count);
        writer->pending_n += count;
        done += count;
        if (writer->pending_n == most && !write_pending(writer))
            return false;
    }
    return true;
}

static bool write_sound_file(audio_writer *writer, const float *samples, size_t n)
{
    bool written;
    if ((writer->format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16)
        written = write_shorts(writer, samples, n);
    else if (writer->bits)
        written = write_integers(writer, samples, n);
    else
        written = sf_write_float(writer->file, samples, (sf_count_t)n) == (sf_count_t)n;
    return written && !writer->failure;
}

static bool fail(const audio_writer *writer)
{
    const char *why = writer->failure ? strerror(writer->failure)
                      : writer->file  ? sf_strerror(writer->file)
                                      : "could not be written";
    report_error("%s: %s (after %.2f s)", writer->output->name, why,
                 (double)writer->written / writer->channels / writer->rate);
    return false;
}

bool audio_writer_write(audio_writer *writer, float *samples, size_t n)
{
    bool written;
    if (n == 0)
        return true;
    if (!check_size(writer, writer->written + (int64_t)n))
        return false;
    if (writer->bits)
        clip(writer, samples, n);
    written = writer->output->kind == OUTPUT_NOWHERE ? true
              : writer->raw != RAW_NONE              ? write_raw(writer, samples, n)
                                                     : write_sound_file(writer, samples, n);
    if (!written)
        return fail(writer);
    writer->written += (int64_t)n;
    return true;
}

/*
 * Some of libsndfile's formats write their header only with the first sample, and its FLAC encoder,
 * out of memory in the last step, leaves a header without a length and reports nothing.
 */
static bool is_sound_file(const output_file *output)
{
    SF_INFO info = {0};
    SNDFILE *file = NULL;
    int fd = open(output->temporary, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        file = sf_open_fd(fd, SFM_READ, &info, SF_FALSE);
        sf_close(file);
        close(fd);
    }
    return file != NULL && info.frames != SF_COUNT_MAX;
}

bool audio_writer_finish(audio_writer *writer)
{
    bool is_file = writer->file != NULL;
    if (writer->file) {
        const bool written = writer->pending_n == 0 || write_pending(writer);
        if (!written)
            return fail(writer);
        sf_close(writer->file);
        writer->file = NULL;
    }
    if (writer->failure)
        return fail(writer);
    if (is_file && !is_sound_file(writer->output)) {
        report_error(
            writer->written == 0
                ? "%s: there are no samples to write, and a file of this format needs at least one"
                : "%s: libsndfile left the file incomplete",
            writer->output->name);
        return false;
    }
    return output_commit(writer->output);
}

uint64_t audio_writer_clipped(const audio_writer *writer)
{
    return writer->clipped;
}

int audio_writer_format(const audio_writer *writer)
{
    return writer->format;
}

void audio_writer_close(audio_writer **writer)
{
    if (!*writer)
        return;
    if ((*writer)->file)
        sf_close((*writer)->file);
    free((*writer)->pending);
    free(*writer);
    *writer = NULL;
}
