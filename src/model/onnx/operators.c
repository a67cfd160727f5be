/* The operators of ONNX that unecho reads, with the number of their inputs. */
#include "onnx_reader.h"

#include "unecho.h"

static const struct {
    const char *name;
    unsigned char op, least, most; /* inputs */
} ops[] = {
    {"Constant", OP_CONSTANT, 0, 0},
    {"Add", OP_ADD, 2, 2},
    {"Sub", OP_SUB, 2, 2},
    {"Mul", OP_MUL, 2, 2},
    {"Div", OP_DIV, 2, 2},
    {"Pow", OP_POW, 2, 2},
    {"Log", OP_LOG, 1, 1},
    {"Sqrt", OP_SQRT, 1, 1},
    {"Reciprocal", OP_RECIPROCAL, 1, 1},
    {"Sigmoid", OP_SIGMOID, 1, 1},
    {"Tanh", OP_TANH, 1, 1},
    {"MatMul", OP_MATMUL, 2, 2},
    {"Gemm", OP_GEMM, 2, 3},
    {"Conv", OP_CONV, 2, 3},
    {"ReduceMean", OP_REDUCE_MEAN, 1, 2},
    {"GlobalAveragePool", OP_GLOBAL_AVERAGE_POOL, 1, 1},
    {"LayerNormalization", OP_LAYER_NORMALIZATION, 2, 3},
    {"LSTM", OP_LSTM, 3, 8},
    {"GRU", OP_GRU, 3, 6},
    {"DynamicQuantizeLinear", OP_DYNAMIC_QUANTIZE, 1, 1},
    {"MatMulInteger", OP_MATMUL_INTEGER, 2, 4},
    {"ConvInteger", OP_CONV_INTEGER, 2, 4},
    {"Identity", OP_IDENTITY, 1, 1},
    {"Cast", OP_CAST, 1, 1},
    {"Dropout", OP_DROPOUT, 1, 2}, /* the third input would be the training mode */
    {"DequantizeLinear", OP_DEQUANTIZE, 2, 3},
    {"Reshape", OP_RESHAPE, 2, 2},
    {"Squeeze", OP_SQUEEZE, 1, 2},
    {"Unsqueeze", OP_UNSQUEEZE, 1, 2},
    {"Flatten", OP_FLATTEN, 1, 1},
    {"Transpose", OP_TRANSPOSE, 1, 1},
    {"Concat", OP_CONCAT, 1, 255},
    {"Split", OP_SPLIT, 1, 2},
    {"Slice", OP_SLICE, 1, 5},
    {"Gather", OP_GATHER, 2, 2},
};

/* The domain of ONNX Runtime's own operators, which its quantiser writes. */
static const char microsoft[] = "com.microsoft";

static graph_op op_of(graph_text domain, graph_text op_type, size_t *least_inputs,
                      size_t *most_inputs)
{
    *least_inputs = 0;
    *most_inputs = SIZE_MAX;
    if (graph_text_is(domain, microsoft) && graph_text_is(op_type, "DynamicQuantizeLSTM")) {
        *least_inputs = 3;
        *most_inputs = 12;
        return OP_DYNAMIC_QUANTIZE_LSTM;
    }
    if (domain.size > 0 && !graph_text_is(domain, "ai.onnx"))
        return OP_UNKNOWN;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (graph_text_is(op_type, ops[i].name)) {
            *least_inputs = ops[i].least;
            *most_inputs = ops[i].most == 255 ? SIZE_MAX : ops[i].most;
            return (graph_op)ops[i].op;
        }
    }
    return OP_UNKNOWN;
}

void onnx_name_operators(graph *g)
{
    size_t least, most;
    for (size_t i = 0; i < g->node_count; i++) {
        graph_node *n = &g->nodes[i];
        n->op = op_of(n->domain, n->op_type, &least, &most);
    }
}

/* Only the nodes that the outputs depend on: others do no harm. */
int onnx_check_operators(const graph *g)
{
    for (size_t i = 0; i < g->order_count; i++) {
        const graph_node *n = &g->nodes[g->order[i]];
        size_t least, most;
        op_of(n->domain, n->op_type, &least, &most);
        if (n->op == OP_UNKNOWN)
            return graph_fail_node(g, n, UNECHO_ERROR_MODEL, "unecho does not read this operator");
        if (n->op == OP_CONSTANT)
            return graph_fail_node(g, n, UNECHO_ERROR_MODEL, "no tensor in its attribute 'value'");
        if (n->inputs < least || n->inputs > most)
            return graph_fail_node(g, n, UNECHO_ERROR_FORMAT, "%zu inputs, expected %zu to %zu",
                                   n->inputs, least, most);
        for (size_t k = 0; k < n->inputs; k++)
            if (graph_in(g, n, k) == GRAPH_NONE && (k < least || n->op == OP_CONCAT))
                return graph_fail_node(g, n, UNECHO_ERROR_FORMAT, "its input %zu is left out", k);
    }
    return UNECHO_OK;
}
