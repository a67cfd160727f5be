/*
 * The protobuf wire format, bounded: no read leaves the cursor's bytes, and every malformed byte is
 * reported with its place in the file. Knows no message type.
 */
#include "protobuf.h"

#include "unecho.h"

#include <stdarg.h>
#include <stdio.h>

int pb_fail(const pb_file *file, const unsigned char *at, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return message_fail(file->message, UNECHO_ERROR_FORMAT, "%s: damaged at byte %zu of %zu: %s",
                        file->name, (size_t)(at - file->bytes), file->size, what);
}

pb_cursor pb_open(const pb_file *file)
{
    return (pb_cursor){file, file->bytes, file->bytes + file->size};
}

int pb_varint(pb_cursor *cursor, uint64_t *value)
{
    const unsigned char *start = cursor->at;
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (cursor->at == cursor->end)
            return pb_fail(cursor->file, start, "truncated inside a number");
        const unsigned char byte = *cursor->at++;
        if (shift == 63 && byte > 1)
            return pb_fail(cursor->file, start, "a number beyond 64 bits");
        result |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *value = result;
            return UNECHO_OK;
        }
    }
    return pb_fail(cursor->file, start, "a number beyond 64 bits");
}

static int fixed(pb_cursor *cursor, pb_field *field, uint64_t size)
{
    const size_t left = (size_t)(cursor->end - cursor->at);
    if (size > left)
        return pb_fail(cursor->file, cursor->at,
                       "truncated: field %lu has %llu bytes, only %zu are left",
                       (unsigned long)field->number, (unsigned long long)size, left);
    field->body = (pb_cursor){cursor->file, cursor->at, cursor->at + size};
    cursor->at += size;
    return 1;
}

int pb_next(pb_cursor *cursor, pb_field *field)
{
    if (cursor->at == cursor->end)
        return 0;
    const unsigned char *start = cursor->at;
    uint64_t tag = 0;
    int status = pb_varint(cursor, &tag);
    if (status < 0)
        return status;
    if (tag >> 3 == 0 || tag >> 32 != 0)
        return pb_fail(cursor->file, start, "field number %llu", (unsigned long long)(tag >> 3));
    field->number = (uint32_t)(tag >> 3);
    field->wire = (unsigned)(tag & 7);
    field->value = 0;
    field->body = *cursor;
    switch (field->wire) {
    case PB_VARINT:
        status = pb_varint(cursor, &field->value);
        field->body.end = cursor->at;
        return status < 0 ? status : 1;
    case PB_FIXED64:
        return fixed(cursor, field, 8);
    case PB_FIXED32:
        return fixed(cursor, field, 4);
    case PB_BYTES: {
        uint64_t size = 0;
        status = pb_varint(cursor, &size);
        return status < 0 ? status : fixed(cursor, field, size);
    }
    default:
        return pb_fail(cursor->file, start, "field %lu has wire type %u",
                       (unsigned long)field->number, field->wire);
    }
}

int pb_want(const pb_field *field, unsigned wire)
{
    if (field->wire == wire)
        return UNECHO_OK;
    return pb_fail(field->body.file, field->body.at, "field %lu has wire type %u, expected %u",
                   (unsigned long)field->number, field->wire, wire);
}

int pb_want_list(const pb_field *field, unsigned wire)
{
    return field->wire == PB_BYTES ? UNECHO_OK : pb_want(field, wire);
}
