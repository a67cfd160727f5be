/* The names in a folder, sorted, and the folders that a file needs. */
#ifndef UNECHO_CLI_BATCH_FOLDER_H
#define UNECHO_CLI_BATCH_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct folder {
    char **names; /* in the order of their bytes, without the hidden ones */
    size_t count;
};

/* false: it cannot be read; errno says why. folder_free in either case. */
bool folder_read(struct folder *folder, const char *path);
void folder_free(struct folder *folder);

/*
 * The name that consists of stem and the ending of a sound file, that of `like` if there are
 * several. NULL: there is none. raw: headerless samples count, too.
 */
const char *folder_find(const struct folder *folder, const char *stem, size_t length,
                        const char *like, bool raw);

/* Whether the name's ending is that of a sound file, of video, or with raw of headerless samples.
 */
bool folder_holds_sound(const char *name, bool raw);

/* The length of a path without its ending. */
size_t folder_stem(const char *path);

/* "a/b", or b alone if a is empty or ".". Freed by the caller; NULL: out of memory. */
char *folder_join(const char *a, const char *b);

/* The same path without '.' and empty parts. Freed by the caller; NULL: out of memory. */
char *folder_plain(const char *path);

/*
 * The path from the root on, of a link its own: what it leads to may have a name that tells
 * nothing. Freed by the caller; NULL: the folder is not there, or memory ran out.
 */
char *folder_absolute(const char *path);

/* Whether it is a regular file: to open a pipe waits for its writer. */
bool folder_has_file(const char *path);

/* Make the folders that path lies in. false: reported. */
bool folder_make_for(const char *path);

#endif
