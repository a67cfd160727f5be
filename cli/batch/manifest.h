/* A list of pairs: a table with commas, or JSON lines. */
#ifndef UNECHO_CLI_BATCH_MANIFEST_H
#define UNECHO_CLI_BATCH_MANIFEST_H

#include <stdbool.h>

/* As the list says. */
struct manifest_row {
    const char *mic;
    const char *far;     /* NULL: in the microphone's file */
    const char *out;     /* NULL: not said */
    const char *options; /* a JSON array of words; NULL: none */
};

/* false: failed, reported: ends the reading. */
typedef bool manifest_visitor(void *user, const struct manifest_row *row);

/* Whether the name is that of a list: .csv, .jsonl, .ndjson or "-", standard input. */
bool manifest_is(const char *name);

/* Pass on all rows. false: the list is wrong or cannot be read, or the visitor failed; reported. */
bool manifest_read(const char *name, manifest_visitor *visit, void *user);

#endif
