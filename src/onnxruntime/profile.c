/*
 * The grammar of a profile: the first line is `unecho-profile 1`; each further line is `key value`,
 * a comment that starts with `#`, or empty. Keys come in any order, each at most once.
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A hundred times the longest sensible profile. */
enum { PROFILE_BYTES_MAX = 16384 };

/* A piece of the text, not terminated. */
typedef struct word {
    const char *at;
    size_t size;
} word;

typedef struct parser {
    const char *at, *end;
    unsigned line;
    const char *name;
    const message *to;
    ort_settings settings;
    unsigned seen; /* bit i: keys[i] was given */
} parser;

typedef enum kind { THREADS, FLAG, MODE, NOTE } kind;

typedef struct key {
    const char *name;
    kind kind;
    size_t offset; /* of its setting */
} key;

static const key keys[] = {
    {"stage1_threads", THREADS, offsetof(ort_settings, threads[0])},
    {"stage2_threads", THREADS, offsetof(ort_settings, threads[1])},
    {"spinning", FLAG, offsetof(ort_settings, spinning)},
    {"memory_pattern", FLAG, offsetof(ort_settings, memory_pattern)},
    {"arena", FLAG, offsetof(ort_settings, arena)},
    {"execution_mode", MODE, offsetof(ort_settings, parallel)},
    {"untuned", FLAG, offsetof(ort_settings, untuned)},
    /* Notes for people: the model and purpose that the profile was tuned for. */
    {"model", NOTE, 0},
    {"purpose", NOTE, 0},
};
enum { KEYS = sizeof keys / sizeof *keys };

/* A word as messages show it: short and printable. */
typedef struct label {
    char text[40];
} label;

static label label_of(word w)
{
    label l;
    const size_t n = w.size < sizeof l.text - 4 ? w.size : sizeof l.text - 4;
    for (size_t i = 0; i < n; i++)
        l.text[i] = w.at[i];
    for (size_t i = 0; i < n; i++)
        if (l.text[i] < ' ' || l.text[i] > '~')
            l.text[i] = '?';
    memcpy(l.text + n, n < w.size ? "..." : "", n < w.size ? 4 : 1);
    return l;
}

static bool word_is(word w, const char *text)
{
    return w.size == strlen(text) && memcmp(w.at, text, w.size) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next line without the white space around it. */
static word next_line(parser *p)
{
    const char *const end = memchr(p->at, '\n', (size_t)(p->end - p->at));
    word line = {p->at, (size_t)((end ? end : p->end) - p->at)};
    p->at = end ? end + 1 : p->end;
    p->line++;
    while (line.size > 0 && is_space(line.at[line.size - 1]))
        line.size--;
    while (line.size > 0 && is_space(*line.at)) {
        line.at++;
        line.size--;
    }
    return line;
}

/* Split a line at its first white space. */
static word split(word *line)
{
    word first = {line->at, 0};
    while (first.size < line->size && !is_space(first.at[first.size]))
        first.size++;
    line->at += first.size;
    line->size -= first.size;
    while (line->size > 0 && is_space(*line->at)) {
        line->at++;
        line->size--;
    }
    return first;
}

static int unexpected(const parser *p, const key *k, word value, const char *expected)
{
    return message_fail(p->to, UNECHO_ERROR_FORMAT, "%s: line %u: %s is '%s', expected %s", p->name,
                        p->line, k->name, label_of(value).text, expected);
}

/* 1 to UNECHO_ONNXRUNTIME_THREADS_MAX in decimal; 0: something else. */
static unsigned thread_count(word w)
{
    unsigned count = 0;
    for (size_t i = 0; i < w.size; i++) {
        if (w.at[i] < '0' || w.at[i] > '9')
            return 0;
        count = count * 10 + (unsigned)(w.at[i] - '0');
        if (count > UNECHO_ONNXRUNTIME_THREADS_MAX)
            return 0;
    }
    return count;
}

static int set(parser *p, const key *k, word value)
{
    void *const setting = (char *)&p->settings + k->offset;
    const unsigned threads = thread_count(value);
    switch (k->kind) {
    case THREADS:
        if (threads == 0)
            return unexpected(p, k, value, "a number of threads from 1 to 64");
        memcpy(setting, &threads, sizeof threads);
        break;
    case FLAG:
        if (!word_is(value, "0") && !word_is(value, "1"))
            return unexpected(p, k, value, "0 or 1");
        *(bool *)setting = word_is(value, "1");
        break;
    case MODE:
        if (!word_is(value, "sequential") && !word_is(value, "parallel"))
            return unexpected(p, k, value, "sequential or parallel");
        *(bool *)setting = word_is(value, "parallel");
        break;
    case NOTE:
        break;
    }
    return UNECHO_OK;
}

static int read_line(parser *p, word line)
{
    const word name = split(&line);
    for (unsigned i = 0; i < KEYS; i++) {
        if (!word_is(name, keys[i].name))
            continue;
        if (p->seen & 1u << i)
            return message_fail(p->to, UNECHO_ERROR_FORMAT, "%s: line %u: %s is given twice",
                                p->name, p->line, keys[i].name);
        p->seen |= 1u << i;
        return set(p, &keys[i], line);
    }
    return message_fail(p->to, UNECHO_ERROR_FORMAT, "%s: line %u: unknown setting '%s'", p->name,
                        p->line, label_of(name).text);
}

int ort_profile_parse(ort_settings *settings, const char *text, size_t size, const char *name,
                      const message *to)
{
    parser p = {.at = text, .end = text + size, .name = name, .to = to, .settings = *settings};
    word first = next_line(&p);
    if (!word_is(split(&first), "unecho-profile"))
        return message_fail(to, UNECHO_ERROR_FORMAT,
                            "%s: not a profile: its first line is not 'unecho-profile 1'", name);
    if (!word_is(first, "1"))
        return message_fail(to, UNECHO_ERROR_FORMAT,
                            "%s: a profile of version '%s', this unecho knows version 1", name,
                            label_of(first).text);
    while (p.at < p.end) {
        const word line = next_line(&p);
        if (line.size == 0 || *line.at == '#')
            continue;
        const int status = read_line(&p, line);
        if (status < 0)
            return status;
    }
    *settings = p.settings;
    return UNECHO_OK;
}

int ort_profile_read(ort_settings *settings, const char *path, const message *to)
{
    char text[PROFILE_BYTES_MAX + 1];
    FILE *const file = fopen(path, "rb");
    if (!file)
        return message_fail(to, UNECHO_ERROR_FILE, "%s: cannot be opened: %s", path,
                            strerror(errno));
    const size_t size = fread(text, 1, sizeof text, file);
    const int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error)
        return message_fail(to, UNECHO_ERROR_FILE, "%s: cannot be read: %s", path, strerror(error));
    if (size > PROFILE_BYTES_MAX)
        return message_fail(to, UNECHO_ERROR_FORMAT, "%s: not a profile: larger than %d bytes",
                            path, PROFILE_BYTES_MAX);
    return ort_profile_parse(settings, text, size, path, to);
}
