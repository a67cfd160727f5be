/*
 * The ONNX reader follows the data flow: every export of the network gives its weights, the same
 * bits however the graph is spelled, named and ordered.
 */
#include "check.h"
#include "model/stage_file.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho.h"
#include "weights_equal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct loaded {
    bytes file;
    stage_weights weights;
} loaded;

static loaded load_bytes(bytes file, int stage, const char *name)
{
    char text[UNECHO_MESSAGE_SIZE] = "";
    const message to = {text, sizeof text};
    loaded l = {.file = file};
    const int status = stage_file_read(&l.weights, stage, file.at, file.size, name, &to);
    if (status != UNECHO_OK)
        fail_msg("%d: %s", status, text);
    return l;
}

static loaded load_file(const char *path, int stage)
{
    return load_bytes(read_bytes(path), stage, path);
}

static loaded load_ours(int stage)
{
    return load_bytes(our_bytes(stage), stage, "ours");
}

/* Takes ownership of the tree. */
static loaded load_tree(proto *model, int stage, const char *name)
{
    const bytes file = proto_write(model);
    proto_free(model);
    return load_bytes(file, stage, name);
}

static void unload(loaded *l)
{
    free(l->weights.vectors);
    free(l->file.at);
}

static void check_equal(const loaded *left, const loaded *right)
{
    check_weights(&left->weights, &right->weights);
}

/* ---- Files ------------------------------------------------------------------------------ */

/* A tensor of ours, [in, out], against the matrix [out, in] that was read. */
static void check_tensor(const proto *model, const char *name, const matrix *m)
{
    const bytes *data = &proto_find(tensor_of(model, name), TENSOR_RAW, 0)->data;
    assert_int_equal(data->size, 4 * m->rows * m->columns);
    const matrix transposed = {data->at,       m->rows, m->columns, 1, m->rows,
                               MATRIX_FLOAT32, 1,       NULL,       0};
    check_matrix_rows(name, m, 0, &transposed, 0, m->rows);
}

static void check_vector(const proto *model, const char *name, const float *x, size_t n)
{
    const bytes *data = &proto_find(tensor_of(model, name), TENSOR_RAW, 0)->data;
    assert_int_equal(data->size, 4 * n);
    assert_memory_equal(data->at, x, data->size);
}

static void reads_our_models(void **state)
{
    (void)state;
    for (int stage = 1; stage <= 2; stage++) {
        proto *model = our_model(stage);
        loaded l = load_ours(stage);
        const stage_weights *w = &l.weights;
        const size_t n = stage == 1 ? 257 : 512;
        assert_int_equal(w->units, 128);
        assert_int_equal(w->features, n);
        assert_string_equal(w->producer, "unecho");
        const char *main_gamma = stage == 1 ? "norm_mic/gamma" : "norm_estimate/gamma";
        const char *main_beta = stage == 1 ? "norm_mic/beta" : "norm_estimate/beta";
        check_vector(model, main_gamma, w->norm_main.gamma, n);
        check_vector(model, main_beta, w->norm_main.beta, n);
        check_vector(model, "norm_far/gamma", w->norm_far.gamma, n);
        check_vector(model, "norm_far/beta", w->norm_far.beta, n);
        check_tensor(model, "lstm0/W", &w->lstm[0].input);
        check_tensor(model, "lstm0/U", &w->lstm[0].recurrent);
        check_vector(model, "lstm0/b", w->lstm[0].bias, 512);
        check_tensor(model, "lstm1/W", &w->lstm[1].input);
        check_tensor(model, "lstm1/U", &w->lstm[1].recurrent);
        check_vector(model, "lstm1/b", w->lstm[1].bias, 512);
        for (size_t i = 0; i < GATES; i++)
            assert_int_equal(w->lstm[1].gate_row[i], 128 * i);
        check_tensor(model, "dense/W", &w->dense);
        check_vector(model, "dense/b", w->dense_bias, n);
        if (stage == 2) {
            check_tensor(model, "encoder/W", &w->encoder);
            check_tensor(model, "decoder/W", &w->decoder);
        }
        unload(&l);
        proto_free(model);
    }
}

static void reads_reference_models(void **state)
{
    (void)state;
    need_reference();
    static const struct {
        const char *name;
        int stage;
        size_t units;
    } files[] = {
        {"model_128_1", 1, 128},
        {"model_128_1_opset13", 1, 128},
        {"model_128_2", 2, 128},
        {"model_128_2_matmul", 2, 128},
        {"model_128_2_transpose_nobias", 2, 128},
        {"model_256_1", 1, 256},
        {"model_256_2", 2, 256},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        loaded l = load_file(reference_path("models/%s.onnx", files[i].name), files[i].stage);
        assert_int_equal(l.weights.units, files[i].units);
        assert_int_equal(l.weights.features, files[i].stage == 1 ? 257 : 512);
        unload(&l);
    }
}

static void reference_spellings_are_equal(void **state)
{
    (void)state;
    need_reference();
    static const char *const pairs[][2] = {
        {"model_128_1", "model_128_1_opset13"},
        {"model_128_2", "model_128_2_matmul"},
        {"model_128_2", "model_128_2_transpose_nobias"},
    };
    for (size_t i = 0; i < 3; i++) {
        const int stage = i == 0 ? 1 : 2;
        loaded a = load_file(reference_path("models/%s.onnx", pairs[i][0]), stage);
        loaded b = load_file(reference_path("models/%s.onnx", pairs[i][1]), stage);
        check_equal(&a, &b);
        unload(&a);
        unload(&b);
    }
}

static void names_and_order_do_not_matter(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int stage = 1; stage <= 2; stage++) {
        loaded ours = load_ours(stage);
        for (int i = 0; i < 10; i++) {
            proto *model = our_model(stage);
            rename_all(model, &seed);
            shuffle_all(model, &seed);
            loaded other = load_tree(model, stage, "renamed and shuffled");
            check_equal(&ours, &other);
            unload(&other);
        }
        unload(&ours);
    }
}

static void every_number_of_units(void **state)
{
    (void)state;
    static const unsigned units[] = {4, 12, 512, 2048};
    for (int stage = 1; stage <= 2; stage++) {
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
            proto *model = our_model(stage);
            resize_units(model, units[i]);
            loaded l = load_tree(model, stage, "resized");
            assert_int_equal(l.weights.units, units[i]);
            assert_int_equal(l.weights.lstm[0].input.rows, 4 * units[i]);
            unload(&l);
        }
    }
}

/* ---- Other spellings of one graph -------------------------------------------------------- */

static void each_node(const proto *model, void (*change)(proto *model, proto *node))
{
    proto *graph = graph_of(model);
    for (size_t i = 0; i < graph->count; i++)
        if (graph->fields[i].number == GRAPH_NODE)
            change((proto *)(uintptr_t)model, graph->fields[i].child);
}

static int has_op(const proto *node, const char *op)
{
    return proto_is(proto_find(node, NODE_OP, 0), op);
}

static void swap_inputs(proto *model, proto *node)
{
    (void)model;
    if (!has_op(node, "Add") && !has_op(node, "Mul"))
        return;
    proto_field *a = proto_find(node, NODE_INPUT, 0);
    proto_field *b = proto_find(node, NODE_INPUT, 1);
    const bytes kept = a->data;
    a->data = b->data;
    b->data = kept;
}

static void swap_all_inputs(proto *model)
{
    each_node(model, swap_inputs);
}

static void transpose(unsigned char *to, const unsigned char *from, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            memcpy(to + 4 * (c * rows + r), from + 4 * (r * columns + c), 4);
}

/* [in, out] becomes [out, in] in the file. */
static void transpose_tensor(const proto *model, const char *name)
{
    proto *tensor = tensor_of(model, name);
    proto_field *in = proto_find(tensor, TENSOR_DIMS, 0);
    proto_field *out = proto_find(tensor, TENSOR_DIMS, 1);
    bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    unsigned char *turned = malloc(data->size);
    transpose(turned, data->at, (size_t)in->value, (size_t)out->value);
    free(data->at);
    data->at = turned;
    const uint64_t kept = in->value;
    in->value = out->value;
    out->value = kept;
}

/* xW + b as Gemm with transposed weights. */
static void use_gemm(proto *model)
{
    transpose_tensor(model, "dense/W");
    proto *product = node_making(model, "dense/xW");
    proto_set_text(proto_find(product, NODE_OP, 0), "Gemm");
    add_attribute_int(product, "transB", 1);
    proto_add_text(product, NODE_INPUT, "dense/b");
    redirect(model, "dense/out", "dense/xW");
}

/* W^T x with x as a column: the matrix on the left. */
static void use_columns(proto *model)
{
    transpose_tensor(model, "lstm1/U");
    const int64_t column[2] = {128, 1}, row[2] = {1, 512};
    const uint64_t two = 2;
    add_tensor(model, "column", &two, 1, 7, column, sizeof column);
    add_tensor(model, "row", &two, 1, 7, row, sizeof row);
    proto_set_text(proto_find(node_making(model, "state/10/row"), NODE_INPUT, 1), "column");
    proto *product = node_making(model, "lstm1/hU");
    proto_set_text(proto_find(product, NODE_INPUT, 0), "lstm1/U");
    proto_set_text(proto_find(product, NODE_INPUT, 1), "state/10/row");
    redirect(model, "lstm1/hU", "lstm1/hU/row");
    proto *reshape = add_node(model, "Reshape", "lstm1/hU/row");
    proto_add_text(reshape, NODE_INPUT, "lstm1/hU");
    proto_add_text(reshape, NODE_INPUT, "row");
}

/* The file holds W^T and a node that transposes it. */
static void use_transposed_weights(proto *model)
{
    transpose_tensor(model, "lstm0/W");
    redirect(model, "lstm0/W", "lstm0/W/turned");
    proto_add_text(add_node(model, "Transpose", "lstm0/W/turned"), NODE_INPUT, "lstm0/W");
}

/* Of one layer norm of stage 1. */
static void use_layer_normalization(proto *model)
{
    const float epsilon = 1e-7f;
    redirect(model, "norm_far/out", "norm_far/operator");
    proto *node = add_node(model, "LayerNormalization", "norm_far/operator");
    proto_add_text(node, NODE_INPUT, "far/log");
    proto_add_text(node, NODE_INPUT, "norm_far/gamma");
    proto_add_text(node, NODE_INPUT, "norm_far/beta");
    proto *attribute = proto_add(node, NODE_ATTRIBUTE);
    proto_add_text(attribute, ATTRIBUTE_NAME, "epsilon");
    proto_add_bytes(attribute, ATTRIBUTE_F, &epsilon, sizeof epsilon)->wire = 5;
}

/* x * (gamma * rsqrt) instead of (x / sqrt) * gamma, and Pow instead of x * x. */
static void regroup_norm(proto *model)
{
    const float two = 2;
    add_tensor(model, "two", NULL, 0, 1, &two, sizeof two);
    proto *square = node_making(model, "norm_mic/square");
    proto_set_text(proto_find(square, NODE_OP, 0), "Pow");
    proto_set_text(proto_find(square, NODE_INPUT, 1), "two");
    proto_add_text(add_node(model, "Reciprocal", "rsqrt"), NODE_INPUT, "norm_mic/std");
    proto *unit = node_making(model, "norm_mic/unit");
    proto_set_text(proto_find(unit, NODE_OP, 0), "Mul");
    proto_set_text(proto_find(unit, NODE_INPUT, 0), "rsqrt");
    proto_set_text(proto_find(unit, NODE_INPUT, 1), "norm_mic/gamma");
    proto *scaled = node_making(model, "norm_mic/scaled");
    proto_set_text(proto_find(scaled, NODE_INPUT, 1), "norm_mic/centred");
}

static void move_tensor(proto *model, proto *tensor)
{
    proto_field *name = proto_find(tensor, TENSOR_NAME, 0);
    char text[64] = "";
    memcpy(text, name->data.at, name->data.size);
    proto *attribute = proto_add(add_node(model, "Constant", text), NODE_ATTRIBUTE);
    proto_add_text(attribute, ATTRIBUTE_NAME, "value");
    proto_copy(attribute, ATTRIBUTE_TENSOR, tensor);
    drop(graph_of(model), tensor);
}

static void use_constant_nodes(proto *model)
{
    proto *graph = graph_of(model);
    while (proto_find(graph, GRAPH_TENSOR, 0))
        move_tensor(model, proto_find(graph, GRAPH_TENSOR, 0)->child);
}

/* float_data and int64_data instead of raw_data. */
static void use_typed_data(proto *model)
{
    const proto *graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_TENSOR); i++) {
        proto *tensor = proto_find(graph, GRAPH_TENSOR, i)->child;
        proto_field *raw = proto_find(tensor, TENSOR_RAW, 0);
        if (proto_find(tensor, TENSOR_TYPE, 0)->value == 1) {
            raw->number = TENSOR_FLOATS;
            continue;
        }
        unsigned char packed[64];
        size_t n = 0;
        for (size_t k = 0; k < raw->data.size; k += 8) {
            int64_t value;
            memcpy(&value, raw->data.at + k, sizeof value);
            for (; value >= 128; value >>= 7)
                packed[n++] = (unsigned char)(value | 128);
            packed[n++] = (unsigned char)value;
        }
        proto_remove(tensor, raw);
        proto_add_bytes(tensor, TENSOR_INT64S, packed, n);
    }
}

/* ONNX's own gate order: i, o, f, g. */
static void reorder_gates(proto *model)
{
    static const size_t from[4] = {0, 3, 1, 2};
    static const char *const names[] = {"lstm1/W", "lstm1/U", "lstm1/b"};
    for (size_t t = 0; t < 3; t++) {
        bytes *data = &proto_find(tensor_of(model, names[t]), TENSOR_RAW, 0)->data;
        unsigned char *kept = malloc(data->size);
        memcpy(kept, data->at, data->size);
        const size_t gate = 128 * sizeof(float);
        for (size_t row = 0; row < data->size; row += 4 * gate)
            for (size_t i = 0; i < 4; i++)
                memcpy(data->at + row + i * gate, kept + row + from[i] * gate, gate);
        free(kept);
    }
    proto *split = node_making(model, "lstm1/g");
    proto_set_text(proto_find(split, NODE_OUTPUT, 1), "lstm1/o");
    proto_set_text(proto_find(split, NODE_OUTPUT, 2), "lstm1/f");
    proto_set_text(proto_find(split, NODE_OUTPUT, 3), "lstm1/g");
}

/* states[0, layer, :, part] by three Gathers, as PyTorch spells it. */
static void use_gather(proto *model)
{
    const int64_t numbers[2] = {0, 1};
    add_tensor(model, "zero", NULL, 0, 7, &numbers[0], 8);
    add_tensor(model, "one", NULL, 0, 7, &numbers[1], 8);
    static const char *const made[] = {"g0", "g1", "g2"};
    static const char *const read[] = {"states", "g0", "g1"};
    static const char *const at[] = {"zero", "one", "zero"};
    static const uint64_t axes[] = {0, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        proto *gather = add_node(model, "Gather", made[i]);
        proto_add_text(gather, NODE_INPUT, read[i]);
        proto_add_text(gather, NODE_INPUT, at[i]);
        add_attribute_int(gather, "axis", axes[i]);
    }
    proto_set_text(proto_find(node_making(model, "state/10/row"), NODE_INPUT, 0), "g2");
}

/* Nodes that change nothing, between all others. */
static void add_identities(proto *model)
{
    static const char *const values[] = {"states",     "features", "lstm0/gates",    "lstm0/hidden",
                                         "lstm1/cell", "dense/W",  "norm_far/gamma", "dense/b"};
    static const char *const ops[] = {"Identity", "Dropout", "Cast"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/same", values[i]);
        redirect(model, values[i], name);
        proto *node = add_node(model, ops[i % 3], name);
        proto_add_text(node, NODE_INPUT, values[i]);
        if (i % 3 == 2)
            add_attribute_int(node, "to", 1);
    }
}

/* A batch size left open, and inputs that also list the initialisers. */
static void open_ports(proto *model)
{
    proto *graph = graph_of(model);
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->fields[i].number != GRAPH_INPUT && graph->fields[i].number != GRAPH_OUTPUT)
            continue;
        proto *dim = proto_find(shape_of_port(graph->fields[i].child), 1, 0)->child;
        proto_remove(dim, proto_find(dim, 1, 0));
        proto_add_text(dim, 2, "batch");
    }
    proto_add_text(proto_add(graph, GRAPH_INPUT), PORT_NAME, "dense/W");
    proto_add_text(proto_add(graph, GRAPH_INPUT), PORT_NAME, "epsilon");
}

/* Nodes and tensors that nothing depends on are ignored. */
static void add_dead_nodes(proto *model)
{
    proto_add_text(add_node(model, "Fantasy", "unused"), NODE_INPUT, "states");
    proto_add_text(add_node(model, "MatMul", "unused too"), NODE_INPUT, "unused");
}

static void other_spellings_are_equal(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*change)(proto *model);
        int stages; /* 1: only stage 1, 3: both */
    } spellings[] = {
        {"operands swapped", swap_all_inputs, 3},
        {"Gemm", use_gemm, 3},
        {"columns", use_columns, 3},
        {"transposed weights", use_transposed_weights, 3},
        {"LayerNormalization", use_layer_normalization, 1},
        {"regrouped norm", regroup_norm, 1},
        {"Constant", use_constant_nodes, 3},
        {"typed data", use_typed_data, 3},
        {"gate order", reorder_gates, 3},
        {"Gather", use_gather, 3},
        {"identities", add_identities, 3},
        {"open ports", open_ports, 3},
        {"dead nodes", add_dead_nodes, 3},
    };
    for (int stage = 1; stage <= 2; stage++) {
        loaded ours = load_ours(stage);
        for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
            if (!(spellings[i].stages & stage))
                continue;
            proto *model = our_model(stage);
            spellings[i].change(model);
            loaded other = load_tree(model, stage, spellings[i].name);
            check_equal(&ours, &other);
            unload(&other);
        }
        unload(&ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_our_models),
        cmocka_unit_test(reads_reference_models),
        cmocka_unit_test(reference_spellings_are_equal),
        cmocka_unit_test(names_and_order_do_not_matter),
        cmocka_unit_test(every_number_of_units),
        cmocka_unit_test(other_spellings_are_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
