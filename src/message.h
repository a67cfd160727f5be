/* The one line that a loader hands its caller when it fails. */
#ifndef UNECHO_MESSAGE_H
#define UNECHO_MESSAGE_H

#include <stddef.h>

typedef struct message {
    char *text; /* the caller's buffer, or NULL */
    size_t size;
} message;

/* The message of a call that is about to begin: empty. */
message message_begin(char *text, size_t size);

/* Write the message (cut to the buffer, always terminated) and return status, for `return`. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int message_fail(const message *to, int status, const char *format, ...);

#endif
