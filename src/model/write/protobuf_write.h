/*
 * A writer of the protobuf wire format, into memory that may be too small: it continues to count.
 * Knows no message type.
 */
#ifndef UNECHO_PROTOBUF_WRITE_H
#define UNECHO_PROTOBUF_WRITE_H

#include <stddef.h>
#include <stdint.h>

typedef struct pb_out {
    unsigned char *bytes;
    size_t room, used; /* used > room: the rest was not written */
} pb_out;

void pb_put(pb_out *out, const void *bytes, size_t size);
void pb_put_int(pb_out *out, unsigned number, uint64_t value);
void pb_put_text(pb_out *out, unsigned number, const char *text);
/* The head of a field of that many bytes, which follow. */
void pb_put_length(pb_out *out, unsigned number, uint64_t size);

/* A message as a field. Calls body twice, first to count. */
typedef void pb_body(pb_out *out, const void *what);
void pb_put_message(pb_out *out, unsigned number, pb_body *body, const void *what);

#endif
