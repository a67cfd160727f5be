#include "files/svg.h"

#include <stdarg.h>
#include <string.h>

void svg_begin(FILE *stream, int width, int height, const char *title, const char *style)
{
    fprintf(stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\">\n<title>",
            width, height, width, height);
    svg_escape(stream, title);
    fprintf(stream, "</title>\n<style>%s</style>\n", style);
}

void svg_escape(FILE *stream, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        default:
            if ((unsigned char)*text >= 0x20)
                fputc(*text, stream);
        }
    }
}

void svg_text(FILE *stream, double x, double y, const char *classes, const char *text)
{
    fprintf(stream, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, classes);
    svg_escape(stream, text);
    fputs("</text>\n", stream);
}

void svg_text_of(FILE *stream, double x, double y, const char *classes, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    svg_text(stream, x, y, classes, text);
}

void svg_text_within(FILE *stream, double x, double y, const char *classes, const char *text,
                     size_t most)
{
    if (strlen(text) <= most)
        svg_text(stream, x, y, classes, text);
    else
        svg_text_of(stream, x, y, classes, "%.*s...", (int)most, text);
}

void svg_text_lines(FILE *stream, double x, double y, const char *classes, const char *text,
                    size_t most, double line_height)
{
    size_t first = strlen(text);
    if (first > most) {
        for (first = most; first > 0 && text[first] != ' ';)
            first--;
        first = first ? first : most; /* one long word */
    }
    svg_text_of(stream, x, y, classes, "%.*s", (int)first, text);
    if (text[first])
        svg_text_within(stream, x, y + line_height, classes, text + first + (text[first] == ' '),
                        most);
}
