#include "wrap.h"

#include <string.h>

/* Columns of a terminal. */
#define WIDTH 80

void wrap_print(const char *text, size_t column, size_t indent, FILE *stream)
{
    fprintf(stream, "%*s", column < indent ? (int)(indent - column) : 0, "");
    column = column < indent ? indent : column;
    for (int first = 1; *text; first = 0) {
        const size_t length = strcspn(text, " ");
        if (!first && column + 1 + length > WIDTH) {
            fprintf(stream, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', stream);
            column++;
        }
        fwrite(text, 1, length, stream);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}
