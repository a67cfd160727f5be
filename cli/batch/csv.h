/* Tables with commas between the values, as in RFC 4180: quoted values may hold line ends. */
#ifndef UNECHO_CLI_BATCH_CSV_H
#define UNECHO_CLI_BATCH_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CSV_COLUMNS = 64 };

struct csv {
    FILE *file;
    size_t line;               /* where the row began, from 1 */
    size_t next_line;          /* lines read so far */
    char *values[CSV_COLUMNS]; /* of the row, within text */
    size_t count;
    char *text;
    size_t length, room;
    const char *fault; /* NULL: none */
};

/* Read the next row, blank lines left out. false: there is none, or fault says what is wrong. */
bool csv_next(struct csv *csv);
void csv_free(struct csv *csv);

#endif
