/*
 * A whole file in memory, for whoever reads it more than once: from there on it costs no system
 * calls, and it cannot change in between.
 */
#ifndef UNECHO_CLI_LOADED_H
#define UNECHO_CLI_LOADED_H

#include <sndfile.h>
#include <stdbool.h>
#include <stddef.h>

struct loaded_file {
    unsigned char *bytes;
    size_t size, room; /* room: of bytes, which the next file is read into */
};

/* Takes the next part of a file while it is in the caches. */
typedef void loaded_part(void *user, const unsigned char *bytes, size_t size);

/* false: it cannot be read, is empty, has more than `most` bytes, or changes meanwhile. */
bool loaded_file_read(struct loaded_file *file, const char *path, size_t most, loaded_part *take,
                      void *user);
void loaded_file_free(struct loaded_file *file);

/* How far a reader of it is. */
struct loaded_place {
    const struct loaded_file *file;
    sf_count_t at;
};

/* From the start; the place must stay valid. NULL: no sound file; sf_strerror(NULL) says why. */
SNDFILE *loaded_file_open(struct loaded_place *place, const struct loaded_file *file,
                          SF_INFO *info);

/* The samples of an open file as they lie in memory; it is at its start afterwards. NULL: they are
 * not this machine's 16 bits, or not aligned. */
const short *loaded_file_shorts(SNDFILE *file, const struct loaded_place *place,
                                const SF_INFO *info);

#endif
