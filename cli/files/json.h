/* Values in JSON. */
#ifndef UNECHO_CLI_JSON_H
#define UNECHO_CLI_JSON_H

#include <stdio.h>

/*
 * "text" with JSON's escapes, quotes included. Bytes that are no UTF-8, which names of files may
 * have, become \udc80 to \udcff, as in Python's surrogateescape.
 */
void json_print_string(const char *text, FILE *stream);

#endif
