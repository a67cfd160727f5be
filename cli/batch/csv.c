#include "batch/csv.h"

#include <stdlib.h>

static bool fail(struct csv *csv, const char *fault)
{
    csv->fault = fault;
    return false;
}

static bool put(struct csv *csv, int c)
{
    if (csv->length == csv->room) {
        const size_t room = 2 * csv->room + 256;
        char *more = realloc(csv->text, room);
        if (!more)
            return fail(csv, "out of memory");
        csv->text = more;
        csv->room = room;
    }
    csv->text[csv->length++] = (char)c;
    return true;
}

static int next(struct csv *csv)
{
    const int c = getc(csv->file);
    csv->next_line += c == '\n';
    return c;
}

/* After the opening quote, through the closing one. */
static bool read_quoted(struct csv *csv)
{
    for (;;) {
        int c = next(csv);
        if (c == EOF)
            return fail(csv, "a quote is not closed");
        if (c == '\0')
            return fail(csv, "a zero byte: a table has to be UTF-8");
        if (c == '"') {
            c = getc(csv->file);
            if (c != '"') {
                ungetc(c, csv->file);
                return true;
            }
        }
        if (!put(csv, c))
            return false;
    }
}

/* *end: what ended it, ',' or '\n' or EOF. */
static bool read_value(struct csv *csv, int *end)
{
    const size_t begin = csv->length;
    bool quoted = false;
    for (;;) {
        const int c = next(csv);
        if (c == '\r') {
            const int after = getc(csv->file);
            ungetc(after, csv->file);
            if (after == '\n' || after == EOF)
                continue;
        }
        if (c == ',' || c == '\n' || c == EOF) {
            *end = c;
            return put(csv, '\0');
        }
        if (c == '\0')
            return fail(csv, "a zero byte: a table has to be UTF-8");
        if (quoted)
            return fail(csv, "text after a closing quote");
        if (c != '"') {
            if (!put(csv, c))
                return false;
            continue;
        }
        if (csv->length != begin)
            return fail(csv, "a quote within a value that does not begin with one");
        quoted = true;
        if (!read_quoted(csv))
            return false;
    }
}

/* false: over, or wrong. */
static bool read_row(struct csv *csv, size_t *begins)
{
    int end;
    csv->count = csv->length = 0;
    csv->line = csv->next_line + 1;
    do {
        if (csv->count == CSV_COLUMNS)
            return fail(csv, "too many columns");
        begins[csv->count++] = csv->length;
        if (!read_value(csv, &end))
            return false;
    } while (end == ',');
    return end != EOF || csv->length > 1 || csv->count > 1;
}

/* Spreadsheets begin a file with this mark of UTF-8. */
static void skip_mark(struct csv *csv)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
    const int first = getc(csv->file);
    if (first != mark[0])
        ungetc(first, csv->file);
    else if (getc(csv->file) != mark[1] || getc(csv->file) != mark[2])
        fail(csv, "begins with half of a byte order mark");
}

bool csv_next(struct csv *csv)
{
    size_t begins[CSV_COLUMNS];
    if (csv->next_line == 0)
        skip_mark(csv);
    do {
        if (csv->fault || !read_row(csv, begins))
            return false;
    } while (csv->count == 1 && csv->length == 1);
    for (size_t i = 0; i < csv->count; i++)
        csv->values[i] = csv->text + begins[i];
    return true;
}

void csv_free(struct csv *csv)
{
    free(csv->text);
    csv->text = NULL;
}
