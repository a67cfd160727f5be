/* Values in JSON. */
#ifndef UNECHO_CLI_JSON_H
#define UNECHO_CLI_JSON_H

#include <stdio.h>

/* "text" with JSON's escapes, quotes included. */
void json_print_string(const char *text, FILE *stream);

#endif
