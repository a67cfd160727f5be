/*
 * A bounded reader of the protobuf wire format: tags, varints and lengths. Knows no message type.
 */
#ifndef UNECHO_PROTOBUF_H
#define UNECHO_PROTOBUF_H

#include "model/graph/source.h"

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
    pb_cursor body; /* the bytes of the value, for every wire type */
} pb_field;

pb_cursor pb_open(const source *file);

/* 1: a field was read; 0: the end; negative: a status, with a message. */
int pb_next(pb_cursor *cursor, pb_field *field);

int pb_varint(pb_cursor *cursor, uint64_t *value);

/* Refuse a field of another wire type. */
int pb_want(const pb_field *field, unsigned wire);

/* The same for repeated numbers, which may be packed (PB_BYTES) or single (wire). */
int pb_want_list(const pb_field *field, unsigned wire);

#endif
