/* Just enough JSON to test what a program prints. */
#ifndef UNECHO_TEST_JSON_H
#define UNECHO_TEST_JSON_H

#include <stdbool.h>

/* Whether text is one JSON value with nothing but white space around it. */
bool json_is_valid(const char *text);

/*
 * The number at the first "key": after the place where text has "name": "NAME"; name NULL: after
 * its start. NaN for null; fails the test if the key is missing.
 */
double json_number(const char *text, const char *name, const char *key);

/* Where the value starts. */
const char *json_value(const char *text, const char *name, const char *key);

#endif
