/*
 * Tables of options. A table parses the command line and prints the help, and a test compares it
 * with the manual page. It does not know what the options are for.
 */
#ifndef UNECHO_CLI_OPTIONS_H
#define UNECHO_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What was given on the command line. */
struct option_value {
    const char *command; /* for report_usage */
    const struct option *option;
    const char *text;   /* NULL if the option takes no value */
    const char *second; /* of an option that takes two */
};

/* Stores a value in a field. false: invalid, reported. */
typedef bool option_setter(void *field, const struct option_value *value);

struct option {
    const char *name;     /* without the dashes; NULL ends a table */
    const char *argument; /* its name in the help; NULL: none; two names: two values */
    const char *help;
    option_setter *set;             /* NULL: the option asks for the help */
    size_t at;                      /* offset of the field in the struct that the table fills */
    const char *const *names;       /* for option_choice, and to complete; NULL ends them */
    unsigned lowest, highest, step; /* for option_number; step 0: any */
    char letter;                    /* of the short form; 0: none */
    bool rare;                      /* where there is a --help-all, only that shows it */
};

/* A table, and where its struct lies in the options of a command. */
struct option_group {
    const struct option *rows; /* NULL ends the groups */
    size_t at;
};

/* ---- Setters ---------------------------------------------------------------------------- */

option_setter option_on;      /* bool: true */
option_setter option_off;     /* bool: false */
option_setter option_text;    /* const char * */
option_setter option_pair;    /* const char *[2] */
option_setter option_number;  /* unsigned */
option_setter option_decimal; /* float */
option_setter option_choice;  /* an enum: the index in `names` */
option_setter option_quiet;   /* bool: true, and no notes from now on */

/* ---- Tables ----------------------------------------------------------------------------- */

/* --help, in every command, and --help-all, after it where the command hides rare options. */
extern const struct option option_help[], option_help_all[];

/* An option as it was given. */
struct option_given {
    const struct option *option;
    const char *text, *second;
};

/* The words after the command's name. */
struct arguments {
    const char *command;
    char **words;
    size_t count;
    struct option_given *given; /* NULL: not wanted; room for the letters of all words */
    size_t given_count;
};

typedef enum options_result {
    OPTIONS_GO,       /* run the command */
    OPTIONS_HELP,     /* show its help instead */
    OPTIONS_HELP_ALL, /* that on the rare options, too */
    OPTIONS_WRONG     /* reported */
} options_result;

/* Store the options in the struct `options`, and move them from the words to `given`. */
options_result options_parse(const struct option_group *groups, void *options,
                             struct arguments *arguments);

/* all: the rare ones, too, which a command without --help-all shows anyway. */
void options_print_help(const struct option_group *groups, bool all, FILE *stream);

/* false: there are more than `most` arguments, reported. */
bool arguments_at_most(const struct arguments *arguments, size_t most, const char *expected);

#endif
