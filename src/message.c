#include "message.h"

#include <stdarg.h>
#include <stdio.h>

message message_begin(char *text, size_t size)
{
    if (text && size > 0)
        text[0] = '\0';
    return (message){text, size};
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
