#include "options.h"

#include "report.h"
#include "wrap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Setters ---------------------------------------------------------------------------- */

bool option_on(void *field, const struct option_value *value)
{
    (void)value;
    *(bool *)field = true;
    return true;
}

bool option_off(void *field, const struct option_value *value)
{
    (void)value;
    *(bool *)field = false;
    return true;
}

bool option_quiet(void *field, const struct option_value *value)
{
    report_be_quiet();
    return option_on(field, value);
}

bool option_text(void *field, const struct option_value *value)
{
    *(const char **)field = value->text;
    return true;
}

bool option_pair(void *field, const struct option_value *value)
{
    const char **pair = field;
    pair[0] = value->text;
    pair[1] = value->second;
    return true;
}

bool option_number(void *field, const struct option_value *value)
{
    const struct option *o = value->option;
    const char *text = value->text;
    char *end;
    errno = 0;
    const unsigned long number = strtoul(text, &end, 10);
    /* strtoul accepts "-1" and " 1" too. */
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < o->lowest ||
        number > o->highest) {
        report_usage(value->command, "--%s %s: expected a number from %u to %u", o->name, text,
                     o->lowest, o->highest);
        return false;
    }
    if (o->step && number % o->step != 0) {
        report_usage(value->command, "--%s %s: not a multiple of %u", o->name, text, o->step);
        return false;
    }
    *(unsigned *)field = (unsigned)number;
    return true;
}

/* "a, b or c" */
static void list_names(const char *const *names, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; names[i] && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s",
                                   i == 0         ? ""
                                   : names[i + 1] ? ", "
                                                  : " or ",
                                   names[i]);
}

bool option_decimal(void *field, const struct option_value *value)
{
    const struct option *o = value->option;
    char *end;
    const float number = strtof(value->text, &end);
    if (end == value->text || *end ||
        !(number >= (float)o->lowest && number <= (float)o->highest)) {
        report_usage(value->command, "--%s %s: expected %u to %u", o->name, value->text, o->lowest,
                     o->highest);
        return false;
    }
    *(float *)field = number;
    return true;
}

bool option_choice(void *field, const struct option_value *value)
{
    const struct option *o = value->option;
    char known[128];
    for (unsigned i = 0; o->names[i]; i++) {
        if (strcmp(value->text, o->names[i]) == 0) {
            memcpy(field, &i, sizeof(i));
            return true;
        }
    }
    list_names(o->names, known, sizeof(known));
    report_usage(value->command, "--%s %s: unknown; expected %s", o->name, value->text, known);
    return false;
}

/* ---- Parsing ---------------------------------------------------------------------------- */

const struct option option_help[] = {
    {.name = "help", .letter = 'h', .help = "show this text"},
    {.name = NULL},
};

const struct option option_help_all[] = {
    {.name = "help-all", .help = "show all options"},
    {.name = NULL},
};

typedef struct parser {
    const struct option_group *groups;
    void *options;
    struct arguments *arguments;
    size_t next; /* the word to read next */
} parser;

/* By its name, of `length` characters, or by its letter. */
static const struct option *find(const struct parser *p, const char *name, size_t length,
                                 char letter, void **in)
{
    for (const struct option_group *g = p->groups; g->rows; g++)
        for (const struct option *o = g->rows; o->name; o++)
            if (letter ? o->letter == letter
                       : strlen(o->name) == length && strncmp(o->name, name, length) == 0) {
                *in = (char *)p->options + g->at;
                return o;
            }
    return NULL;
}

static const char *next_word(parser *p)
{
    return p->next < p->arguments->count ? p->arguments->words[p->next++] : NULL;
}

static bool takes_two(const struct option *o)
{
    return strchr(o->argument, ' ') != NULL;
}

/* shown: the option as it was written. text: the value that came with it, NULL: none did. */
static options_result take(parser *p, const struct option *o, void *in, const char *shown,
                           const char *text)
{
    struct option_value value = {.command = p->arguments->command, .option = o, .text = text};
    if (!o->set)
        return o == option_help_all ? OPTIONS_HELP_ALL : OPTIONS_HELP;
    if (o->argument) {
        if (!text)
            value.text = next_word(p);
        if (value.text && takes_two(o) && p->next < p->arguments->count &&
            p->arguments->words[p->next][0] != '-')
            value.second = next_word(p);
        if (!value.text || (takes_two(o) && !value.second)) {
            report_usage(value.command, "option %s needs %s: %s", shown,
                         takes_two(o) ? "two values" : "a value", o->argument);
            return OPTIONS_WRONG;
        }
    }
    if (p->arguments->given)
        p->arguments->given[p->arguments->given_count++] =
            (struct option_given){o, value.text, value.second};
    return o->set((char *)in + o->at, &value) ? OPTIONS_GO : OPTIONS_WRONG;
}

/* shown: the option in the word, of so many characters. */
static options_result refuse(const struct parser *p, const char *word, const char *shown,
                             int length)
{
    const char *command = p->arguments->command;
    if (strpbrk(word, "./") || access(word, F_OK) == 0)
        report_usage(command, "unknown option %.*s; the file of this name: ./%s", length, shown,
                     word);
    else
        report_usage(command, "unknown option %.*s", length, shown);
    return OPTIONS_WRONG;
}

/* --name, --name value or --name=value */
static options_result take_long(parser *p, const char *word)
{
    const size_t length = strcspn(word, "=");
    const char *text = word[length] ? word + length + 1 : NULL;
    char shown[64];
    void *in;
    const struct option *o = find(p, word + 2, length - 2, 0, &in);
    if (!o)
        return refuse(p, word, word, (int)length);
    if (text && !o->argument) {
        report_usage(p->arguments->command, "option --%s takes no value", o->name);
        return OPTIONS_WRONG;
    }
    snprintf(shown, sizeof(shown), "--%s", o->name);
    return take(p, o, in, shown, text);
}

/* -x, -xyz, -x value or -xvalue */
static options_result take_short(parser *p, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const char shown[] = {'-', *letter, '\0'};
        void *in;
        const struct option *o = find(p, NULL, 0, *letter, &in);
        if (!o)
            return refuse(p, word, shown, 2);
        const options_result result =
            take(p, o, in, shown, o->argument && letter[1] ? letter + 1 : NULL);
        if (result != OPTIONS_GO || o->argument)
            return result;
    }
    return OPTIONS_GO;
}

options_result options_parse(const struct option_group *groups, void *options,
                             struct arguments *arguments)
{
    parser p = {.groups = groups, .options = options, .arguments = arguments};
    options_result result = OPTIONS_GO;
    size_t kept = 0;
    while (result == OPTIONS_GO && p.next < arguments->count) {
        char *const word = arguments->words[p.next++];
        if (strcmp(word, "--") == 0)
            break;
        if (strncmp(word, "--", 2) == 0)
            result = take_long(&p, word);
        else if (word[0] == '-' && word[1])
            result = take_short(&p, word);
        else
            arguments->words[kept++] = word;
    }
    while (p.next < arguments->count)
        arguments->words[kept++] = arguments->words[p.next++];
    arguments->count = kept;
    return result;
}

bool arguments_at_most(const struct arguments *arguments, size_t most, const char *expected)
{
    if (arguments->count <= most)
        return true;
    report_usage(arguments->command, "'%s' is one argument too many%s%s", arguments->words[most],
                 *expected ? ": expected " : "", expected);
    return false;
}

/* ---- Help ------------------------------------------------------------------------------- */

/* Where the help texts start. */
#define COLUMN 25

static void print_row(const struct option *o, FILE *stream)
{
    char head[64], letter[] = "-x, ";
    letter[1] = o->letter;
    const int length = snprintf(head, sizeof(head), "  %s--%s%s%s", o->letter ? letter : "    ",
                                o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    fputs(head, stream);
    if (length + 1 < COLUMN) {
        wrap_print(o->help, (size_t)length, COLUMN, stream);
    } else {
        fputc('\n', stream);
        wrap_print(o->help, 0, COLUMN, stream);
    }
}

void options_print_help(const struct option_group *groups, bool all, FILE *stream)
{
    bool hides = false;
    for (const struct option_group *g = groups; g->rows; g++)
        hides = hides || (g->rows == option_help_all && !all);
    for (const struct option_group *g = groups; g->rows; g++)
        for (const struct option *o = g->rows; o->name; o++)
            if (!hides || !o->rare)
                print_row(o, stream);
}
