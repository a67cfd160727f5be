#include "source.h"

#include "unecho.h"

#include <stdarg.h>
#include <stdio.h>

int source_fail(const source *file, const unsigned char *at, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return message_fail(file->message, UNECHO_ERROR_FORMAT, "%s: damaged at byte %zu of %zu: %s",
                        file->name, (size_t)(at - file->bytes), file->size, what);
}
