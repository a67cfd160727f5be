/*
 * A table of short texts, aligned for eyes and at the same time valid Markdown. It does not know
 * what is in it.
 */
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

/* The first row are the headings; begin with columns set and rows 0. Cells beyond are left out. */
void table_row(struct table *table);

/* Fill in a cell of the last row. */
__attribute__((__format__(__printf__, 3, 4))) void table_cell(struct table *table, size_t column,
                                                              const char *format, ...);

/* The first column to the left, the others to the right. */
void table_print(const struct table *table, FILE *stream);

#endif
