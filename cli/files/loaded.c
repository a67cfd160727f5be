#include "files/loaded.h"

#include "transfer.h"

#include "unecho.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that are read at a time. */
enum { PART = 65536 };

static bool make_room(struct loaded_file *file, size_t size)
{
    if (size <= file->room)
        return true;
    free(file->bytes);
    file->bytes = malloc(size);
    file->room = file->bytes ? size : 0;
    return file->bytes != NULL;
}

/* Neither less nor more than there was. */
static bool read_parts(struct loaded_file *file, int fd, loaded_part *take, void *user)
{
    unsigned char more;
    for (size_t at = 0; at < file->size; at += PART) {
        const size_t left = file->size - at, size = left < PART ? left : PART;
        if (!read_all(fd, file->bytes + at, size))
            return false;
        take(user, file->bytes + at, size);
    }
    return read(fd, &more, 1) == 0;
}

bool loaded_file_read(struct loaded_file *file, const char *path, size_t most, loaded_part *take,
                      void *user)
{
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool done = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_size > 0 && (uintmax_t)status.st_size <= most;
    if (done) {
        file->size = (size_t)status.st_size;
        done = make_room(file, file->size) && read_parts(file, fd, take, user);
    }
    if (fd >= 0)
        close(fd);
    return done;
}

void loaded_file_free(struct loaded_file *file)
{
    free(file->bytes);
    *file = (struct loaded_file){0};
}

/* ---- As libsndfile reads it ------------------------------------------------------------- */

static sf_count_t length_of(void *user)
{
    return (sf_count_t)((const struct loaded_place *)user)->file->size;
}

static sf_count_t move(sf_count_t offset, int whence, void *user)
{
    struct loaded_place *place = user;
    const sf_count_t from = whence == SEEK_CUR   ? place->at
                            : whence == SEEK_END ? length_of(user)
                                                 : 0;
    if (offset < -from)
        return -1;
    place->at = from + offset;
    return place->at;
}

static sf_count_t copy(void *to, sf_count_t size, void *user)
{
    struct loaded_place *place = user;
    const sf_count_t left = place->at < length_of(user) ? length_of(user) - place->at : 0;
    const sf_count_t n = size < left ? size : left;
    if (n <= 0)
        return 0;
    memcpy(to, place->file->bytes + place->at, (size_t)n);
    place->at += n;
    return n;
}

static sf_count_t position_of(void *user)
{
    return ((const struct loaded_place *)user)->at;
}

SNDFILE *loaded_file_open(struct loaded_place *place, const struct loaded_file *file, SF_INFO *info)
{
    SF_VIRTUAL_IO access = {length_of, move, copy, NULL, position_of};
    *place = (struct loaded_place){.file = file};
    return sf_open_virtual(&access, SFM_READ, info, place);
}

static bool holds_shorts(const SF_INFO *info)
{
    const int container = info->format & SF_FORMAT_TYPEMASK,
              order = info->format & SF_FORMAT_ENDMASK;
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1 && order != SF_ENDIAN_BIG &&
           (info->format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16 &&
           (container == SF_FORMAT_WAV || container == SF_FORMAT_WAVEX ||
            container == SF_FORMAT_RF64 || container == SF_FORMAT_W64);
}

/* Whether the file's first frame is that. */
static bool begins_with(SNDFILE *file, const short *samples, sf_count_t n)
{
    short first[UNECHO_CHANNELS_MAX];
    return sf_read_short(file, first, n) == n &&
           memcmp(first, samples, (size_t)n * sizeof(*first)) == 0 &&
           sf_seek(file, 0, SEEK_SET) == 0;
}

const short *loaded_file_shorts(SNDFILE *file, const struct loaded_place *place,
                                const SF_INFO *info)
{
    const struct loaded_file *const whole = place->file;
    /* Where it reads next is where its first sample is. */
    if (!holds_shorts(info) || info->frames < 1 || info->channels > UNECHO_CHANNELS_MAX ||
        sf_seek(file, 0, SEEK_SET) != 0 || place->at < 0 || (uint64_t)place->at > whole->size ||
        (size_t)place->at % sizeof(short) != 0 ||
        (uint64_t)info->frames >
            (whole->size - (uint64_t)place->at) / (sizeof(short) * (uint64_t)info->channels))
        return NULL;
    const short *const samples = (const short *)(const void *)(whole->bytes + place->at);
    return begins_with(file, samples, info->channels) ? samples : NULL;
}
