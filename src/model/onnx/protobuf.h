/*
 * A bounded reader for the protobuf wire format. Knows tags, varints and lengths, and where in the
 * file it stands; knows no message type.
 */
#ifndef UNECHO_PROTOBUF_H
#define UNECHO_PROTOBUF_H

#include "model/graph/source.h"

#include <stddef.h>
#include <stdint.h>

typedef struct pb_cursor {
    const source *file;
    const unsigned char *at, *end;
} pb_cursor;

enum { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

typedef struct pb_field {
    uint32_t number;
    unsigned wire;
    uint64_t value; /* of a varint */
    pb_cursor body; /* the bytes of the value, whatever its wire type */
} pb_field;

pb_cursor pb_open(const source *file);

/* 1: a field was read; 0: the cursor is at its end; negative: a status, the message is written. */
int pb_next(pb_cursor *cursor, pb_field *field);

int pb_varint(pb_cursor *cursor, uint64_t *value);

/* Refuse a field whose wire type is not the one that its message type gives it. */
int pb_want(const pb_field *field, unsigned wire);

/* The same for repeated numbers, which may come packed (PB_BYTES) or one by one (wire). */
int pb_want_list(const pb_field *field, unsigned wire);

#endif
