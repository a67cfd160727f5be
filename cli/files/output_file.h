/*
 * A file that appears complete or not at all: written in the same directory under another name, and
 * renamed at the end. It does not know what is in it.
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
    char *path;      /* with links resolved */
    char *directory; /* that path's */
    char *temporary; /* its name until it is complete; NULL: there is none */
    bool exists;
    struct stat identity; /* of what is there already */
} output_file;

/*
 * Find out what path is, and whether it can be written, without changing anything. "-" is standard
 * output. false: it cannot, reported. output_release in either case.
 */
bool output_inspect(output_file *output, const char *path);

/* Whether the output is the very file that input describes. */
bool output_is(const output_file *output, const struct stat *input);

/* Whether it is what standard output goes to. */
bool output_is_stdout(const output_file *output);

/* Whether both are the same file. */
bool output_same(const output_file *a, const output_file *b);

/* Remove what runs that were killed left of an output at path: nobody may be writing it. */
void output_remove_leftovers(const char *path);

/* Open output->fd for writing. false: failed, reported. */
bool output_open(output_file *output);

/* Write all bytes. false: failed, reported. */
bool output_write(const output_file *output, const void *bytes, size_t size);

/* Close the file and put it in its place. false: failed, reported; an earlier file is untouched. */
bool output_commit(output_file *output);

/* Close and free; remove a file that was not committed. */
void output_release(output_file *output);

#endif
