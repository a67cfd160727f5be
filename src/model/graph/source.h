/* The bytes of a model file under the name that messages give it. */
#ifndef UNECHO_MODEL_SOURCE_H
#define UNECHO_MODEL_SOURCE_H

#include "message.h"

#include <stddef.h>

typedef struct source {
    const char *name;
    const unsigned char *bytes;
    size_t size;
    const message *message;
} source;

/* UNECHO_ERROR_FORMAT, with a message that names the byte at which the file is damaged. */
MESSAGE_FORMAT(3, 4)
int source_fail(const source *file, const unsigned char *at, const char *format, ...);

#endif
