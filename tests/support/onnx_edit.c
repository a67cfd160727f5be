/* Edits of a graph. Trusts its input. */
#include "onnx_edit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

float *floats_of(const proto *tensor, size_t *count)
{
    bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    *count = data->size / sizeof(float);
    return (float *)(void *)data->at;
}

size_t dim_of(const proto *tensor, size_t d)
{
    return (size_t)proto_find(tensor, TENSOR_DIMS, d)->value;
}

proto *add_reading(proto *model, const char *op, const char *output, const char *const *inputs,
                   size_t count)
{
    proto *node = add_node(model, op, output);
    for (size_t i = 0; i < count; i++)
        proto_add_text(node, NODE_INPUT, inputs[i]);
    return node;
}

void add_ints(proto *model, const char *called, const int64_t *list, size_t count)
{
    const uint64_t dims[1] = {count};
    if (!tensor_of(model, called))
        add_tensor(model, called, dims, 1, INT64, list, count * sizeof *list);
}

void reshape(proto *model, const char *output, const char *input, const int64_t *dims, size_t rank)
{
    name shape;
    snprintf(shape, sizeof shape, "%.40s/shape", output);
    add_ints(model, shape, dims, rank);
    ADD(model, "Reshape", output, input, shape);
}

void add_float_attribute(proto *node, const char *called, float value)
{
    enum { KIND = 1 };
    proto *attribute = proto_add(node, NODE_ATTRIBUTE);
    proto_add_text(attribute, ATTRIBUTE_NAME, called);
    proto_add_bytes(attribute, ATTRIBUTE_F, &value, sizeof value)->wire = 5;
    proto_add_int(attribute, ATTRIBUTE_TYPE, KIND);
}

void text_of(const proto_field *field, name text)
{
    memcpy(text, field->data.at, field->data.size);
    text[field->data.size] = 0;
}

/* ---- Tidying ---------------------------------------------------------------------------- */

static bool is_read(const proto *model, const proto_field *value)
{
    const proto *graph = graph_of(model);
    for (size_t i = 0; i < graph->count; i++) {
        const proto_field *field = &graph->fields[i];
        if (field->number != GRAPH_NODE && field->number != GRAPH_OUTPUT)
            continue;
        const uint32_t number = field->number == GRAPH_NODE ? NODE_INPUT : PORT_NAME;
        const proto_field *text;
        for (size_t k = 0; (text = proto_find(field->child, number, k)) != NULL; k++)
            if (text->data.size == value->data.size && text->data.size > 0 &&
                memcmp(text->data.at, value->data.at, text->data.size) == 0)
                return true;
    }
    return false;
}

static bool is_dead(const proto *model, const proto_field *field)
{
    const uint32_t number = field->number == GRAPH_NODE ? NODE_OUTPUT : TENSOR_NAME;
    const proto_field *text;
    if (field->number != GRAPH_NODE && field->number != GRAPH_TENSOR)
        return false;
    for (size_t k = 0; (text = proto_find(field->child, number, k)) != NULL; k++)
        if (is_read(model, text))
            return false;
    return true;
}

static bool is_made(const proto *model, size_t until, const proto_field *value)
{
    const proto *graph = graph_of(model);
    const proto_field *text;
    for (size_t i = 0; i < graph->count; i++) {
        const proto_field *field = &graph->fields[i];
        if (field->number == GRAPH_NODE && i >= until)
            continue;
        const uint32_t number = field->number == GRAPH_NODE     ? NODE_OUTPUT
                                : field->number == GRAPH_TENSOR ? TENSOR_NAME
                                                                : PORT_NAME;
        if (field->number == GRAPH_OUTPUT || !field->child)
            continue;
        for (size_t k = 0; (text = proto_find(field->child, number, k)) != NULL; k++)
            if (text->data.size == value->data.size &&
                memcmp(text->data.at, value->data.at, text->data.size) == 0)
                return true;
    }
    return value->data.size == 0;
}

static bool is_ready(const proto *model, size_t until, const proto *node)
{
    const proto_field *text;
    for (size_t k = 0; (text = proto_find(node, NODE_INPUT, k)) != NULL; k++)
        if (!is_made(model, until, text))
            return false;
    return true;
}

void tidy(proto *model)
{
    proto *graph = graph_of(model);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = graph->count; i-- > 0;)
            if (is_dead(model, &graph->fields[i])) {
                proto_remove(graph, &graph->fields[i]);
                changed = true;
            }
    }
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->fields[i].number != GRAPH_NODE)
            continue;
        for (size_t k = i; k < graph->count; k++) {
            if (graph->fields[k].number != GRAPH_NODE ||
                !is_ready(model, i, graph->fields[k].child))
                continue;
            const proto_field found = graph->fields[k];
            memmove(&graph->fields[i + 1], &graph->fields[i], (k - i) * sizeof found);
            graph->fields[i] = found;
            break;
        }
    }
}
