/* The one-line message with which a failing call explains itself to its caller. */
#ifndef UNECHO_MESSAGE_H
#define UNECHO_MESSAGE_H

#include <stddef.h>

/* The library's formats are those of C, which Windows' own printf does not know. */
#if defined(__MINGW32__) && !defined(__clang__)
#define MESSAGE_FORMAT(text, first) __attribute__((__format__(__gnu_printf__, text, first)))
#elif defined(__GNUC__)
#define MESSAGE_FORMAT(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define MESSAGE_FORMAT(text, first)
#endif

typedef struct message {
    char *text; /* the caller's buffer, or NULL */
    size_t size;
} message;

/* Call at the beginning of a call that may fail; clears the text. */
message message_begin(char *text, size_t size);

/* Write the message, truncated to the buffer and always terminated. Returns status. */
MESSAGE_FORMAT(3, 4)
int message_fail(const message *to, int status, const char *format, ...);

#endif
