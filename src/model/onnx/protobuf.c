/* No read leaves the bytes of the cursor; malformed bytes are reported with their offset. */
#include "protobuf.h"

#include "model/graph/bytes.h"
#include "unecho.h"

pb_cursor pb_open(const source *file)
{
    return (pb_cursor){file, file->bytes, file->bytes + file->size};
}

int pb_varint(pb_cursor *cursor, uint64_t *value)
{
    const unsigned char *start = cursor->at;
    switch (varint_read(&cursor->at, cursor->end, value)) {
    case VARINT_READ:
        return UNECHO_OK;
    case VARINT_TRUNCATED:
        return source_fail(cursor->file, start, "truncated inside a number");
    default:
        return source_fail(cursor->file, start, "a number beyond 64 bits");
    }
}

static int fixed(pb_cursor *cursor, pb_field *field, uint64_t size)
{
    const size_t left = (size_t)(cursor->end - cursor->at);
    if (size > left)
        return source_fail(cursor->file, cursor->at,
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
        return source_fail(cursor->file, start, "field number %llu",
                           (unsigned long long)(tag >> 3));
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
        return source_fail(cursor->file, start, "field %lu has wire type %u",
                           (unsigned long)field->number, field->wire);
    }
}

int pb_want(const pb_field *field, unsigned wire)
{
    if (field->wire == wire)
        return UNECHO_OK;
    return source_fail(field->body.file, field->body.at, "field %lu has wire type %u, expected %u",
                       (unsigned long)field->number, field->wire, wire);
}

int pb_want_list(const pb_field *field, unsigned wire)
{
    return field->wire == PB_BYTES ? UNECHO_OK : pb_want(field, wire);
}
