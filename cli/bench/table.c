#include "bench/table.h"

#include <stdarg.h>
#include <string.h>

void table_row(struct table *table)
{
    if (table->rows < TABLE_MOST_ROWS)
        memset(table->cells[table->rows++], 0, sizeof(table->cells[0]));
}

void table_cell(struct table *table, size_t column, const char *format, ...)
{
    va_list arguments;
    if (table->rows == 0 || column >= table->columns)
        return;
    va_start(arguments, format);
    vsnprintf(table->cells[table->rows - 1][column], TABLE_CELL, format, arguments);
    va_end(arguments);
}

/* In characters, not in bytes of UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void fill(FILE *stream, int with, size_t n)
{
    while (n-- > 0)
        fputc(with, stream);
}

static void print_row(const struct table *table, size_t row, const size_t *widths, FILE *stream)
{
    for (size_t column = 0; column < table->columns; column++) {
        const char *text = table->cells[row][column];
        const size_t blanks = widths[column] - width_of(text);
        fputs("| ", stream);
        fill(stream, ' ', column ? blanks : 0);
        fputs(text, stream);
        fill(stream, ' ', column ? 1 : blanks + 1);
    }
    fputs("|\n", stream);
}

static void print_rule(const struct table *table, const size_t *widths, FILE *stream)
{
    for (size_t column = 0; column < table->columns; column++) {
        fputs(column ? "|" : "|-", stream);
        fill(stream, '-', widths[column] + 1);
        fputs(column ? ":" : "", stream);
    }
    fputs("|\n", stream);
}

void table_print(const struct table *table, FILE *stream)
{
    size_t widths[TABLE_MOST_COLUMNS] = {0};
    for (size_t row = 0; row < table->rows; row++) {
        for (size_t column = 0; column < table->columns; column++) {
            const size_t width = width_of(table->cells[row][column]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (size_t row = 0; row < table->rows; row++) {
        print_row(table, row, widths, stream);
        if (row == 0)
            print_rule(table, widths, stream);
    }
}
