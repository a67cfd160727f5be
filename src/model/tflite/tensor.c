/* Tensors of a TFLite file: type, shape, scale and data, checked against each other. */
#include "network/matrix.h"
#include "tflite_reader.h"

#include "model/graph/bytes.h"
#include "unecho.h"

#include <string.h>

/* By TensorType: the number of the type in ONNX, and the bytes of an element; 0: not checked. */
static const struct {
    unsigned char type, bytes;
} types[] = {
    {TYPE_FLOAT, 4}, {10, 2}, {TYPE_INT32, 4}, {2, 1},         {TYPE_INT64, 8}, {8, 0},
    {9, 1},          {5, 2},  {14, 8},         {TYPE_INT8, 1}, {11, 8},         {15, 16},
    {13, 8},         {0, 0},  {0, 0},          {12, 4},        {4, 2},          {22, 0},
};
enum { TYPES = sizeof types / sizeof types[0] };

static int tensor_fail(const tflite_reader *t, const tflite_tensor *tensor, int status,
                       const char *what)
{
    return message_fail(t->graph->file.message, status, "%s: tensor '%s': %s", t->graph->file.name,
                        graph_label_of(tensor->name).text, what);
}

static int read_shape(const tflite_reader *t, tflite_tensor *tensor, const fb_table *table)
{
    fb_vector shape, open;
    size_t dims[GRAPH_RANK_MAX] = {0};
    int status = fb_vector_of(table, 0, 4, &shape);
    if (status == UNECHO_OK)
        status = fb_vector_of(table, 7, 4, &open);
    if (status != UNECHO_OK)
        return status;
    if (shape.count > GRAPH_RANK_MAX)
        return tensor_fail(t, tensor, UNECHO_ERROR_MODEL, "more than 8 dims");
    for (size_t d = 0; d < shape.count; d++) {
        const int32_t dim = fb_int_at(&shape, d);
        if (dim < 0)
            return message_fail(t->graph->file.message, UNECHO_ERROR_FORMAT,
                                "%s: tensor '%s': dim %zu is %ld", t->graph->file.name,
                                graph_label_of(tensor->name).text, d, (long)dim);
        dims[d] = (size_t)dim;
        if (d < open.count && fb_int_at(&open, d) < 0)
            tensor->open |= 1u << d;
    }
    if (!graph_shape_set(&tensor->shape, shape.count, dims))
        return tensor_fail(t, tensor, UNECHO_ERROR_FORMAT,
                           "its dims are larger than any model needs");
    tensor->shaped = shape.at != NULL;
    return UNECHO_OK;
}

static int read_data(const tflite_reader *t, tflite_tensor *tensor, const fb_table *table,
                     size_t bytes)
{
    fb_table buffer, sparsity;
    uint64_t index = 0, outside = 0;
    int status = fb_number(table, 2, 4, 0, &index);
    if (status != UNECHO_OK)
        return status;
    if (index >= t->buffers.count)
        return message_fail(t->graph->file.message, UNECHO_ERROR_FORMAT,
                            "%s: tensor '%s': buffer %llu of %zu", t->graph->file.name,
                            graph_label_of(tensor->name).text, (unsigned long long)index,
                            t->buffers.count);
    status = fb_element(&t->graph->file, &t->buffers, (size_t)index, &buffer);
    if (status == UNECHO_OK)
        status = fb_vector_of(&buffer, 0, 1, &tensor->data);
    if (status == UNECHO_OK)
        status = fb_number(&buffer, 1, 8, 0, &outside);
    if (status == UNECHO_OK)
        status = fb_table_of(table, 6, &sparsity);
    if (status != UNECHO_OK)
        return status;
    if (outside > 1)
        return tensor_fail(t, tensor, UNECHO_ERROR_MODEL,
                           "its data is outside the flatbuffer, expected inside");
    if (tensor->data.count == 0)
        return UNECHO_OK;
    if (sparsity.file)
        return tensor_fail(t, tensor, UNECHO_ERROR_MODEL, "it is sparse, expected dense");
    if (bytes == 0 || tensor->data.count == bytes * tensor->shape.elements)
        return UNECHO_OK;
    return message_fail(t->graph->file.message, UNECHO_ERROR_FORMAT,
                        "%s: tensor '%s': dims %s of %s need %zu bytes, found %zu",
                        t->graph->file.name, graph_label_of(tensor->name).text,
                        graph_shape_label(&tensor->shape).text, graph_type_name(tensor->type),
                        bytes * tensor->shape.elements, tensor->data.count);
}

/* Products with scales beyond these would leave the range or the precision of float32. */
static int check_scale(const tflite_reader *t, const tflite_tensor *tensor, float scale)
{
    if (scale >= 1e-30f && scale <= 1e30f)
        return UNECHO_OK;
    return message_fail(t->graph->file.message, UNECHO_ERROR_MODEL,
                        "%s: tensor '%s': its scale is %g, expected a positive number",
                        t->graph->file.name, graph_label_of(tensor->name).text, (double)scale);
}

/* One for each index along the quantised dimension. */
static int read_scales(const tflite_reader *t, tflite_tensor *tensor, const fb_vector *scales,
                       const fb_table *quantisation)
{
    int32_t axis = 0;
    int status = fb_int(quantisation, 6, 4, 0, &axis);
    if (status != UNECHO_OK)
        return status;
    if (axis < 0 || (size_t)axis >= tensor->shape.rank || tensor->shape.dims[axis] != scales->count)
        return message_fail(t->graph->file.message, UNECHO_ERROR_MODEL,
                            "%s: tensor '%s': int8 with %zu scales along dim %ld of %s",
                            t->graph->file.name, graph_label_of(tensor->name).text, scales->count,
                            (long)axis, graph_shape_label(&tensor->shape).text);
    for (size_t i = 0; i < scales->count && status == UNECHO_OK; i++)
        status = check_scale(t, tensor, float32_of(scales->at + 4 * i));
    tensor->scale = 1;
    tensor->scales = scales->at;
    tensor->axis = (size_t)axis;
    return status;
}

/* Constant int8 has one scale, or one for each output, and zero points of 0. */
static int read_quantisation(const tflite_reader *t, tflite_tensor *tensor, const fb_table *table)
{
    fb_table quantisation;
    fb_vector scales = {NULL, 0}, zeros = {NULL, 0};
    int status = fb_table_of(table, 4, &quantisation);
    if (status == UNECHO_OK)
        status = fb_vector_of(&quantisation, 2, 4, &scales);
    if (status == UNECHO_OK)
        status = fb_vector_of(&quantisation, 3, 8, &zeros);
    if (status != UNECHO_OK)
        return status;
    for (size_t i = 0; i < zeros.count; i++)
        if (little_endian(zeros.at + 8 * i, 8) != 0)
            return tensor_fail(t, tensor, UNECHO_ERROR_MODEL,
                               "int8 with a zero point, expected symmetric");
    if (scales.count == 0)
        return tensor_fail(t, tensor, UNECHO_ERROR_MODEL, "int8 with 0 scales, expected one");
    if (scales.count > 1)
        return read_scales(t, tensor, &scales, &quantisation);
    tensor->scale = float32_of(scales.at);
    return check_scale(t, tensor, tensor->scale);
}

int tflite_read_tensor(tflite_reader *t, size_t index, const fb_table *table)
{
    tflite_tensor *const tensor = &t->tensors[index];
    fb_vector name;
    uint64_t type = 0;
    memset(tensor, 0, sizeof *tensor);
    tensor->value = GRAPH_NONE;
    int status = fb_vector_of(table, 3, 1, &name);
    if (status == UNECHO_OK)
        status = fb_number(table, 1, 1, 0, &type);
    if (status != UNECHO_OK)
        return status;
    tensor->name = (graph_text){(const char *)name.at, name.count};
    tensor->type = type < TYPES ? types[type].type : UINT64_MAX;
    status = read_shape(t, tensor, table);
    if (status == UNECHO_OK)
        status = read_data(t, tensor, table, type < TYPES ? types[type].bytes : 0);
    if (status == UNECHO_OK && tensor->data.count > 0 && tensor->type == TYPE_INT8)
        status = read_quantisation(t, tensor, table);
    if (status == UNECHO_OK && tensor->data.count > 0)
        tensor->value = tflite_add_constant(t, tensor);
    return status;
}

size_t tflite_add_constant(tflite_reader *t, const tflite_tensor *tensor)
{
    graph *const g = t->graph;
    graph_value *const v = &g->values[g->value_count];
    *v = (graph_value){tensor->name, FROM_TENSOR, g->tensor_count, 0, true, tensor->shape};
    g->tensors[g->tensor_count++] = (graph_tensor){
        tensor->name,       tensor->type,  tensor->shape,  ENCODED_PLAIN, tensor->data.at,
        tensor->data.count, tensor->scale, tensor->scales, tensor->axis,  0};
    return g->value_count++;
}
