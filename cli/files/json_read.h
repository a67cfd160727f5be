/*
 * A strict reader of JSON, for objects of one line. It changes the text, in which the values then
 * lie.
 */
#ifndef UNECHO_CLI_JSON_READ_H
#define UNECHO_CLI_JSON_READ_H

#include <stddef.h>

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_NESTED };

struct json_member {
    const char *key;
    enum json_type type;
    double number;
    char *text; /* a string, decoded; a nested array or object as it is written */
};

/*
 * Read one object with at most `most` members. NULL: *count members; else what is wrong. Strings
 * with \u0000 are refused, as they could not end.
 */
const char *json_read_object(char *line, struct json_member *members, size_t most, size_t *count);

/* Read an array of strings, such as the text of a nested value. NULL: *count strings; else what is
 * wrong. */
const char *json_read_strings(char *text, char **strings, size_t most, size_t *count);

/* NULL: there is none of that key. */
const struct json_member *json_find(const struct json_member *members, size_t count,
                                    const char *key);
/* A string's text; NULL: there is none. */
char *json_find_text(const struct json_member *members, size_t count, const char *key);

#endif
