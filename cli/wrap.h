/* Text in lines of at most 80 columns. */
#ifndef UNECHO_CLI_WRAP_H
#define UNECHO_CLI_WRAP_H

#include <stddef.h>
#include <stdio.h>

/*
 * Print text and a line end, broken between words. The first line continues at `column`; the
 * others start at `indent`.
 */
void wrap_print(const char *text, size_t column, size_t indent, FILE *stream);

#endif
