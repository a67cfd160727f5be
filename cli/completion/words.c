#include "completion/words.h"

#include <string.h>

enum value_kind value_kind_of(const struct option *o)
{
    if (!o->argument)
        return VALUE_NONE;
    if (o->names)
        return VALUE_NAMES;
    return o->set == option_text || o->set == option_pair ? VALUE_PATH : VALUE_FREE;
}

void words_of_names(const struct option *o, FILE *stream)
{
    for (size_t i = 0; o->names[i]; i++)
        fprintf(stream, "%s%s", i ? " " : "", o->names[i]);
}

void words_of_help(const char *help, const char *escaped, const char *escape, FILE *stream)
{
    size_t n = strcspn(help, ";:(");
    while (n > 0 && help[n - 1] == ' ')
        n--;
    for (size_t i = 0; i < n; i++) {
        if (strchr(escaped, help[i]))
            fputs(escape, stream);
        fputc(help[i], stream);
    }
}
