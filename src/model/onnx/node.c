/* NodeProto and AttributeProto. */
#include "onnx_reader.h"

#include "network/matrix.h"
#include "unecho.h"

graph_text onnx_text_of(pb_cursor body)
{
    return (graph_text){(const char *)body.at, (size_t)(body.end - body.at)};
}

int onnx_want_text(const pb_field *field, graph_text *text)
{
    *text = onnx_text_of(field->body);
    return pb_want(field, PB_BYTES);
}

static int read_ints(graph *g, graph_attribute *a, const pb_field *field)
{
    pb_cursor packed = field->body;
    uint64_t value = 0;
    int status = pb_want_list(field, PB_VARINT);
    while (status == UNECHO_OK && packed.at < packed.end) {
        status = pb_varint(&packed, &value);
        if (a->listed++ < GRAPH_LIST_MAX && status == UNECHO_OK)
            g->lists[g->list_count++] = (int64_t)value;
    }
    return status;
}

static void read_text(graph_attribute *a, const pb_field *field)
{
    if (a->text_count < GRAPH_TEXTS_MAX)
        a->texts[a->text_count] = onnx_text_of(field->body);
    a->text_count++;
}

/* tensor: receives the value of field 5; untouched without one. */
static int read_attribute(graph *g, graph_attribute *a, pb_cursor *tensor, pb_cursor body)
{
    pb_field field;
    int status;
    a->list = g->lists + g->list_count;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            status = onnx_want_text(&field, &a->name);
            break;
        case 2:
            status = pb_want(&field, PB_FIXED32);
            if (status == UNECHO_OK)
                a->f = float32_of(field.body.at);
            break;
        case 3:
            status = pb_want(&field, PB_VARINT);
            a->i = (int64_t)field.value;
            break;
        case 5:
            status = pb_want(&field, PB_BYTES);
            *tensor = field.body;
            break;
        case 4:
        case 9:
            read_text(a, &field);
            break;
        case ONNX_ATTRIBUTE_INTS:
            status = read_ints(g, a, &field);
            break;
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    return status;
}

/* The first attribute called `value` counts. */
static int read_node_attribute(onnx_reader *r, pb_cursor *constant, const pb_field *field)
{
    graph *const g = r->graph;
    graph_attribute *const a = &g->attributes[g->attribute_count++];
    pb_cursor tensor = {0};
    int status = pb_want(field, PB_BYTES);
    if (status == UNECHO_OK)
        status = read_attribute(g, a, &tensor, field->body);
    if (!constant->at && graph_text_is(a->name, "value"))
        *constant = tensor;
    return status;
}

int onnx_read_node(onnx_reader *r, pb_cursor body)
{
    graph *const g = r->graph;
    pb_cursor *const constant = &r->constants[g->node_count];
    graph_node *n = &g->nodes[g->node_count++];
    pb_field field;
    int status;
    n->first_input = g->link_count;
    n->first_output = g->value_count;
    n->first_attribute = g->attribute_count;
    while ((status = pb_next(&body, &field)) > 0) {
        switch (field.number) {
        case 1:
            n->inputs++;
            status = onnx_want_text(&field, &r->names[g->link_count++]);
            break;
        case 2: {
            graph_value *v = &g->values[g->value_count++];
            v->from = FROM_NODE;
            v->index = g->node_count - 1;
            v->output = n->outputs++;
            status = onnx_want_text(&field, &v->name);
            break;
        }
        case 3:
            status = onnx_want_text(&field, &n->name);
            break;
        case 4:
            status = onnx_want_text(&field, &n->op_type);
            break;
        case 5:
            n->attributes++;
            status = read_node_attribute(r, constant, &field);
            break;
        case 7:
            status = onnx_want_text(&field, &n->domain);
            break;
        default:
            break;
        }
        if (status < 0)
            return status;
    }
    return status;
}
