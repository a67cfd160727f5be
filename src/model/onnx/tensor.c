/* TensorProto: name, type, dims and the place of the data, checked against each other. */
#include "onnx_reader.h"

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

typedef struct parsing {
    bool external, twice, segment, unpacked;
    unsigned field; /* that holds the data; 0: none */
    int64_t dims[GRAPH_RANK_MAX];
    size_t rank;
} parsing;

static int read_dims(parsing *p, const pb_field *field)
{
    pb_cursor list = field->body;
    int status = pb_want_list(field, PB_VARINT);
    while (status == UNECHO_OK && list.at < list.end) {
        uint64_t dim = 0;
        status = pb_varint(&list, &dim);
        if (p->rank < GRAPH_RANK_MAX)
            p->dims[p->rank] = (int64_t)dim;
        p->rank++;
    }
    return status;
}

static int read_data(graph_tensor *t, parsing *p, const pb_field *field)
{
    if (field->body.at == field->body.end)
        return UNECHO_OK; /* some writers write unused fields */
    if (field->wire != PB_BYTES && field->number != FIELD_STRINGS)
        p->unpacked = true;
    if (t->data && field->number != FIELD_STRINGS)
        p->twice = true;
    p->field = field->number;
    t->data = field->body.at;
    t->size = (size_t)(field->body.end - field->body.at);
    return UNECHO_OK;
}

static int read_field(graph_tensor *t, parsing *p, const pb_field *field)
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

static int check_size(const graph_tensor *t, unsigned field, const source *file)
{
    const size_t elements = t->shape.elements;
    const size_t bytes = graph_type_bytes(t->type);
    size_t expected = 0;
    const char *unit = "bytes";
    size_t found = t->size;
    switch (field) {
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
            return UNECHO_OK; /* two elements in a number */
        expected = elements;
        unit = "numbers";
        found = count_varints(t->data, t->size);
        break;
    default:
        if (bytes == 0 || (field != FIELD_RAW && t->data))
            return UNECHO_OK;
        expected = bytes * elements;
        break;
    }
    if (expected == found)
        return UNECHO_OK;
    return message_fail(file->message, UNECHO_ERROR_FORMAT,
                        "%s: tensor '%s': dims %s of %s need %zu %s, found %zu", file->name,
                        graph_label_of(t->name).text, graph_shape_label(&t->shape).text,
                        graph_type_name(t->type), expected, unit, found);
}

/* Is the field that holds the data one for the type? */
static bool field_fits(const graph_tensor *t, unsigned field)
{
    if (!t->data || field == FIELD_RAW)
        return t->type != 8;
    switch (t->type) {
    case TYPE_FLOAT:
        return field == FIELD_FLOATS;
    case TYPE_INT32:
        return field == FIELD_INT32S;
    case TYPE_INT64:
        return field == FIELD_INT64S;
    default:
        return true;
    }
}

static graph_encoding encoding_of(const graph_tensor *t, unsigned field)
{
    if (!t->data || field == FIELD_RAW || (field == FIELD_FLOATS && t->type == TYPE_FLOAT))
        return ENCODED_PLAIN;
    if (field == FIELD_INT32S || (field == FIELD_INT64S && t->type == TYPE_INT64))
        return ENCODED_VARINTS;
    return ENCODED_OTHERWISE;
}

static int tensor_fail(const graph_tensor *t, const source *file, int status, const char *what)
{
    return message_fail(file->message, status, "%s: tensor '%s': %s", file->name,
                        graph_label_of(t->name).text, what);
}

int onnx_read_tensor(graph_tensor *tensor, pb_cursor body)
{
    const source *file = body.file;
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
    if (p.rank > GRAPH_RANK_MAX)
        return tensor_fail(tensor, file, UNECHO_ERROR_MODEL, "more than 8 dims");
    if (p.twice)
        return tensor_fail(tensor, file, UNECHO_ERROR_FORMAT, "its data is stored twice");

    size_t dims[GRAPH_RANK_MAX] = {0};
    for (size_t d = 0; d < p.rank; d++) {
        if (p.dims[d] < 0 || p.dims[d] > INT32_MAX)
            return message_fail(file->message, UNECHO_ERROR_FORMAT,
                                "%s: tensor '%s': dim %zu is %lld", file->name,
                                graph_label_of(tensor->name).text, d, (long long)p.dims[d]);
        dims[d] = (size_t)p.dims[d];
    }
    if (!graph_shape_set(&tensor->shape, p.rank, dims))
        return message_fail(file->message, UNECHO_ERROR_FORMAT,
                            "%s: tensor '%s': dims %s are larger than any model needs", file->name,
                            graph_label_of(tensor->name).text,
                            graph_shape_label(&tensor->shape).text);
    if (p.unpacked && tensor->shape.elements != 1)
        return tensor_fail(tensor, file, UNECHO_ERROR_MODEL,
                           "its numbers are stored one by one, expected packed");
    if (!field_fits(tensor, p.field))
        return tensor_fail(tensor, file, UNECHO_ERROR_FORMAT,
                           "its data is in a field for another type");
    tensor->encoding = encoding_of(tensor, p.field);
    return check_size(tensor, p.field, file);
}
