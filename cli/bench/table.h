/* A table of short texts, aligned and valid Markdown. */
#ifndef UNECHO_CLI_BENCH_TABLE_H
#define UNECHO_CLI_BENCH_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_MOST_COLUMNS 10
#define TABLE_MOST_ROWS    20
#define TABLE_CELL         64

struct table {
    size_t columns, rows;
    char cells[TABLE_MOST_ROWS][TABLE_MOST_COLUMNS][TABLE_CELL];
};

/* Add a row; the first one is the heading. Rows and cells beyond the limits are dropped. */
void table_row(struct table *table);

/* Fill in a cell of the last row. */
__attribute__((__format__(__printf__, 3, 4))) void table_cell(struct table *table, size_t column,
                                                              const char *format, ...);

/* The first column is aligned left, the others right. */
void table_print(const struct table *table, FILE *stream);

#endif
