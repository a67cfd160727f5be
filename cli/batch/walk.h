/* All sound files of a folder and of the folders in it, in an order that is the same everywhere. */
#ifndef UNECHO_CLI_BATCH_WALK_H
#define UNECHO_CLI_BATCH_WALK_H

#include <stdbool.h>
#include <sys/stat.h>

/* Gets the path of a file within the root. false: end the walk, successfully. */
typedef bool walk_visitor(void *user, const char *root, const char *name);

/* Gets the path of one that is not visited, and why. */
typedef void walk_leaver(void *user, const char *root, const char *name, const char *why);

struct walk {
    const char *root;
    const struct stat *left_out; /* a folder that is not entered; NULL: none */
    bool raw;                    /* visit files of headerless samples, too */
    walk_visitor *visit;
    walk_leaver *leave; /* NULL: nobody */
    void *user;
};

/* Follows links to files only. false: a folder could not be read, reported; the others were. */
bool walk_run(const struct walk *walk);

#endif
