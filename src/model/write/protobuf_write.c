#include "protobuf_write.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

void pb_put(pb_out *out, const void *bytes, size_t size)
{
    if (out->used <= out->room && size <= out->room - out->used && size > 0)
        memcpy(out->bytes + out->used, bytes, size);
    out->used += size;
}

static void put_varint(pb_out *out, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    for (; value >= 128; value >>= 7)
        bytes[n++] = (unsigned char)(value | 128);
    bytes[n++] = (unsigned char)value;
    pb_put(out, bytes, n);
}

static void put_key(pb_out *out, unsigned number, unsigned wire)
{
    put_varint(out, (uint64_t)number << 3 | wire);
}

void pb_put_int(pb_out *out, unsigned number, uint64_t value)
{
    put_key(out, number, WIRE_VARINT);
    put_varint(out, value);
}

void pb_put_length(pb_out *out, unsigned number, uint64_t size)
{
    put_key(out, number, WIRE_BYTES);
    put_varint(out, size);
}

void pb_put_text(pb_out *out, unsigned number, const char *text)
{
    pb_put_length(out, number, strlen(text));
    pb_put(out, text, strlen(text));
}

void pb_put_message(pb_out *out, unsigned number, pb_body *body, const void *what)
{
    pb_out count = {NULL, 0, 0};
    body(&count, what);
    pb_put_length(out, number, count.used);
    body(out, what);
}
