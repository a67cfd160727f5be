/*
 * A file that appears whole or not at all: written beside its place under another name and moved
 * there at the end. It does not know what is in it.
 */
#ifndef UNECHO_CLI_OUTPUT_FILE_H
#define UNECHO_CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

typedef enum output_kind {
    OUTPUT_REPLACED, /* a regular file, there already or not */
    OUTPUT_DIRECT,   /* standard output, a pipe, a device: written as it goes */
    OUTPUT_NOWHERE   /* the null device */
} output_kind;

typedef struct output_file {
    const char *name; /* for messages */
    output_kind kind;
    int fd;
    char *path;      /* where it goes, links resolved */
    char *directory; /* that path's */
    char *temporary; /* where it is until it is whole; NULL: not there */
    bool exists;
    struct stat identity; /* of what is there already */
} output_file;

/*
 * Find out what path is and whether it can be written; changes nothing. "-" is standard output.
 * false: it cannot, reported. output_release in either case.
 */
bool output_inspect(output_file *output, const char *path);

/* Whether the output is the very file that input describes. */
bool output_is(const output_file *output, const struct stat *input);

/* Whether it ends up where the program's standard output goes. */
bool output_is_stdout(const output_file *output);

/* Whether both would end up in one place. */
bool output_same(const output_file *a, const output_file *b);

/* Make output->fd ready for writing. false: reported. */
bool output_open(output_file *output);

/* All of the bytes. false: reported. */
bool output_write(const output_file *output, const void *bytes, size_t size);

/* Close it and put it in its place. false: reported, and what was in its place is still there. */
bool output_commit(output_file *output);

/* Close, remove what was not committed, free. */
void output_release(output_file *output);

#endif
