/* ValueInfoProto: an input or output of the graph. */
#include "onnx_reader.h"

#include "unecho.h"

/* TensorShapeProto */
static int read_shape(graph_port *port, pb_cursor body)
{
    size_t dims[GRAPH_RANK_MAX] = {0};
    size_t rank = 0;
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number != 1)
            continue;
        status = pb_want(&field, PB_BYTES);
        if (status < 0)
            return status;
        if (rank == GRAPH_RANK_MAX)
            return source_fail(body.file, field.body.at, "'%s' has more than 8 dims",
                               graph_label_of(port->name).text);
        pb_cursor dim = field.body;
        int64_t size = 0;
        while ((status = pb_next(&dim, &field)) > 0)
            if (field.number == 1)
                size = (int64_t)field.value;
        if (status < 0)
            return status;
        if (size > INT32_MAX)
            return source_fail(body.file, dim.end, "'%s': dim %zu is %lld",
                               graph_label_of(port->name).text, rank, (long long)size);
        if (size <= 0)
            port->open |= 1u << rank;
        dims[rank++] = size <= 0 ? 1 : (size_t)size;
    }
    if (status < 0)
        return status;
    port->shaped = graph_shape_set(&port->shape, rank, dims);
    return UNECHO_OK;
}

/* TypeProto { tensor_type: { elem_type, shape } } */
static int read_type(graph_port *port, pb_cursor body)
{
    pb_field field;
    int status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number != 1)
            continue;
        status = pb_want(&field, PB_BYTES);
        if (status < 0)
            return status;
        pb_cursor tensor = field.body;
        while ((status = pb_next(&tensor, &field)) > 0) {
            if (field.number == 1)
                port->type = field.value;
            if (field.number == 2) {
                status = pb_want(&field, PB_BYTES);
                if (status == UNECHO_OK)
                    status = read_shape(port, field.body);
                if (status < 0)
                    return status;
            }
        }
        if (status < 0)
            return status;
    }
    return status;
}

int onnx_read_port(graph_port *port, const pb_field *whole)
{
    pb_cursor body = whole->body;
    pb_field field;
    int status = pb_want(whole, PB_BYTES);
    if (status < 0)
        return status;
    while ((status = pb_next(&body, &field)) > 0) {
        if (field.number == 1)
            status = onnx_want_text(&field, &port->name);
        if (field.number == 2) {
            status = pb_want(&field, PB_BYTES);
            if (status == UNECHO_OK)
                status = read_type(port, field.body);
        }
        if (status < 0)
            return status;
    }
    return status;
}
