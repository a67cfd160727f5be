#include "message.h"

#include <stdarg.h>
#include <stdio.h>

void message_clear(const message *to)
{
    if (to->text && to->size > 0)
        to->text[0] = '\0';
}

int message_fail(const message *to, int status, const char *format, ...)
{
    if (to->text && to->size > 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(to->text, to->size, format, arguments);
        va_end(arguments);
    }
    return status;
}
