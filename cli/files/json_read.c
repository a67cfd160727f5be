#include "files/json_read.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Arrays and objects within one another. */
#define DEEPEST 32

struct cursor {
    char *at;
    const char *fault; /* NULL: none so far */
};

static bool fail(struct cursor *c, const char *fault)
{
    if (!c->fault)
        c->fault = fault;
    return false;
}

static void skip_blanks(struct cursor *c)
{
    c->at += strspn(c->at, " \t\r\n");
}

static bool take(struct cursor *c, char sign)
{
    skip_blanks(c);
    if (*c->at != sign)
        return false;
    c->at++;
    return true;
}

/* ---- Strings ---------------------------------------------------------------------------- */

static bool read_hex(struct cursor *c, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, c->at++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = *c->at ? strchr(digits, *c->at | 0x20) : NULL;
        if (!digit || *c->at < '0')
            return fail(c, "\\u needs four hexadecimal digits");
        *code = *code << 4 | (unsigned)(digit - digits);
    }
    return true;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xe0 | code >> 12);
        } else {
            *to++ = (char)(0xf0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (code & 0x3f));
    return to;
}

/* After "\u". */
static bool read_code(struct cursor *c, char **to)
{
    unsigned code, low;
    if (!read_hex(c, &code))
        return false;
    if (code == 0)
        return fail(c, "\\u0000 in a string");
    if (code >= 0xdc80 && code <= 0xdcff) { /* a byte that is no UTF-8 */
        *(*to)++ = (char)(code & 0xff);
        return true;
    }
    if (code >= 0xd800 && code <= 0xdbff && c->at[0] == '\\' && c->at[1] == 'u') {
        c->at += 2;
        if (!read_hex(c, &low))
            return false;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(c, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code <= 0xdfff)
        return fail(c, "half of a surrogate pair");
    *to = put_utf8(*to, code);
    return true;
}

static bool read_escape(struct cursor *c, char **to)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char letter = *c->at++;
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (letter == 'u')
        return read_code(c, to);
    if (!known)
        return fail(c, "unknown escape in a string");
    *(*to)++ = values[known - letters];
    return true;
}

/* Decoded in its place: it never gets longer. */
static bool read_string(struct cursor *c, char **text)
{
    char *to;
    if (!take(c, '"'))
        return fail(c, "expected a string");
    *text = to = c->at;
    while (*c->at != '"') {
        if ((unsigned char)*c->at < 0x20)
            return fail(c, *c->at ? "control character in a string" : "the string does not end");
        if (*c->at != '\\') {
            *to++ = *c->at++;
            continue;
        }
        c->at++;
        if (!read_escape(c, &to))
            return false;
    }
    c->at++;
    *to = '\0';
    return true;
}

/* ---- Other values ----------------------------------------------------------------------- */

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

static bool read_number(struct cursor *c, double *number)
{
    char *end = c->at + (*c->at == '-');
    size_t whole = digits_at(end), part;
    if (whole == 0 || (whole > 1 && *end == '0'))
        return fail(c, "expected a value");
    end += whole;
    if (*end == '.') {
        part = digits_at(end + 1);
        if (part == 0)
            return fail(c, "no digits after the point");
        end += 1 + part;
    }
    if (*end == 'e' || *end == 'E') {
        end += 1 + (end[1] == '+' || end[1] == '-');
        part = digits_at(end);
        if (part == 0)
            return fail(c, "no digits in the exponent");
        end += part;
    }
    *number = strtod(c->at, NULL);
    c->at = end;
    return true;
}

static bool read_word(struct cursor *c, const char *word)
{
    const size_t length = strlen(word);
    if (strncmp(c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

/* Past a string that is not decoded. */
static bool skip_string(struct cursor *c)
{
    c->at++;
    while (*c->at && *c->at != '"')
        c->at += 1 + (*c->at == '\\' && c->at[1]);
    return *c->at++ == '"' ? true : (c->at--, fail(c, "the string does not end"));
}

/* Past an array or object; its inside is not examined further than its brackets. */
static bool skip_nested(struct cursor *c)
{
    char open[DEEPEST];
    size_t depth = 0;
    do {
        const char sign = *c->at;
        if (sign == '"') {
            if (!skip_string(c))
                return false;
            continue;
        }
        if (sign == '\0')
            return fail(c, "an array or object does not end");
        if (sign == '[' || sign == '{') {
            if (depth == DEEPEST)
                return fail(c, "too deeply nested");
            open[depth++] = sign;
        } else if (sign == ']' || sign == '}') {
            if (open[--depth] != (sign == ']' ? '[' : '{'))
                return fail(c, "brackets do not match");
        }
        c->at++;
    } while (depth > 0);
    return true;
}

/* *end: where the text of a nested value ends. */
static bool read_value(struct cursor *c, struct json_member *member, char **end)
{
    skip_blanks(c);
    *end = NULL;
    member->text = NULL;
    switch (*c->at) {
    case '"':
        member->type = JSON_STRING;
        return read_string(c, &member->text);
    case '[':
    case '{':
        member->type = JSON_NESTED;
        member->text = c->at;
        if (!skip_nested(c))
            return false;
        *end = c->at;
        return true;
    default:
        member->type = read_word(c, "null")    ? JSON_NULL
                       : read_word(c, "false") ? JSON_FALSE
                       : read_word(c, "true")  ? JSON_TRUE
                                               : JSON_NUMBER;
        return member->type != JSON_NUMBER || read_number(c, &member->number);
    }
}

static const char *end_of_text(struct cursor *c)
{
    skip_blanks(c);
    if (*c->at)
        fail(c, "more text after its end");
    return c->fault;
}

const char *json_read_object(char *line, struct json_member *members, size_t most, size_t *count)
{
    struct cursor c = {.at = line};
    *count = 0;
    if (!take(&c, '{'))
        return "expected an object: {";
    if (take(&c, '}'))
        return end_of_text(&c);
    for (;;) {
        struct json_member *member = &members[*count];
        char *key, *end;
        bool more;
        if (*count == most)
            return "too many members";
        if (!read_string(&c, &key))
            return c.fault;
        if (!take(&c, ':'))
            return "expected a colon after the key";
        *member = (struct json_member){.key = key};
        if (!read_value(&c, member, &end))
            return c.fault;
        if (json_find(members, *count, key))
            return "a key occurs twice";
        ++*count;
        more = take(&c, ',');
        if (!more && !take(&c, '}'))
            return "expected a comma or the object's end";
        if (end)
            *end = '\0';
        if (!more)
            return end_of_text(&c);
    }
}

const char *json_read_strings(char *text, char **strings, size_t most, size_t *count)
{
    struct cursor c = {.at = text};
    *count = 0;
    if (!take(&c, '['))
        return "expected an array of strings";
    if (take(&c, ']'))
        return end_of_text(&c);
    do {
        if (*count == most)
            return "too many strings";
        if (!read_string(&c, &strings[*count]))
            return c.fault;
        ++*count;
    } while (take(&c, ','));
    return take(&c, ']') ? end_of_text(&c) : "expected a comma or the array's end";
}

const struct json_member *json_find(const struct json_member *members, size_t count,
                                    const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].key, key) == 0)
            return &members[i];
    return NULL;
}

char *json_find_text(const struct json_member *members, size_t count, const char *key)
{
    const struct json_member *member = json_find(members, count, key);
    return member && member->type == JSON_STRING ? member->text : NULL;
}
