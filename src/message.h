/* The one-line message with which a failing call explains itself to its caller. */
#ifndef UNECHO_MESSAGE_H
#define UNECHO_MESSAGE_H

#include <stddef.h>

typedef struct message {
    char *text; /* the caller's buffer, or NULL */
    size_t size;
} message;

/* Call at the beginning of a call that may fail; clears the text. */
message message_begin(char *text, size_t size);

/* Write the message, truncated to the buffer and always terminated. Returns status. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int message_fail(const message *to, int status, const char *format, ...);

#endif
