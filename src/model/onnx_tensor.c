/*
 * TensorProto: name, type, dims, and where its data stands; checked against each other. Knows how
 * elements are stored, not what they are for.
 */
#include "onnx.h"

#include "weights.h"

#include "unecho.h"

#include <string.h>

enum {
    FIELD_FLOATS = 4,
    FIELD_INT32S = 5,
    FIELD_STRINGS = 6,
    FIELD_INT64S = 7,
    FIELD_RAW = 9,
    FIELD_DOUBLES = 10,
    FIELD_UINT64S = 11
};

/* What TensorProto.DataType names; bytes 0 where raw data cannot be checked by size. */
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

const char *onnx_type_name(uint64_t type)
{
    return type < TYPES ? types[type].name : "an unknown type";
}

typedef struct parsing {
    bool external, twice, segment, unpacked;
    int64_t dims[ONNX_RANK_MAX];
    size_t rank;
} parsing;

static int read_dims(parsing *p, const pb_field *field)
{
    pb_cursor list = field->body;
    int status = pb_want_list(field, PB_VARINT);
    while (status == UNECHO_OK && list.at < list.end) {
        uint64_t dim = 0;
        status = pb_varint(&list, &dim);
        if (p->rank < ONNX_RANK_MAX)
            p->dims[p->rank] = (int64_t)dim;
        p->rank++;
    }
    return status;
}

static int read_data(onnx_tensor *t, parsing *p, const pb_field *field)
{
    if (field->body.at == field->body.end)
        return UNECHO_OK; /* some writers write the fields that they do not use */
    if (field->wire != PB_BYTES && field->number != FIELD_STRINGS)
        p->unpacked = true;
    if (t->data && field->number != FIELD_STRINGS)
        p->twice = true;
    t->field = field->number;
    t->data = field->body.at;
    t->size = (size_t)(field->body.end - field->body.at);
    return UNECHO_OK;
}

static int read_field(onnx_tensor *t, parsing *p, const pb_field *field)
{
    int status = UNECHO_OK;
    switch (field->number) {
    case 1:
        return read_dims(p, field);
    case 2:
        t->type = field->value;
        return pb_want(field, PB_VARINT);
    case 3:
        p->segment = true;
        return UNECHO_OK;
    case FIELD_FLOATS:
    case FIELD_INT32S:
    case FIELD_STRINGS:
    case FIELD_INT64S:
    case FIELD_RAW:
    case FIELD_DOUBLES:
    case FIELD_UINT64S:
        return read_data(t, p, field);
    case 8:
        status = pb_want(field, PB_BYTES);
        t->name = onnx_text_of(field->body);
        return status;
    case 13:
        p->external = true;
        return UNECHO_OK;
    case 14:
        p->external = p->external || field->value != 0;
        return pb_want(field, PB_VARINT);
    default:
        return UNECHO_OK;
    }
}

static size_t count_varints(const unsigned char *data, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += data[i] < 128;
    return count;
}

static int check_size(const onnx_tensor *t, const pb_file *file)
{
    const size_t elements = t->shape.elements;
    const size_t bytes = t->type < TYPES ? types[t->type].bytes : 0;
    size_t expected = 0;
    const char *unit = "bytes";
    size_t found = t->size;
    switch (t->field) {
    case FIELD_FLOATS:
        expected = 4 * elements * (t->type == 14 ? 2 : 1);
        break;
    case FIELD_DOUBLES:
        expected = 8 * elements * (t->type == 15 ? 2 : 1);
        break;
    case FIELD_INT32S:
    case FIELD_INT64S:
    case FIELD_UINT64S:
        if (t->type == 21 || t->type == 22 || t->type == 23)
            return UNECHO_OK; /* two elements share a number */
        expected = elements;
        unit = "numbers";
        found = count_varints(t->data, t->size);
        break;
    default:
        if (bytes == 0 || (t->field != FIELD_RAW && t->data))
            return UNECHO_OK;
        expected = bytes * elements;
        break;
    }
    if (expected == found)
        return UNECHO_OK;
    return message_fail(file->message, UNECHO_ERROR_FORMAT,
                        "%s: tensor '%s': dims %s of %s need %zu %s, found %zu", file->name,
                        onnx_label_of(t->name).text, onnx_shape_label(&t->shape).text,
                        onnx_type_name(t->type), expected, unit, found);
}

/* The type must be able to stand in the field that holds the data. */
static bool field_fits(const onnx_tensor *t)
{
    if (!t->data || t->field == FIELD_RAW)
        return t->type != 8;
    switch (t->type) {
    case ONNX_FLOAT:
        return t->field == FIELD_FLOATS;
    case ONNX_INT32:
        return t->field == FIELD_INT32S;
    case ONNX_INT64:
        return t->field == FIELD_INT64S;
    default:
        return true;
    }
}

static int tensor_fail(const onnx_tensor *t, const pb_file *file, int status, const char *what)
{
    return message_fail(file->message, status, "%s: tensor '%s': %s", file->name,
                        onnx_label_of(t->name).text, what);
}

int onnx_read_tensor(onnx_tensor *tensor, pb_cursor body)
{
    const pb_file *file = body.file;
    parsing p = {0};
    pb_field field;
    int status;
    memset(tensor, 0, sizeof *tensor);
    while ((status = pb_next(&body, &field)) > 0) {
        status = read_field(tensor, &p, &field);
        if (status < 0)
            return status;
    }
    if (status < 0)
        return status;
    if (p.external)
        return tensor_fail(tensor, file, UNECHO_ERROR_MODEL,
                           "its data is external, in another file; store it inside the ONNX file");
    if (p.segment)
        return tensor_fail(tensor, file, UNECHO_ERROR_MODEL, "its data is stored in segments");
    if (p.rank > ONNX_RANK_MAX)
        return tensor_fail(tensor, file, UNECHO_ERROR_MODEL, "more than 8 dims");
    if (p.twice)
        return tensor_fail(tensor, file, UNECHO_ERROR_FORMAT, "its data is stored twice");

    size_t dims[ONNX_RANK_MAX] = {0};
    for (size_t d = 0; d < p.rank; d++) {
        if (p.dims[d] < 0 || p.dims[d] > INT32_MAX)
            return message_fail(file->message, UNECHO_ERROR_FORMAT,
                                "%s: tensor '%s': dim %zu is %lld", file->name,
                                onnx_label_of(tensor->name).text, d, (long long)p.dims[d]);
        dims[d] = (size_t)p.dims[d];
    }
    if (!onnx_shape_set(&tensor->shape, p.rank, dims))
        return message_fail(file->message, UNECHO_ERROR_FORMAT,
                            "%s: tensor '%s': dims %s are more than any model holds", file->name,
                            onnx_label_of(tensor->name).text,
                            onnx_shape_label(&tensor->shape).text);
    if (p.unpacked && tensor->shape.elements != 1)
        return tensor_fail(tensor, file, UNECHO_ERROR_MODEL,
                           "its numbers are stored one by one, expected packed");
    if (!field_fits(tensor))
        return tensor_fail(tensor, file, UNECHO_ERROR_FORMAT,
                           "its data stands in a field for another type");
    return check_size(tensor, file);
}

static uint64_t little_endian(const unsigned char *at, size_t bytes)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes; i++)
        bits |= (uint64_t)at[i] << (8 * i);
    return bits;
}

/* Number `index` of a list of varints, in which float16 and bfloat16 may stand. */
static uint32_t packed_at(const onnx_tensor *t, size_t index)
{
    const pb_file nowhere = {"", t->data, t->size, &(message){NULL, 0}};
    pb_cursor packed = {&nowhere, t->data, t->data + t->size};
    uint64_t value = 0;
    for (size_t i = 0; i <= index; i++)
        if (pb_varint(&packed, &value) < 0)
            return 0; /* their number was checked */
    return (uint32_t)value;
}

/* Lists of varints are read from the start for each element: long ones are left to those who ask
 * for raw data. */
enum { PACKED_MAX = 8192 };

bool onnx_tensor_is_float(const onnx_tensor *tensor)
{
    if (tensor->type == ONNX_FLOAT)
        return true;
    return (tensor->type == ONNX_FLOAT16 || tensor->type == ONNX_BFLOAT16) &&
           (tensor->field == FIELD_RAW ||
            (tensor->field == FIELD_INT32S && tensor->shape.elements <= PACKED_MAX));
}

float onnx_tensor_float(const onnx_tensor *tensor, size_t index)
{
    if (tensor->type != ONNX_FLOAT16 && tensor->type != ONNX_BFLOAT16)
        return float32_of(tensor->data + 4 * index);
    unsigned char both[2];
    const unsigned char *at = tensor->data + 2 * index;
    if (tensor->field != FIELD_RAW) {
        const uint32_t bits = packed_at(tensor, index);
        both[0] = (unsigned char)bits;
        both[1] = (unsigned char)(bits >> 8);
        at = both;
    }
    return tensor->type == ONNX_FLOAT16 ? float16_of(at) : bfloat16_of(at);
}

bool onnx_tensor_ints(const onnx_tensor *tensor, int64_t *list, size_t *count)
{
    const size_t n = tensor->shape.elements;
    if ((tensor->type != ONNX_INT64 && tensor->type != ONNX_INT32) || n > ONNX_LIST_MAX)
        return false;
    *count = n;
    if (n == 0)
        return true;
    const pb_file nowhere = {"", tensor->data, tensor->size, &(message){NULL, 0}};
    pb_cursor packed = {&nowhere, tensor->data, tensor->data + tensor->size};
    for (size_t i = 0; i < n; i++) {
        if (tensor->field != FIELD_RAW) {
            uint64_t value = 0;
            if (pb_varint(&packed, &value) < 0)
                return false;
            list[i] = tensor->type == ONNX_INT32 ? (int32_t)(uint32_t)value : (int64_t)value;
        } else if (tensor->type == ONNX_INT64) {
            list[i] = (int64_t)little_endian(tensor->data + 8 * i, 8);
        } else {
            list[i] = (int32_t)(uint32_t)little_endian(tensor->data + 4 * i, 4);
        }
    }
    return true;
}
