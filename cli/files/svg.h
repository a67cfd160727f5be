/* Texts and heads of SVG files. It does not know what is drawn. */
#ifndef UNECHO_CLI_SVG_H
#define UNECHO_CLI_SVG_H

#include "report.h"

#include <stddef.h>
#include <stdio.h>

/* Everything up to what is drawn; style is a style sheet. */
void svg_begin(FILE *stream, int width, int height, const char *title, const char *style);

/* Text as it may stand between tags. */
void svg_escape(FILE *stream, const char *text);

/* Texts at a place, their looks by classes of the style sheet. */
void svg_text(FILE *stream, double x, double y, const char *classes, const char *text);
REPORT_FORMAT(5, 6)
void svg_text_of(FILE *stream, double x, double y, const char *classes, const char *format, ...);
/* Cut to so many characters, with an ellipsis. */
void svg_text_within(FILE *stream, double x, double y, const char *classes, const char *text,
                     size_t most);

#endif
