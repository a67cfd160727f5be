#include "batch/manifest.h"

#include "batch/csv.h"
#include "files/json.h"
#include "files/json_read.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_WORDS = 64 };

enum { MIC, FAR, OUT, OPTIONS, KEYS };
static const char *const keys[KEYS] = {"mic", "far", "out", "options"};

struct reading {
    const char *name;
    size_t line;
    manifest_visitor *visit;
    void *user;
};

static bool fail(const struct reading *r, const char *what)
{
    report_error("%s, line %zu: %s", r->name, r->line, what);
    return false;
}

static int key_of(const char *name)
{
    for (int i = 0; i < KEYS; i++)
        if (strcmp(name, keys[i]) == 0)
            return i;
    return -1;
}

/* ---- Options ---------------------------------------------------------------------------- */

/* As in a shell: words between blanks, quotes around what holds blanks. NULL: fine. */
static const char *split(char *text, char **words, size_t *count)
{
    char *to;
    *count = 0;
    for (;;) {
        char quote = '\0';
        text += strspn(text, " \t\n");
        if (!*text)
            return NULL;
        if (*count == MOST_WORDS)
            return "too many options";
        words[(*count)++] = to = text;
        for (; *text && (quote || !strchr(" \t\n", *text)); text++) {
            if (quote ? *text == quote : *text == '"' || *text == '\'')
                quote = quote ? '\0' : *text;
            else
                *to++ = *text;
        }
        if (quote)
            return "a quote in the options is not closed";
        text += *text != '\0';
        *to = '\0';
    }
}

/* As a JSON array, freed by the caller; NULL: out of memory. */
static char *write_words(char *const *words, size_t count)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    fputc('[', stream);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputs(", ", stream);
        json_print_string(words[i], stream);
    }
    fputc(']', stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* values: NULL for what is not said; nested: the options are a JSON array. */
static bool pass_on(const struct reading *r, char *const *values, bool nested)
{
    struct manifest_row row = {.mic = values[MIC], .far = values[FAR], .out = values[OUT]};
    char *words[MOST_WORDS], *options = NULL;
    const char *fault = NULL;
    size_t count = 0;
    bool done;
    if (!row.mic)
        return fail(r, "the microphone is missing: mic");
    if (values[OPTIONS])
        fault = nested ? json_read_strings(values[OPTIONS], words, MOST_WORDS, &count)
                       : split(values[OPTIONS], words, &count);
    if (fault)
        return fail(r, fault);
    if (count > 0) {
        row.options = options = write_words(words, count);
        if (!options)
            return fail(r, "out of memory");
    }
    done = r->visit(r->user, &row);
    free(options);
    return done;
}

/* ---- A table ---------------------------------------------------------------------------- */

static bool read_head(const struct reading *r, const struct csv *csv, int *columns)
{
    bool has_mic = false;
    for (size_t i = 0; i < csv->count; i++) {
        columns[i] = key_of(csv->values[i]);
        has_mic = has_mic || columns[i] == MIC;
        for (size_t k = 0; k < i; k++)
            if (columns[i] >= 0 && columns[k] == columns[i])
                return fail(r, "a column occurs twice");
        if (columns[i] < 0) {
            report_error("%s, line %zu: unknown column '%s'; the first line names the columns: "
                         "mic, far, out, options",
                         r->name, r->line, csv->values[i]);
            return false;
        }
    }
    return has_mic || fail(r, "the first line names no column mic");
}

static bool read_rows(struct reading *r, struct csv *csv)
{
    int columns[CSV_COLUMNS];
    const bool any = csv_next(csv);
    const size_t count = csv->count;
    r->line = csv->line;
    if (!any)
        return csv->fault ? fail(r, csv->fault) : true;
    if (!read_head(r, csv, columns))
        return false;
    while (csv_next(csv)) {
        char *values[KEYS] = {NULL};
        r->line = csv->line;
        if (csv->count > count)
            return fail(r, "more values than columns");
        for (size_t i = 0; i < csv->count; i++)
            if (*csv->values[i])
                values[columns[i]] = csv->values[i];
        if (!pass_on(r, values, false))
            return false;
    }
    r->line = csv->line;
    return csv->fault ? fail(r, csv->fault) : true;
}

static bool read_table(struct reading *r, FILE *file)
{
    struct csv csv = {.file = file};
    const bool done = read_rows(r, &csv);
    csv_free(&csv);
    return done;
}

/* ---- JSON lines ------------------------------------------------------------------------- */

static bool read_object(const struct reading *r, char *line)
{
    struct json_member members[KEYS];
    char *values[KEYS] = {NULL};
    bool nested = false;
    size_t count;
    const char *fault = json_read_object(line, members, KEYS, &count);
    if (fault)
        return fail(r, fault);
    for (size_t i = 0; i < count; i++) {
        const int key = key_of(members[i].key);
        if (key < 0)
            return fail(r, "unknown key; expected mic, far, out, options");
        if (members[i].type == JSON_NULL)
            continue;
        nested = nested || members[i].type == JSON_NESTED;
        if (members[i].type != JSON_STRING && !(key == OPTIONS && nested))
            return fail(r, key == OPTIONS ? "options: expected a string or an array of strings"
                                          : "expected a string");
        if (*members[i].text)
            values[key] = members[i].text;
    }
    return pass_on(r, values, nested);
}

static bool read_lines(struct reading *r, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool done = true;
    while (done && (length = getline(&line, &room, file)) > 0) {
        r->line++;
        if (strlen(line) != (size_t)length)
            done = fail(r, "a zero byte");
        else if (line[strspn(line, " \t\r\n")])
            done = read_object(r, line);
    }
    free(line);
    return done;
}

/* ---- Both ------------------------------------------------------------------------------- */

static bool has_ending(const char *name, const char *ending)
{
    const size_t length = strlen(name), last = strlen(ending);
    return length > last && strcasecmp(name + length - last, ending) == 0;
}

bool manifest_is(const char *name)
{
    return strcmp(name, "-") == 0 || has_ending(name, ".csv") || has_ending(name, ".jsonl") ||
           has_ending(name, ".ndjson");
}

static bool holds_objects(const char *name, FILE *file)
{
    int first;
    if (strcmp(name, "-") != 0)
        return !has_ending(name, ".csv");
    first = getc(file);
    ungetc(first, file);
    return first == '{';
}

bool manifest_read(const char *name, manifest_visitor *visit, void *user)
{
    struct reading r = {.name = name, .visit = visit, .user = user};
    const bool is_input = strcmp(name, "-") == 0;
    FILE *file = is_input ? stdin : fopen(name, "r");
    bool done;
    if (is_input)
        r.name = "standard input";
    if (!file) {
        report_error("%s: %s", name, strerror(errno));
        return false;
    }
    errno = 0;
    done = holds_objects(name, file) ? read_lines(&r, file) : read_table(&r, file);
    if (done && ferror(file)) {
        report_error("%s: %s", r.name, strerror(errno));
        done = false;
    }
    if (!is_input)
        fclose(file);
    return done;
}
