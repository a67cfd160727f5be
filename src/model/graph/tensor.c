/* Elements of tensors, however they are encoded. */
#include "graph.h"

#include "bytes.h"
#include "network/matrix.h"

/* By TensorProto.DataType. */
static const struct {
    const char *name;
    unsigned char bytes;
} types[] = {
    {"an undefined type", 0},
    {"float32", 4},
    {"uint8", 1},
    {"int8", 1},
    {"uint16", 2},
    {"int16", 2},
    {"int32", 4},
    {"int64", 8},
    {"string", 0},
    {"bool", 1},
    {"float16", 2},
    {"float64", 8},
    {"uint32", 4},
    {"uint64", 8},
    {"complex64", 8},
    {"complex128", 16},
    {"bfloat16", 2},
    {"float8", 1},
    {"float8", 1},
    {"float8", 1},
    {"float8", 1},
    {"uint4", 0},
    {"int4", 0},
    {"float4", 0},
};
enum { TYPES = sizeof types / sizeof types[0] };

const char *graph_type_name(uint64_t type)
{
    return type < TYPES ? types[type].name : "an unknown type";
}

size_t graph_type_bytes(uint64_t type)
{
    return type < TYPES ? types[type].bytes : 0;
}

/* Varints are read from the first one for each element, so long lists of them are refused. */
enum { VARINTS_MAX = 8192 };

bool graph_tensor_is_float(const graph_tensor *tensor)
{
    if (tensor->type == TYPE_FLOAT)
        return true;
    return (tensor->type == TYPE_FLOAT16 || tensor->type == TYPE_BFLOAT16) &&
           (tensor->encoding == ENCODED_PLAIN ||
            (tensor->encoding == ENCODED_VARINTS && tensor->shape.elements <= VARINTS_MAX));
}

/* Element `index` of a list of varints; 0 if one before it does not fit 64 bits. */
static uint32_t varint_at(const graph_tensor *t, size_t index)
{
    const unsigned char *at = t->data;
    uint64_t value = 0;
    for (size_t i = 0; i <= index; i++)
        if (varint_read(&at, t->data + t->size, &value) != VARINT_READ)
            return 0;
    return (uint32_t)value;
}

float graph_tensor_float(const graph_tensor *tensor, size_t index)
{
    if (tensor->type != TYPE_FLOAT16 && tensor->type != TYPE_BFLOAT16)
        return float32_of(tensor->data + 4 * index);
    unsigned char both[2];
    const unsigned char *at = tensor->data + 2 * index;
    if (tensor->encoding == ENCODED_VARINTS) {
        const uint32_t bits = varint_at(tensor, index);
        both[0] = (unsigned char)bits;
        both[1] = (unsigned char)(bits >> 8);
        at = both;
    }
    return tensor->type == TYPE_FLOAT16 ? float16_of(at) : bfloat16_of(at);
}

bool graph_tensor_ints(const graph_tensor *tensor, int64_t *list, size_t *count)
{
    const size_t n = tensor->shape.elements;
    const bool is_int32 = tensor->type == TYPE_INT32;
    if ((tensor->type != TYPE_INT64 && !is_int32) || n > GRAPH_LIST_MAX)
        return false;
    const size_t bytes = is_int32 ? 4 : 8;
    const unsigned char *at = tensor->data;
    *count = n;
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0;
        if (tensor->encoding == ENCODED_PLAIN)
            value = little_endian(tensor->data + bytes * i, bytes);
        else if (varint_read(&at, tensor->data + tensor->size, &value) != VARINT_READ)
            return false;
        list[i] = is_int32 ? (int32_t)(uint32_t)value : (int64_t)value;
    }
    return true;
}
