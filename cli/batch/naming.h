/*
 * Which files belong together, by their names. It opens no sound file.
 */
#ifndef UNECHO_CLI_BATCH_NAMING_H
#define UNECHO_CLI_BATCH_NAMING_H

#include "batch/folder.h"

#include <stdbool.h>
#include <stddef.h>

enum { NAMING_PATTERNS = 16, NAMING_FOLDERS = 4 };

/* Of --pair: what stands for the stars of mic stands for those of far, in the same order. */
struct naming_pattern {
    const char *mic, *far;
};

struct naming {
    const struct naming_pattern *patterns;
    size_t pattern_count; /* 0: the usual naming schemes */
    bool raw;             /* files of headerless samples count, too */
    const char *others;   /* a folder of far ends with equal names; NULL: none */
    /* Folders that were looked into lately. */
    char *paths[NAMING_FOLDERS];
    struct folder folders[NAMING_FOLDERS];
    size_t next;
};

enum naming_role {
    NAMING_PAIR,   /* a microphone; *far is its far end */
    NAMING_FAR,    /* the far end of a microphone */
    NAMING_EITHER, /* neither by its name: may hold both ends */
    NAMING_ALONE   /* a microphone or far end without its partner */
};

/* The path without an ending in ".*", "" for a wrong number of stars. NULL: the pattern is fine. */
const char *naming_pattern_fault(const struct naming_pattern *pattern);

/*
 * The role of the file at name within root. *far: path of the far end, freed by the caller, NULL
 * unless it is a pair.
 */
enum naming_role naming_find(struct naming *naming, const char *root, const char *name, char **far);

/* Whether root has a file of that name, whatever its ending. */
bool naming_has(struct naming *naming, const char *root, const char *name);

void naming_free(struct naming *naming);

#endif
