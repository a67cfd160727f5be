/* What the shells' completions have in common: they read the tables of options. */
#ifndef UNECHO_CLI_COMPLETION_WORDS_H
#define UNECHO_CLI_COMPLETION_WORDS_H

#include "command.h"

#include <stdio.h>

/* What may stand for the value of an option. */
enum value_kind {
    VALUE_NONE,  /* it has no value */
    VALUE_FREE,  /* a number or a text */
    VALUE_NAMES, /* one of option.names */
    VALUE_PATH
};

enum value_kind value_kind_of(const struct option *o);

/* The names with blanks between them. */
void words_of_names(const struct option *o, FILE *stream);

/* Its help up to the first clause's end; each character of `escaped` after `escape`. */
void words_of_help(const char *help, const char *escaped, const char *escape, FILE *stream);

/* The scripts. */
void completion_bash(FILE *stream);
void completion_fish(FILE *stream);
void completion_zsh(FILE *stream);

#endif
