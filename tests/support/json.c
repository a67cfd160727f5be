#include "json.h"

#include "check.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each parses what it is named after and returns the text behind it; NULL: it is not there. */
static const char *take_value(const char *at);

static const char *take_space(const char *at)
{
    while (at && *at && strchr(" \t\r\n", *at))
        at++;
    return at;
}

static const char *take_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (*at && *at != '"') {
        if ((unsigned char)*at < 0x20 || (*at == '\\' && !at[1]))
            return NULL;
        at += *at == '\\' ? 2 : 1;
    }
    return *at ? at + 1 : NULL;
}

static const char *take_number(const char *at)
{
    char *end;
    if (*at != '-' && !isdigit((unsigned char)*at))
        return NULL;
    if (isalpha((unsigned char)at[*at == '-'])) /* strtod would accept "-inf" */
        return NULL;
    strtod(at, &end);
    return end;
}

static const char *take_member(const char *at)
{
    at = take_space(take_string(at));
    return at && *at == ':' ? take_value(at + 1) : NULL;
}

static const char *take_list(const char *at, char end, const char *(*take_item)(const char *))
{
    at = take_space(at + 1);
    if (*at == end)
        return at + 1;
    for (;;) {
        at = take_space(take_item(take_space(at)));
        if (!at || (*at != ',' && *at != end))
            return NULL;
        if (*at++ == end)
            return at;
    }
}

static const char *take_value(const char *at)
{
    static const char *const words[] = {"null", "true", "false"};
    at = take_space(at);
    if (*at == '{')
        return take_list(at, '}', take_member);
    if (*at == '[')
        return take_list(at, ']', take_value);
    if (*at == '"')
        return take_string(at);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    return take_number(at);
}

bool json_is_valid(const char *text)
{
    const char *const end = take_space(take_value(text));
    return end && *end == '\0';
}

const char *json_value(const char *text, const char *name, const char *key)
{
    char part[128];
    const char *at = text;
    if (name) {
        snprintf(part, sizeof part, "\"name\": \"%s\"", name);
        at = strstr(at, part);
    }
    if (!at)
        fail_msg("there is no '%s' in %s", name, text);
    snprintf(part, sizeof part, "\"%s\": ", key);
    at = strstr(at, part);
    if (!at)
        fail_msg("there is no '%s' of '%s' in %s", key, name ? name : "", text);
    return at + strlen(part);
}

double json_number(const char *text, const char *name, const char *key)
{
    const char *const value = json_value(text, name, key);
    return strncmp(value, "null", 4) == 0 ? (double)NAN : strtod(value, NULL);
}
