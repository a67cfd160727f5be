/*
 * TFLite operators as the ONNX nodes that compute the same: most are one node, a few are two or
 * three.
 */
#include "operation.h"

#include "unecho.h"

#include <stdio.h>

#define FORMAT UNECHO_ERROR_FORMAT
#define MODEL  UNECHO_ERROR_MODEL

enum { OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_OPTIONS_TYPE, OPERATOR_OPTIONS };

/* A translation; op: the node's operator, where it is used. */
typedef int translator(operation *o, graph_op op);

/* ---- Element by element ----------------------------------------------------------------- */

/* Two operands, and an option that names an activation. */
static int pair(operation *o, graph_op op)
{
    const int status = op_want_none(o, 0, "a fused activation");
    return status == UNECHO_OK ? op_simple(o, op) : status;
}

/* x * x of a value x */
static void add_square(const operation *o, size_t x)
{
    graph_node *const n = op_add_node(o, OP_MUL);
    op_add_input(o, n, x);
    op_add_input(o, n, x);
    op_add_output(o, n, 0);
}

static int square(operation *o, graph_op op)
{
    (void)op;
    add_square(o, op_input(o, 0));
    return UNECHO_OK;
}

static int squared_difference(operation *o, graph_op op)
{
    (void)op;
    graph_node *const n = op_add_node(o, OP_SUB);
    op_add_input(o, n, op_input(o, 0));
    op_add_input(o, n, op_input(o, 1));
    add_square(o, op_add_value(o, n));
    return UNECHO_OK;
}

static int reciprocal_root(operation *o, graph_op op)
{
    (void)op;
    graph_node *const root = op_add_node(o, OP_SQRT);
    op_add_input(o, root, op_input(o, 0));
    const size_t value = op_add_value(o, root);
    graph_node *const n = op_add_node(o, OP_RECIPROCAL);
    op_add_input(o, n, value);
    op_add_output(o, n, 0);
    return UNECHO_OK;
}

/* ---- Sums ------------------------------------------------------------------------------- */

static int mean(operation *o, graph_op op)
{
    int32_t keep = 0;
    const int status = op_option(o, 0, 1, 0, &keep);
    if (status != UNECHO_OK)
        return status;
    graph_node *const n = op_add_node(o, op);
    op_add_input(o, n, op_input(o, 0));
    op_add_input(o, n, op_input(o, 1));
    op_add_int(o, n, "keepdims", keep != 0);
    op_add_int(o, n, "noop_with_empty_axes", 1);
    op_add_output(o, n, 0);
    return UNECHO_OK;
}

static size_t add_reshape(const operation *o, size_t value, const int64_t *dims, size_t rank)
{
    graph_node *const n = op_add_node(o, OP_RESHAPE);
    op_add_input(o, n, value);
    op_add_list(o, n, "shape", dims, rank);
    return op_add_value(o, n);
}

/* x times the transpose of weights [out, in], plus a bias, at each position of x. */
static int add_product(operation *o, size_t weights)
{
    const size_t x = op_input(o, 0);
    const tflite_tensor *const out = op_output_tensor(o, 0);
    const bool flat = op_shape(o, x)->rank == 2 && out->shape.rank == 2;
    const int64_t rows[2] = {-1, (int64_t)op_shape(o, weights)->dims[1]};
    int64_t dims[GRAPH_RANK_MAX];
    if (!flat && !out->shaped)
        return op_fail(o, MODEL, "its output has no shape");
    const size_t vector = flat ? x : add_reshape(o, x, rows, 2);
    graph_node *const n = op_add_node(o, OP_GEMM);
    op_add_input(o, n, vector);
    op_add_input(o, n, weights);
    if (op_input(o, 2) != GRAPH_NONE)
        op_add_input(o, n, op_input(o, 2));
    op_add_int(o, n, "transB", 1);
    if (flat) {
        op_add_output(o, n, 0);
        return UNECHO_OK;
    }
    const size_t value = op_add_value(o, n);
    graph_node *const shaped = op_add_node(o, OP_RESHAPE);
    for (size_t d = 0; d < out->shape.rank; d++)
        dims[d] = (int64_t)out->shape.dims[d];
    op_add_input(o, shaped, value);
    op_add_list(o, shaped, "shape", dims, out->shape.rank);
    op_add_output(o, shaped, 0);
    return UNECHO_OK;
}

static int fully_connected(operation *o, graph_op op)
{
    (void)op;
    int status = op_want_none(o, 0, "a fused activation");
    if (status == UNECHO_OK)
        status = op_want_none(o, 1, "a format of weights");
    if (status != UNECHO_OK)
        return status;
    if (op_shape(o, op_input(o, 1))->rank != 2)
        return op_fail(o, MODEL, "its weights must be [outputs, inputs]");
    return add_product(o, op_input(o, 1));
}

/* Only a convolution that is a matrix product at each position; its kernel is [out, 1, 1, in]. */
static int convolution(operation *o, graph_op op)
{
    (void)op;
    graph *const g = o->t->graph;
    const graph_value *const v = &g->values[op_input(o, 1)];
    int32_t across = 0, down = 0;
    int status = op_want_none(o, 3, "a fused activation");
    if (status == UNECHO_OK)
        status = op_option(o, 1, 4, 0, &across);
    if (status == UNECHO_OK)
        status = op_option(o, 2, 4, 0, &down);
    if (status != UNECHO_OK)
        return status;
    if (v->from != FROM_TENSOR || v->shape.rank != 4 || v->shape.dims[1] != 1 ||
        v->shape.dims[2] != 1 || across != 1 || down != 1)
        return op_fail(o, MODEL, "expected a convolution of size 1 with strides 1");
    /* The kernel again, as a matrix. */
    const graph_tensor *const kernel = &g->tensors[v->index];
    tflite_tensor as_matrix = {.name = kernel->name,
                               .type = kernel->type,
                               .data = {kernel->data, kernel->size},
                               .scale = kernel->scale,
                               .scales = kernel->scales,
                               .axis = kernel->axis == 3 ? 1 : kernel->axis};
    const size_t dims[2] = {v->shape.dims[0], v->shape.dims[3]};
    graph_shape_set(&as_matrix.shape, 2, dims);
    return add_product(o, tflite_add_constant(o->t, &as_matrix));
}

/* Of a constant, whose scale the tensor has already. */
static int dequantize(operation *o, graph_op op)
{
    (void)op;
    const graph *const g = o->t->graph;
    const graph_value *const v = &g->values[op_input(o, 0)];
    const graph_tensor *const t = v->from == FROM_TENSOR ? &g->tensors[v->index] : NULL;
    if (!t || (t->scale == 0 && t->type != TYPE_FLOAT16))
        return op_fail(o, MODEL, "its input must be constant int8 or float16");
    op_output_tensor(o, 0)->value = op_input(o, 0);
    return UNECHO_OK;
}

/* ---- All -------------------------------------------------------------------------------- */

enum { MANY = 255 };

/* By BuiltinOperator; options: its BuiltinOptions, 0: none that matter. */
static const struct {
    unsigned char code, options;
    unsigned char least, most; /* inputs */
    unsigned char outputs;
    unsigned char op;
    const char *name;
    translator *translate;
} operators[] = {
    {0, 11, 2, 2, 1, OP_ADD, "ADD", pair},
    {2, 10, 1, MANY, 1, OP_CONCAT, "CONCATENATION", move_concatenation},
    {3, 1, 2, 3, 1, OP_CONV, "CONV_2D", convolution},
    {6, 0, 1, 1, 1, OP_IDENTITY, "DEQUANTIZE", dequantize},
    {9, 8, 2, 3, 1, OP_GEMM, "FULLY_CONNECTED", fully_connected},
    {14, 0, 1, 1, 1, OP_SIGMOID, "LOGISTIC", op_simple},
    {18, 21, 2, 2, 1, OP_MUL, "MUL", pair},
    {22, 17, 1, 2, 1, OP_RESHAPE, "RESHAPE", move_reshape},
    {28, 0, 1, 1, 1, OP_TANH, "TANH", op_simple},
    {39, 0, 2, 2, 1, OP_TRANSPOSE, "TRANSPOSE", move_transpose},
    {40, 27, 2, 2, 1, OP_REDUCE_MEAN, "MEAN", mean},
    {41, 28, 2, 2, 1, OP_SUB, "SUB", pair},
    {42, 29, 2, 2, 1, OP_DIV, "DIV", pair},
    {43, 30, 1, 1, 1, OP_SQUEEZE, "SQUEEZE", move_squeeze},
    {45, 32, 4, 4, 1, OP_SLICE, "STRIDED_SLICE", move_strided_slice},
    {49, 35, 2, 2, MANY, OP_SPLIT, "SPLIT", move_split},
    {70, 0, 2, 2, 1, OP_UNSQUEEZE, "EXPAND_DIMS", op_simple},
    {73, 0, 1, 1, 1, OP_LOG, "LOG", op_simple},
    {75, 0, 1, 1, 1, OP_SQRT, "SQRT", op_simple},
    {76, 0, 1, 1, 1, OP_RECIPROCAL, "RSQRT", reciprocal_root},
    {78, 0, 2, 2, 1, OP_POW, "POW", op_simple},
    {83, 59, 1, MANY, 1, OP_CONCAT, "PACK", move_pack},
    {88, 64, 1, 1, MANY, OP_SPLIT, "UNPACK", move_unpack},
    {92, 0, 1, 1, 1, OP_MUL, "SQUARE", square},
    {99, 0, 2, 2, 1, OP_SUB, "SQUARED_DIFFERENCE", squared_difference},
};
enum { OPERATORS = sizeof operators / sizeof operators[0] };

/* The operator's row in the table. Codes above 127 have a field of their own. */
static int find_operator(operation *o, const fb_table *table, size_t *row)
{
    const source *const file = &o->t->graph->file;
    uint64_t index = 0;
    fb_table code;
    int32_t old = 0, builtin = 0;
    char name[32];
    int status = fb_number(table, OPERATOR_CODE, 4, 0, &index);
    if (status != UNECHO_OK)
        return status;
    if (index >= o->t->codes.count)
        return message_fail(file->message, FORMAT, "%s: node '%s': operator code %llu of %zu",
                            file->name, graph_label_of(o->label).text, (unsigned long long)index,
                            o->t->codes.count);
    status = fb_element(file, &o->t->codes, (size_t)index, &code);
    if (status == UNECHO_OK)
        status = fb_int(&code, 0, 1, 0, &old);
    if (status == UNECHO_OK)
        status = fb_int(&code, 3, 4, 0, &builtin);
    if (status != UNECHO_OK)
        return status;
    if (builtin < old)
        builtin = old;
    for (*row = 0; *row < OPERATORS; ++*row)
        if (operators[*row].code == builtin) {
            o->name = operators[*row].name;
            return UNECHO_OK;
        }
    snprintf(name, sizeof name, "operator %ld", (long)builtin);
    o->name = name;
    status = op_fail(o, MODEL, "unecho does not read this operator");
    o->name = NULL;
    return status;
}

/* Every input must be known by now, or be optional and left out. */
static int check_inputs(const operation *o, size_t least, size_t most)
{
    const graph *const g = o->t->graph;
    const graph_node n = op_node(o);
    if (o->inputs.count < least || (o->inputs.count > most && most != MANY))
        return graph_fail_node(g, &n, FORMAT, "%zu inputs, expected %zu to %zu", o->inputs.count,
                               least, most);
    for (size_t k = 0; k < o->inputs.count; k++) {
        const int32_t index = fb_int_at(&o->inputs, k);
        if (index == -1 && k >= least && most != MANY)
            continue;
        if (index < 0 || (size_t)index >= o->t->tensor_count)
            return graph_fail_node(g, &n, FORMAT, "its input %zu is tensor %ld of %zu", k,
                                   (long)index, o->t->tensor_count);
        if (o->t->tensors[index].value == GRAPH_NONE)
            return graph_fail_node(g, &n, FORMAT,
                                   "its input '%s' is missing: it is neither a constant nor a "
                                   "graph input, and no earlier operator makes it",
                                   graph_label_of(o->t->tensors[index].name).text);
    }
    return UNECHO_OK;
}

static int check_outputs(const operation *o, size_t count)
{
    const graph *const g = o->t->graph;
    const graph_node n = op_node(o);
    if (o->outputs.count == 0 || (o->outputs.count != count && count != MANY))
        return graph_fail_node(g, &n, FORMAT, "%zu outputs, expected %zu", o->outputs.count, count);
    for (size_t k = 0; k < o->outputs.count; k++) {
        const int32_t index = fb_int_at(&o->outputs, k);
        if (index < 0 || (size_t)index >= o->t->tensor_count)
            return graph_fail_node(g, &n, FORMAT, "its output %zu is tensor %ld of %zu", k,
                                   (long)index, o->t->tensor_count);
        if (o->t->tensors[index].value != GRAPH_NONE)
            return graph_fail_node(g, &n, FORMAT,
                                   "its output '%s' is a constant, a graph input or made before",
                                   graph_label_of(o->t->tensors[index].name).text);
    }
    return UNECHO_OK;
}

static int read_options(operation *o, const fb_table *table, uint64_t expected)
{
    const graph_node n = op_node(o);
    uint64_t type = 0;
    int status = fb_number(table, OPERATOR_OPTIONS_TYPE, 1, 0, &type);
    if (status != UNECHO_OK || type == 0 || expected == 0)
        return status;
    if (type != expected)
        return graph_fail_node(o->t->graph, &n, FORMAT,
                               "its options are of type %llu, expected "
                               "%llu",
                               (unsigned long long)type, (unsigned long long)expected);
    return fb_table_of(table, OPERATOR_OPTIONS, &o->options);
}

int tflite_read_operator(tflite_reader *t, const fb_table *table)
{
    operation o = {.t = t, .name = "operator"};
    size_t row = 0;
    int status = fb_vector_of(table, OPERATOR_INPUTS, 4, &o.inputs);
    if (status == UNECHO_OK)
        status = fb_vector_of(table, OPERATOR_OUTPUTS, 4, &o.outputs);
    if (status != UNECHO_OK)
        return status;
    const int32_t first = o.outputs.count > 0 ? fb_int_at(&o.outputs, 0) : -1;
    if (first >= 0 && (size_t)first < t->tensor_count)
        o.label = t->tensors[first].name;
    status = find_operator(&o, table, &row);
    if (status == UNECHO_OK)
        status = check_inputs(&o, operators[row].least, operators[row].most);
    if (status == UNECHO_OK)
        status = check_outputs(&o, operators[row].outputs);
    if (status == UNECHO_OK)
        status = read_options(&o, table, operators[row].options);
    if (status == UNECHO_OK)
        status = operators[row].translate(&o, (graph_op)operators[row].op);
    return status;
}
