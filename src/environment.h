/*
 * Environment variables, which a program with more rights than its user must not obey: they name a
 * library to load.
 */
#ifndef UNECHO_ENVIRONMENT_H
#define UNECHO_ENVIRONMENT_H

#include <stdbool.h>

/* Whether the program has the rights of the user who started it, and so named it, too. */
bool environment_is_own(void);

/* NULL: not set, or the program runs with the rights of another user. */
const char *environment(const char *name);

#endif
