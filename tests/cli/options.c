/*
 * Every option of every command is in the manual page, with the same argument, and the manual page
 * has no option that does not exist.
 */
#include "../../cli/command.h"
#include "check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXT 65536

static char page[MOST_TEXT];

/* ---- The page as plain text -------------------------------------------------------------- */

/* One line without roff's escapes; returns the end. */
static char *put_plain(char *to, const char *line, bool is_macro)
{
    bool quoted = false;
    for (const char *c = line; *c && *c != '\n'; c++) {
        if (*c == '\\' && c[1] == 'f') {
            c += 2;
        } else if (*c == '\\') {
            *to++ = *++c;
        } else if (is_macro && *c == '"') {
            quoted = !quoted;
        } else if (!is_macro || quoted || *c != ' ') {
            *to++ = *c;
        }
    }
    *to++ = '\n';
    return to;
}

/* Macros that only set fonts join their words; a tag, the line after .TP, begins with '='. */
static void read_page(void)
{
    char line[512], *to = page;
    bool is_tag = false;
    FILE *file = fopen(UNECHO_MANUAL_PAGE, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        static const char *const fonts[] = {".B ", ".I ", ".BR ", ".BI ", ".IR ", ".RI "};
        const char *text = line;
        bool joins = false;
        assert_true(to + sizeof(line) < page + sizeof(page));
        for (size_t i = 0; i < sizeof(fonts) / sizeof(fonts[0]); i++) {
            if (strncmp(line, fonts[i], strlen(fonts[i])) != 0)
                continue;
            text = line + strlen(fonts[i]);
            joins = strlen(fonts[i]) > 3;
        }
        if (is_tag)
            *to++ = '=';
        is_tag = strcmp(line, ".TP\n") == 0;
        to = put_plain(to, text, joins);
    }
    *to = '\0';
    fclose(file);
}

/* The lines from ".SH heading" to the next section. */
static char *take_section(const char *command_name)
{
    static char section[MOST_TEXT];
    char heading[64];
    const char *from, *to;
    snprintf(heading, sizeof(heading), ".SH OPTIONS OF %s\n", command_name);
    for (char *c = heading; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    from = strstr(page, heading);
    if (!from) {
        fail_msg("the manual page has no section %s", heading);
        return section; /* compilers do not know that this is not reached */
    }
    to = strstr(from + 1, "\n.SH ");
    assert_non_null(to);
    memcpy(section, from, (size_t)(to - from));
    section[to - from] = '\0';
    return section;
}

/* ---- Comparing --------------------------------------------------------------------------- */

static const struct option *find(const struct command *c, const char *name, size_t length)
{
    for (const struct option_group *g = c->groups; g->rows; g++)
        for (const struct option *o = g->rows; o->name; o++)
            if (strlen(o->name) == length && strncmp(o->name, name, length) == 0)
                return o;
    return NULL;
}

/* "-o OUT, --output OUT" as the tag of an option; several options may share a line. */
static bool has_tag(const char *section, const struct option *o)
{
    char tag[128];
    int length = 0;
    if (o->letter && o->argument)
        length = snprintf(tag, sizeof(tag), "-%c %s, ", o->letter, o->argument);
    else if (o->letter)
        length = snprintf(tag, sizeof(tag), "-%c, ", o->letter);
    snprintf(tag + length, sizeof(tag) - (size_t)length, "--%s%s%s", o->name,
             o->argument ? " " : "", o->argument ? o->argument : "");
    for (const char *line = strstr(section, "\n="); line; line = strstr(line + 1, "\n=")) {
        const char *end = strchr(line + 1, '\n');
        for (const char *at = strstr(line, tag); at && at < end; at = strstr(at + 1, tag)) {
            const char before = at[-1], after = at[strlen(tag)];
            if ((before == '=' || before == ' ') && (after == '\n' || after == ','))
                return true;
        }
    }
    return false;
}

/* The rows that a command shares with an earlier one are explained there: their names suffice. */
static bool is_named(const char *section, const struct option *o)
{
    char name[64];
    const int length = snprintf(name, sizeof(name), "--%s", o->name);
    for (const char *at = strstr(section, name); at; at = strstr(at + 1, name))
        if (!isalnum((unsigned char)at[length]) && at[length] != '-')
            return true;
    return false;
}

static bool is_shared_with_an_earlier_one(size_t index, const struct option *o)
{
    for (size_t i = 0; i < index; i++)
        if (find(commands[i], o->name, strlen(o->name)) == o)
            return true;
    return false;
}

static void every_option_is_in_the_page(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++) {
        const char *section = take_section(commands[i]->name);
        for (const struct option_group *g = commands[i]->groups; g->rows; g++)
            for (const struct option *o = g->rows; o->name; o++)
                if (!has_tag(section, o) &&
                    !(is_shared_with_an_earlier_one(i, o) && is_named(section, o)))
                    fail_msg("--%s %s of %s is not in the manual page", o->name,
                             o->argument ? o->argument : "", commands[i]->name);
    }
}

static size_t name_length(const char *name)
{
    size_t length = 0;
    while (isalnum((unsigned char)name[length]) || name[length] == '-')
        length++;
    return length;
}

static void every_option_in_the_page_exists(void **state)
{
    (void)state;
    /* A tag is an option of the section's command, ... */
    for (size_t i = 0; commands[i]; i++) {
        const char *section = take_section(commands[i]->name);
        for (const char *line = strstr(section, "\n="); line; line = strstr(line + 1, "\n=")) {
            const char *end = strchr(line + 1, '\n');
            for (const char *at = strstr(line, "--"); at && at < end; at = strstr(at + 2, "--"))
                if (!find(commands[i], at + 2, name_length(at + 2)))
                    fail_msg("%s has no option %.*s", commands[i]->name, (int)name_length(at), at);
        }
    }
    /* ... and what the text names one of some command. */
    for (const char *at = strstr(page, "--"); at; at = strstr(at + 2, "--")) {
        const size_t length = name_length(at + 2);
        bool exists = length == 0 || strncmp(at + 2, "version", length) == 0;
        for (size_t i = 0; commands[i] && !exists; i++)
            exists = find(commands[i], at + 2, length) != NULL;
        if (!exists)
            fail_msg("no command has the option %.*s", (int)length + 2, at);
    }
}

/* What parses them could not tell them apart. */
static void names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i]; i++)
        for (const struct option_group *g = commands[i]->groups; g->rows; g++)
            for (const struct option *o = g->rows; o->name; o++) {
                assert_ptr_equal(find(commands[i], o->name, strlen(o->name)), o);
                assert_true(!o->argument == (!o->set || o->set == option_on ||
                                             o->set == option_off || o->set == option_quiet));
                assert_true(o->lowest <= o->highest);
            }
}

static int set_up(void **state)
{
    (void)state;
    read_page();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_in_the_page),
        cmocka_unit_test(every_option_in_the_page_exists),
        cmocka_unit_test(names_are_unique),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
