/*
 * Names in messages, and small questions to a graph: attributes, operators, shapes. Knows no rule
 * of any operator.
 */
#include "onnx.h"

#include "unecho.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Elements beyond this are refused: the largest matrix of any network here has 2^24. */
#define ELEMENTS_MAX ((size_t)1 << 27)

onnx_text onnx_text_of(pb_cursor body)
{
    return (onnx_text){(const char *)body.at, (size_t)(body.end - body.at)};
}

bool onnx_text_is(onnx_text text, const char *word)
{
    return text.size == strlen(word) && (text.size == 0 || memcmp(text.at, word, text.size) == 0);
}

onnx_label onnx_label_of(onnx_text text)
{
    onnx_label label;
    const size_t room = sizeof label.text - 1;
    const size_t head = text.size <= room ? text.size : room / 2 - 3;
    size_t n = 0;
    for (size_t i = 0; i < head; i++)
        label.text[n++] = text.at[i];
    if (text.size > room) {
        for (size_t i = 0; i < 3; i++)
            label.text[n++] = '.';
        for (size_t i = text.size - (room - n); n < room; i++)
            label.text[n++] = text.at[i];
    }
    label.text[n] = 0;
    for (size_t i = 0; i < n; i++)
        if (label.text[i] < ' ' || label.text[i] > '~')
            label.text[i] = '?';
    return label;
}

onnx_label onnx_shape_label(const onnx_shape *shape)
{
    onnx_label label;
    size_t n = 0;
    label.text[n++] = '[';
    for (size_t d = 0; d < shape->rank && n + 24 < sizeof label.text; d++) {
        const int written = snprintf(label.text + n, sizeof label.text - n, "%s%zu",
                                     d > 0 ? ", " : "", shape->dims[d]);
        n += written > 0 ? (size_t)written : 0;
    }
    label.text[n++] = ']';
    label.text[n] = 0;
    return label;
}

bool onnx_shape_set(onnx_shape *shape, size_t rank, const size_t *dims)
{
    size_t elements = 1;
    bool fits = true;
    shape->rank = rank;
    for (size_t d = 0; d < rank; d++) {
        shape->dims[d] = dims[d];
        if (dims[d] != 0 && elements > ELEMENTS_MAX / dims[d])
            fits = false;
        else
            elements *= dims[d];
    }
    shape->elements = elements;
    return fits;
}

static const struct {
    const char *name;
    unsigned char op, least, most; /* inputs */
} ops[] = {
    {"Constant", ONNX_CONSTANT, 0, 0},
    {"Add", ONNX_ADD, 2, 2},
    {"Sub", ONNX_SUB, 2, 2},
    {"Mul", ONNX_MUL, 2, 2},
    {"Div", ONNX_DIV, 2, 2},
    {"Pow", ONNX_POW, 2, 2},
    {"Log", ONNX_LOG, 1, 1},
    {"Sqrt", ONNX_SQRT, 1, 1},
    {"Reciprocal", ONNX_RECIPROCAL, 1, 1},
    {"Sigmoid", ONNX_SIGMOID, 1, 1},
    {"Tanh", ONNX_TANH, 1, 1},
    {"MatMul", ONNX_MATMUL, 2, 2},
    {"Gemm", ONNX_GEMM, 2, 3},
    {"Conv", ONNX_CONV, 2, 3},
    {"ReduceMean", ONNX_REDUCE_MEAN, 1, 2},
    {"GlobalAveragePool", ONNX_GLOBAL_AVERAGE_POOL, 1, 1},
    {"LayerNormalization", ONNX_LAYER_NORMALIZATION, 2, 3},
    {"LSTM", ONNX_LSTM, 3, 8},
    {"DynamicQuantizeLinear", ONNX_DYNAMIC_QUANTIZE, 1, 1},
    {"MatMulInteger", ONNX_MATMUL_INTEGER, 2, 4},
    {"ConvInteger", ONNX_CONV_INTEGER, 2, 4},
    {"Identity", ONNX_IDENTITY, 1, 1},
    {"Cast", ONNX_CAST, 1, 1},
    {"Dropout", ONNX_DROPOUT, 1, 2}, /* the third input would be the training mode */
    {"DequantizeLinear", ONNX_DEQUANTIZE, 2, 3},
    {"Reshape", ONNX_RESHAPE, 2, 2},
    {"Squeeze", ONNX_SQUEEZE, 1, 2},
    {"Unsqueeze", ONNX_UNSQUEEZE, 1, 2},
    {"Flatten", ONNX_FLATTEN, 1, 1},
    {"Transpose", ONNX_TRANSPOSE, 1, 1},
    {"Concat", ONNX_CONCAT, 1, 255},
    {"Split", ONNX_SPLIT, 1, 2},
    {"Slice", ONNX_SLICE, 1, 5},
    {"Gather", ONNX_GATHER, 2, 2},
};

/* What ONNX Runtime's own domain has, and its quantiser writes. */
static const char microsoft[] = "com.microsoft";

onnx_op onnx_op_of(onnx_text domain, onnx_text op_type, size_t *least_inputs, size_t *most_inputs)
{
    *least_inputs = 0;
    *most_inputs = SIZE_MAX;
    if (onnx_text_is(domain, microsoft) && onnx_text_is(op_type, "DynamicQuantizeLSTM")) {
        *least_inputs = 3;
        *most_inputs = 12;
        return ONNX_DYNAMIC_QUANTIZE_LSTM;
    }
    if (domain.size > 0 && !onnx_text_is(domain, "ai.onnx"))
        return ONNX_UNKNOWN;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (onnx_text_is(op_type, ops[i].name)) {
            *least_inputs = ops[i].least;
            *most_inputs = ops[i].most == 255 ? SIZE_MAX : ops[i].most;
            return (onnx_op)ops[i].op;
        }
    }
    return ONNX_UNKNOWN;
}

const onnx_attribute *onnx_attribute_of(const onnx_graph *graph, const onnx_node *node,
                                        const char *name)
{
    for (size_t i = 0; i < node->attributes; i++) {
        const onnx_attribute *attribute = &graph->attributes[node->first_attribute + i];
        if (onnx_text_is(attribute->name, name))
            return attribute;
    }
    return NULL;
}

int64_t onnx_attribute_int(const onnx_graph *graph, const onnx_node *node, const char *name,
                           int64_t otherwise)
{
    const onnx_attribute *attribute = onnx_attribute_of(graph, node, name);
    return attribute ? attribute->i : otherwise;
}

bool onnx_attribute_ints(const onnx_attribute *attribute, int64_t *list, size_t *count)
{
    pb_cursor body = attribute->ints;
    pb_field field;
    size_t n = 0;
    for (; attribute->list && n < attribute->listed; n++)
        list[n] = attribute->list[n];
    while (!attribute->list && pb_next(&body, &field) > 0) {
        pb_cursor packed = field.body;
        while (field.number == 8 && packed.at < packed.end) {
            uint64_t value = 0;
            if (n == ONNX_LIST_MAX || pb_varint(&packed, &value) < 0)
                return false;
            list[n++] = (int64_t)value;
        }
    }
    *count = n;
    return true;
}

size_t onnx_in(const onnx_graph *graph, const onnx_node *node, size_t k)
{
    return k < node->inputs ? graph->links[node->first_input + k] : ONNX_NONE;
}

/* The name of a node, or what stands for it. */
static void name_node(const onnx_graph *graph, const onnx_node *node, char *text, size_t size)
{
    const onnx_label op = onnx_label_of(node->op_type);
    if (node->name.size > 0)
        snprintf(text, size, "node '%s' (%.40s)", onnx_label_of(node->name).text, op.text);
    else if (node->outputs > 0)
        snprintf(text, size, "node that makes '%s' (%.40s)",
                 onnx_label_of(graph->values[node->first_output].name).text, op.text);
    else
        snprintf(text, size, "node without a name (%.40s)", op.text);
}

int onnx_fail_node(const onnx_graph *graph, const onnx_node *node, int status, const char *format,
                   ...)
{
    char who[256], what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    name_node(graph, node, who, sizeof who);
    return message_fail(graph->file.message, status, "%s: %s: %s", graph->file.name, who, what);
}

int onnx_fail_value(const onnx_graph *graph, size_t value, int status, const char *format, ...)
{
    char who[256], what[256];
    const onnx_value *v = &graph->values[value];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (v->from == ONNX_FROM_NODE)
        name_node(graph, &graph->nodes[v->index], who, sizeof who);
    else
        snprintf(who, sizeof who, "%s '%s'", v->from == ONNX_FROM_INPUT ? "graph input" : "tensor",
                 onnx_label_of(v->name).text);
    return message_fail(graph->file.message, status, "%s: %s: %s", graph->file.name, who, what);
}
