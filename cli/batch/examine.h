/* What doctor finds in a pair and its output, and small pictures of both. */
#ifndef UNECHO_CLI_BATCH_EXAMINE_H
#define UNECHO_CLI_BATCH_EXAMINE_H

#include "files/ends.h"

#include "unecho.h"
#include "unecho_model.h"

#include <stdbool.h>
#include <stdio.h>

/* A picture: columns of cells, the lowest band first, each a shade in four bits. */
enum { THUMBNAIL_COLUMNS = 60, THUMBNAIL_ROWS = 16 };

/*
 * Print members of a JSON object: verdict, findings, and the spectrograms "before" and "after" with
 * three cells in two letters. stats: of the stream that made the file out. false: failed, reported.
 */
bool examine_pair(FILE *stream, const ends_choice *choice, const char *out,
                  const unecho_stats *stats, unecho_model *model);

#endif
