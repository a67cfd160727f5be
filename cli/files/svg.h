/* Heads and texts of SVG files. */
#ifndef UNECHO_CLI_SVG_H
#define UNECHO_CLI_SVG_H

#include "report.h"

#include <stddef.h>
#include <stdio.h>

/* Everything before the drawing; style: a style sheet. */
void svg_begin(FILE *stream, int width, int height, const char *title, const char *style);

/* Text escaped for use between tags. */
void svg_escape(FILE *stream, const char *text);

/* Text at a position, styled by classes of the style sheet. */
void svg_text(FILE *stream, double x, double y, const char *classes, const char *text);
REPORT_FORMAT(5, 6)
void svg_text_of(FILE *stream, double x, double y, const char *classes, const char *format, ...);
/* Cut to `most` characters, with an ellipsis. */
void svg_text_within(FILE *stream, double x, double y, const char *classes, const char *text,
                     size_t most);

/* In up to two lines, broken between words; what remains is cut. */
void svg_text_lines(FILE *stream, double x, double y, const char *classes, const char *text,
                    size_t most, double line_height);

#endif
