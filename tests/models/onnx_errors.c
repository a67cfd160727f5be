/*
 * The error for a file that the ONNX reader rejects names it, the node or tensor at fault, and what
 * was expected and found. One test for each kind of error.
 */
#include "check.h"
#include "model/match/stage.h"
#include "model/onnx/onnx.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOAT = 1, UINT16 = 4, INT64 = 7, FLOAT16 = 10, DOUBLE = 11 };

/* Reads it as ONNX even where the content looks like TFLite. */
static int read_onnx(stage_weights *weights, int stage, const unsigned char *at, size_t size,
                     const char *name, const message *to)
{
    graph g;
    int status = onnx_read(&g, at, size, name, to);
    if (status != UNECHO_OK)
        return status;
    status = stage_match(weights, stage, &g);
    graph_free(&g);
    return status;
}

/* The status, and a message with all of the words. */
static void check_refused(const unsigned char *at, size_t size, int stage, int status,
                          const char *const *words)
{
    char text[UNECHO_MESSAGE_SIZE] = "";
    const message to = {text, sizeof text};
    stage_weights weights;
    memset(&weights, 0x5a, sizeof weights);
    const stage_weights before = weights;
    const int found = read_onnx(&weights, stage, at, size, "some.onnx", &to);
    assert_memory_equal(&weights, &before, sizeof weights);
    if (found != status)
        fail_msg("status %d, expected %d: %s", found, status, text);
    if (strncmp(text, "some.onnx: ", strlen("some.onnx: ")) != 0)
        fail_msg("the file is not named: %s", text);
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("'%s' is missing in: %s", *words, text);
}

/* Takes ownership of the tree. */
static void check_tree(proto *model, int stage, int status, const char *const *words)
{
    const bytes file = proto_write(model);
    proto_free(model);
    check_refused(file.at, file.size, stage, status, words);
    free(file.at);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- Not ONNX --------------------------------------------------------------------------- */

static void other_files(void **state)
{
    (void)state;
    static const unsigned char zeros[4096];
    unsigned char noise[4096];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(random_bits(&seed) >> 8);
    static const char wav[] = "RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0";
    static const char tflite[] = "\x1c\0\0\0TFL3\x14\0\x20\0\x1c\0\x18\0\x14\0\x10\0\x0c\0\0\0";
    static const char text[] = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n";
    static const char zip[] = "PK\x03\x04\x14\0\0\0\x08\0archive/data.pkl";
    const struct {
        const void *at;
        size_t size;
    } files[] = {
        {zeros, sizeof zeros},   {noise, sizeof noise}, {wav, sizeof wav},
        {tflite, sizeof tflite}, {text, sizeof text},   {zip, sizeof zip},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        check_refused(files[i].at, files[i].size, 1, UNECHO_ERROR_FORMAT,
                      WORDS("not an ONNX model"));
    check_refused(NULL, 0, 1, UNECHO_ERROR_FORMAT, WORDS("not an ONNX model", "empty"));
}

static void tflite_of_the_reference(void **state)
{
    (void)state;
    need_reference();
    const bytes file = read_bytes(reference_path("models/dtln_aec_128_1.tflite"));
    check_refused(file.at, file.size, 1, UNECHO_ERROR_FORMAT, WORDS("not an ONNX model"));
    free(file.at);
}

/* Each ends where a message says that more follows. */
static void truncated(void **state)
{
    (void)state;
    const bytes file = our_bytes(1);
    check_refused(file.at, file.size - 1, 1, UNECHO_ERROR_FORMAT, WORDS("truncated", "byte"));
    check_refused(file.at, file.size / 2, 1, UNECHO_ERROR_FORMAT, WORDS("truncated", "byte"));
    check_refused(file.at, 100, 1, UNECHO_ERROR_FORMAT, WORDS("truncated", "of 100", "left"));
    check_refused(file.at, 1, 1, UNECHO_ERROR_FORMAT, WORDS("truncated"));
    free(file.at);
}

static void malformed_bytes(void **state)
{
    (void)state;
    static const unsigned char endless[] = {8,    7,    58,   12,   10,   0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const unsigned char group[] = {8, 7, 58, 2, 0x0b, 0x0c};
    static const unsigned char field_0[] = {8, 7, 58, 2, 0x02, 0x00};
    static const unsigned char wrong_wire[] = {8, 7, 58, 2, 0x08, 0x01};
    static const unsigned char two_graphs[] = {8, 7, 58, 0, 58, 0};
    check_refused(endless, sizeof endless, 1, UNECHO_ERROR_FORMAT, WORDS("byte 5", "64 bits"));
    check_refused(group, sizeof group, 1, UNECHO_ERROR_FORMAT, WORDS("byte 4", "wire type 3"));
    check_refused(field_0, sizeof field_0, 1, UNECHO_ERROR_FORMAT, WORDS("byte 4", "field number"));
    check_refused(wrong_wire, sizeof wrong_wire, 1, UNECHO_ERROR_FORMAT,
                  WORDS("wire type 0, expected 2"));
    check_refused(two_graphs, sizeof two_graphs, 1, UNECHO_ERROR_FORMAT, WORDS("second graph"));
}

/* ---- Sound files, wrong network ---------------------------------------------------------- */

static void stages_swapped(void **state)
{
    (void)state;
    check_tree(our_model(2), 1, UNECHO_ERROR_MODEL,
               WORDS("this is stage 2 of the network, expected stage 1"));
    check_tree(our_model(1), 2, UNECHO_ERROR_MODEL,
               WORDS("this is stage 1 of the network, expected stage 2"));
}

static void missing_initialisers(void **state)
{
    (void)state;
    for (int stage = 1; stage <= 2; stage++) {
        proto *whole = our_model(stage);
        const size_t tensors = proto_count(graph_of(whole), GRAPH_TENSOR);
        for (size_t i = 0; i < tensors; i++) {
            proto *model = our_model(stage);
            proto *tensor = proto_find(graph_of(model), GRAPH_TENSOR, i)->child;
            char name[64] = "";
            const bytes *text = &proto_find(tensor, TENSOR_NAME, 0)->data;
            memcpy(name, text->at, text->size);
            drop(graph_of(model), tensor);
            check_tree(model, stage, UNECHO_ERROR_FORMAT, WORDS(name, "missing", "initialiser"));
        }
        proto_free(whole);
    }
}

/* A matrix with other dims, its data cut or repeated to fit them. */
static void set_dims(const proto *model, const char *name, uint64_t rows, uint64_t columns)
{
    proto *tensor = tensor_of(model, name);
    bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    const bytes resized = {calloc((size_t)(rows * columns), 4), (size_t)(4 * rows * columns)};
    free(data->at);
    *data = resized;
    proto_find(tensor, TENSOR_DIMS, 0)->value = rows;
    if (proto_find(tensor, TENSOR_DIMS, 1))
        proto_find(tensor, TENSOR_DIMS, 1)->value = columns;
}

static void widths_that_do_not_match(void **state)
{
    (void)state;
    static const struct {
        const char *tensor;
        uint64_t rows, columns;
        const char *node;
    } cases[] = {
        {"lstm0/W", 513, 512, "lstm0/xW"},         {"lstm0/W", 514, 508, "lstm0/sum"},
        {"lstm0/U", 127, 512, "lstm0/hU"},         {"lstm0/b", 511, 1, "lstm0/gates"},
        {"lstm1/W", 257, 512, "lstm1/xW"},         {"lstm1/U", 128, 516, "lstm1/sum"},
        {"dense/W", 129, 257, "dense/xW"},         {"dense/W", 128, 256, "dense/out"},
        {"dense/b", 256, 1, "dense/out"},          {"norm_mic/gamma", 256, 1, "norm_mic/scaled"},
        {"norm_far/beta", 258, 1, "norm_far/out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        proto *model = our_model(1);
        set_dims(model, cases[i].tensor, cases[i].rows, cases[i].columns);
        check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS(cases[i].node, "widths do not match"));
    }
    proto *model = our_model(2);
    set_dims(model, "encoder/W", 512, 257);
    check_tree(model, 2, UNECHO_ERROR_MODEL, WORDS("widths do not match", "257"));
    model = our_model(2);
    set_dims(model, "decoder/W", 512, 511);
    check_tree(model, 2, UNECHO_ERROR_MODEL, WORDS("'Identity'", "[1, 1, 511]", "512"));
}

static void units_out_of_range(void **state)
{
    (void)state;
    static const unsigned units[] = {2, 6, 130, 2052, 65532};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        proto *model = our_model(1);
        proto *shape = shape_of_port(port_of(model, GRAPH_INPUT, 1));
        proto_find(proto_find(shape, 1, 2)->child, 1, 0)->value = units[i];
        check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'states'", "multiple of 4"));
    }
    proto *model = our_model(1);
    proto *units_dim = proto_find(shape_of_port(port_of(model, GRAPH_INPUT, 1)), 1, 2)->child;
    proto_remove(units_dim, proto_find(units_dim, 1, 0));
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'states'", "left open"));
}

static void ports(void **state)
{
    (void)state;
    proto *model = our_model(1);
    drop(graph_of(model), port_of(model, GRAPH_OUTPUT, 1));
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("1 graph outputs, expected 2"));

    model = our_model(1);
    proto_copy(graph_of(model), GRAPH_INPUT, port_of(model, GRAPH_INPUT, 0));
    proto_set_text(proto_find(port_of(model, GRAPH_INPUT, 3), PORT_NAME, 0), "fourth");
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("4 graph inputs, expected 3"));

    model = our_model(1);
    drop(graph_of(model), port_of(model, GRAPH_INPUT, 2));
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'far_magnitude'", "missing"));

    model = our_model(1);
    proto *shape = shape_of_port(port_of(model, GRAPH_INPUT, 0));
    proto_find(proto_find(shape, 1, 2)->child, 1, 0)->value = 129;
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'mic_magnitude'", "[1, 1, 129]", "257"));

    model = our_model(1);
    proto *type = proto_find(port_of(model, GRAPH_INPUT, 0), PORT_TYPE, 0)->child;
    proto_find(proto_find(type, 1, 0)->child, 1, 0)->value = FLOAT16;
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'mic_magnitude'", "float16", "float32"));

    model = our_model(1);
    proto_remove(port_of(model, GRAPH_INPUT, 1),
                 proto_find(port_of(model, GRAPH_INPUT, 1), PORT_TYPE, 0));
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'states'"));

    model = our_model(1);
    shape = shape_of_port(port_of(model, GRAPH_OUTPUT, 0));
    proto_find(proto_find(shape, 1, 2)->child, 1, 0)->value = 256;
    check_tree(model, 1, UNECHO_ERROR_MODEL,
               WORDS("'Identity'", "[1, 1, 256]", "[1, 1, 257]", "declared"));

    model = our_model(1);
    proto_set_text(proto_find(port_of(model, GRAPH_OUTPUT, 0), PORT_NAME, 0), "nothing");
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'nothing'", "missing"));
}

static void opsets(void **state)
{
    (void)state;
    proto *model = our_model(1);
    proto_find(proto_find(model, MODEL_OPSET, 0)->child, 2, 0)->value = 6;
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("opset 6", "7"));
    model = our_model(1);
    proto_remove(model, proto_find(model, MODEL_OPSET, 0));
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("opset"));
}

/* ---- Tensors ---------------------------------------------------------------------------- */

static void external_data(void **state)
{
    (void)state;
    proto *model = our_model(1);
    proto *tensor = tensor_of(model, "lstm0/W");
    proto_remove(tensor, proto_find(tensor, TENSOR_RAW, 0));
    proto_add_bytes(tensor, TENSOR_EXTERNAL, "\x0a\x08location\x12\x07w.bin", 18);
    proto_add_int(tensor, TENSOR_LOCATION, 1);
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'lstm0/W'", "external"));
}

static void dims_that_do_not_fit_the_data(void **state)
{
    (void)state;
    proto *model = our_model(1);
    proto_find(tensor_of(model, "lstm0/W"), TENSOR_DIMS, 0)->value = 515;
    check_tree(model, 1, UNECHO_ERROR_FORMAT,
               WORDS("'lstm0/W'", "[515, 512]", "1054720", "1052672"));

    model = our_model(1);
    proto *tensor = tensor_of(model, "dense/W");
    proto_remove(tensor, proto_find(tensor, TENSOR_RAW, 0));
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'dense/W'", "131584", "found 0"));

    model = our_model(1);
    proto_find(tensor_of(model, "shape/row"), TENSOR_DIMS, 0)->value = 3;
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'shape/row'", "[3]", "24", "16"));

    static const uint64_t wild[] = {UINT64_MAX, (uint64_t)1 << 62, (uint64_t)1 << 31, 1 << 30};
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        model = our_model(1);
        proto_find(tensor_of(model, "lstm0/U"), TENSOR_DIMS, 0)->value = wild[i];
        check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'lstm0/U'", "dim"));
    }

    model = our_model(1);
    for (int i = 0; i < 9; i++)
        proto_add_int(tensor_of(model, "epsilon"), TENSOR_DIMS, 1);
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'epsilon'", "8 dims"));
}

static void data_in_the_wrong_place(void **state)
{
    (void)state;
    proto *model = our_model(1);
    proto_find(tensor_of(model, "lstm0/b"), TENSOR_RAW, 0)->number = TENSOR_INT64S;
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'lstm0/b'", "another type"));
    model = our_model(1);
    proto_add_bytes(tensor_of(model, "lstm0/b"), TENSOR_FLOATS, "abcd", 4);
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'lstm0/b'", "twice"));
    model = our_model(1);
    proto_add_bytes(tensor_of(model, "lstm0/b"), 3, "\x08\x01", 2);
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'lstm0/b'", "segments"));
}

static void types_that_are_not_float32(void **state)
{
    (void)state;
    static const char *const names[] = {"lstm0/W", "lstm1/U", "dense/b", "norm_far/gamma"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        proto *model = our_model(1);
        proto *tensor = tensor_of(model, names[i]);
        proto_find(tensor, TENSOR_TYPE, 0)->value = UINT16;
        proto_find(tensor, TENSOR_RAW, 0)->data.size /= 2;
        check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS(names[i], "uint16", "float32"));
    }
}

static void numbers_that_are_not_finite(void **state)
{
    (void)state;
    static const char *const names[] = {"lstm0/W", "lstm0/U", "lstm0/b",        "lstm1/W",
                                        "dense/W", "dense/b", "norm_mic/gamma", "norm_far/beta"};
    const float bad[2] = {NAN, -INFINITY};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        proto *model = our_model(1);
        memcpy(proto_find(tensor_of(model, names[i]), TENSOR_RAW, 0)->data.at + 77 * sizeof(float),
               &bad[i % 2], 4);
        check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS(names[i], "element 77", "finite"));
    }
}

/* With which the network would compute what is not finite. */
static void huge_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {"lstm0/W", "lstm1/U", "lstm0/b",
                                        "dense/W", "dense/b", "norm_mic/gamma"};
    const float huge[2] = {1e30f, -1.5e5f};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        proto *model = our_model(1);
        memcpy(proto_find(tensor_of(model, names[i]), TENSOR_RAW, 0)->data.at + 77 * sizeof(float),
               &huge[i % 2], 4);
        check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS(names[i], "element 77", "at most"));
    }
}

static void other_epsilon(void **state)
{
    (void)state;
    const float epsilon = 1e-5f;
    proto *model = our_model(1);
    add_tensor(model, "other", NULL, 0, FLOAT, &epsilon, 4);
    proto_set_text(proto_find(node_making(model, "norm_far/guarded"), NODE_INPUT, 1), "other");
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'other'", "1e-07", "9.99999975e-06"));
    model = our_model(1);
    add_tensor(model, "other", NULL, 0, FLOAT, &epsilon, 4);
    proto_set_text(proto_find(node_making(model, "mic/floored"), NODE_INPUT, 1), "other");
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'other'", "1e-07"));
}

static void same_name_twice(void **state)
{
    (void)state;
    proto *model = our_model(1);
    proto_copy(graph_of(model), GRAPH_TENSOR, tensor_of(model, "lstm0/b"));
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'lstm0/b'", "two tensors"));
    model = our_model(1);
    proto_set_text(proto_find(node_making(model, "lstm1/sum"), NODE_OUTPUT, 0), "lstm0/sum");
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("'lstm0/sum'", "two tensors"));
}

/* ---- Nodes ------------------------------------------------------------------------------ */

static void circles(void **state)
{
    (void)state;
    proto *model = our_model(1);
    proto_set_text(proto_find(node_making(model, "lstm0/xW"), NODE_INPUT, 0), "dense/out");
    check_tree(model, 1, UNECHO_ERROR_FORMAT, WORDS("node", "depends on its own output"));
}

/* Every node of both stages in turn becomes something else: each one matters and is named. */
static void other_operators(void **state)
{
    (void)state;
    for (int stage = 1; stage <= 2; stage++) {
        proto *whole = our_model(stage);
        const size_t nodes = proto_count(graph_of(whole), GRAPH_NODE);
        for (size_t i = 0; i < nodes; i++) {
            proto *model = our_model(stage);
            proto *node = proto_find(graph_of(model), GRAPH_NODE, i)->child;
            char output[64] = "";
            const bytes *text = &proto_find(node, NODE_OUTPUT, 0)->data;
            memcpy(output, text->at, text->size);
            proto_set_text(proto_find(node, NODE_OP, 0), "QLinearMatMul");
            check_tree(model, stage, UNECHO_ERROR_MODEL, WORDS(output, "(QLinearMatMul)"));
        }
        proto_free(whole);
    }
    proto *model = our_model(1);
    proto_add_text(node_making(model, "lstm0/i/act"), NODE_DOMAIN, "com.microsoft");
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("lstm0/i/act", "(Sigmoid)"));
}

static void swap_op(int stage, const char *output, const char *op, const char *named)
{
    proto *model = our_model(stage);
    proto_set_text(proto_find(node_making(model, output), NODE_OP, 0), op);
    check_tree(model, stage, UNECHO_ERROR_MODEL, WORDS(named, "expected"));
}

/* A known operator in a place where it does not compute this network. */
static void operators_in_the_wrong_place(void **state)
{
    (void)state;
    swap_op(1, "mask/row", "Tanh", "mask/row");
    swap_op(1, "lstm0/i/act", "Tanh", "lstm0/write");
    swap_op(1, "lstm1/cell/act", "Sigmoid", "lstm1/cell/act");
    swap_op(1, "lstm1/cell", "Sub", "lstm1/cell");
    swap_op(1, "lstm0/sum", "Mul", "lstm0/sum");
    swap_op(1, "mic/log", "Sqrt", "mic/log");
    swap_op(1, "far/power", "Add", "far/power");
    swap_op(1, "norm_far/std", "Log", "norm_far/std");
    swap_op(1, "norm_far/centred", "Add", "norm_far/centred");
    swap_op(1, "norm_mic/unit", "Mul", "norm_mic/std");
    swap_op(2, "masked", "Add", "masked");
    swap_op(2, "norm_estimate/out", "Mul", "norm_estimate/out");
}

static void connect(int stage, const char *output, size_t input, const char *value,
                    const char *named)
{
    proto *model = our_model(stage);
    proto_set_text(proto_find(node_making(model, output), NODE_INPUT, input), value);
    check_tree(model, stage, UNECHO_ERROR_MODEL, WORDS(named));
}

/* The right operators, wired wrongly. */
static void wrong_connections(void **state)
{
    (void)state;
    connect(1, "lstm0/hU", 0, "state/10/row", "lstm0/gates");      /* h of the other layer */
    connect(1, "lstm0/keep", 1, "state/11/row", "lstm0/keep");     /* c of the other layer */
    connect(1, "lstm1/keep", 1, "state/10/row", "lstm1/keep");     /* h for c */
    connect(1, "lstm1/f/act", 0, "lstm0/f", "lstm0/gates");        /* a gate of the other layer */
    connect(1, "lstm1/i/act", 0, "lstm1/f", "lstm1");              /* one gate twice */
    connect(1, "lstm1/state", 0, "lstm1/cell/unit", "Identity_1"); /* c for h in the states */
    connect(1, "Identity_1", 0, "lstm1/state", "Identity_1");      /* one layer twice */
    connect(1, "far/power", 0, "mic_magnitude", "far/power");      /* mic times far end */
    connect(1, "far/log", 0, "mic/floored", "mic_magnitude");      /* mic twice */
    connect(1, "norm_far/variance", 0, "norm_mic/square", "norm_far"); /* other's variance */
    connect(1, "norm_far/centred", 1, "norm_mic/mean", "norm_far/centred");
    connect(2, "masked", 0, "far/encoded", "far/encoded");    /* the far end masked */
    connect(2, "far/encoded", 0, "estimate", "estimate");     /* estimate twice */
    connect(2, "far/encoded", 1, "decoder/W", "far/encoded"); /* another encoder */
}

static void other_attributes(void **state)
{
    (void)state;
    const float none = 0;
    proto *model = our_model(1);
    proto *node = node_making(model, "dense/xW");
    proto_set_text(proto_find(node, NODE_OP, 0), "Gemm");
    proto *alpha = proto_add(node, NODE_ATTRIBUTE);
    proto_add_text(alpha, ATTRIBUTE_NAME, "alpha");
    proto_add_bytes(alpha, ATTRIBUTE_F, &none, 4)->wire = 5;
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("dense/xW", "alpha 0"));

    model = our_model(1);
    proto_find(attribute_of(node_making(model, "lstm0/i"), "axis"), ATTRIBUTE_I, 0)->value = 7;
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("lstm0/i", "axis 7"));

    model = our_model(1);
    proto_find(attribute_of(node_making(model, "Identity_1"), "axis"), ATTRIBUTE_I, 0)->value = 3;
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'Identity_1'", "[1, 1, 128, 4]"));
}

/* The first convolution of the reference's stage 2, with one attribute or dim changed. */
static void other_convolutions(void **state)
{
    (void)state;
    need_reference();
    const bytes file = read_bytes(reference_path("models/model_128_2.onnx"));
    static const char *const lists[] = {"strides", "pads"};
    for (size_t i = 0; i < 3; i++) {
        proto *model = proto_parse(file.at, file.size, PROTO_MODEL);
        proto *conv = node_of_op(model, "Conv", 0);
        if (i < 2) {
            proto_field *list = proto_find(attribute_of(conv, lists[i]), ATTRIBUTE_INTS, 0);
            if (list->wire == 0)
                list->value = 2;
            else
                list->data.at[0] = 2;
        } else {
            proto_find(attribute_of(conv, "group"), ATTRIBUTE_I, 0)->value = 2;
        }
        check_tree(model, 2, UNECHO_ERROR_MODEL,
                   WORDS("conv1d_2", "(Conv)", "group 1, strides 1 and no padding"));
    }
    proto *model = proto_parse(file.at, file.size, PROTO_MODEL);
    const float one = 1;
    memcpy(proto_find(tensor_of(model, "Conv2D_2"), TENSOR_RAW, 0)->data.at + 12, &one, 4);
    check_tree(model, 2, UNECHO_ERROR_MODEL, WORDS("(Conv)", "bias 3 is 1"));
    free(file.at);
}

/* Names that are long or not text do not break the message. */
static void unprintable_names(void **state)
{
    (void)state;
    char name[1001];
    memset(name, 'n', sizeof name - 1);
    name[1000] = 0;
    memcpy(name, "\n\x1b[2J%s%n", 9);
    proto *model = our_model(1);
    proto_set_text(proto_find(node_making(model, "mask/row"), NODE_OP, 0), name);
    proto_set_text(proto_find(node_making(model, "mask/row"), NODE_NAME, 0), name);
    check_tree(model, 1, UNECHO_ERROR_MODEL, WORDS("'??[2J%s%n", "nnn...nnn", "operator"));
}

/* A message is optional, and is cut at the end of its buffer. */
static void small_messages(void **state)
{
    (void)state;
    stage_weights weights;
    const message none = {NULL, 0};
    assert_int_equal(read_onnx(&weights, 1, (const unsigned char *)"x", 1, "x", &none),
                     UNECHO_ERROR_FORMAT);
    char text[8] = "?";
    const message small = {text, sizeof text};
    assert_int_equal(read_onnx(&weights, 1, (const unsigned char *)"x", 1, "some", &small),
                     UNECHO_ERROR_FORMAT);
    assert_string_equal(text, "some: n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_files),
        cmocka_unit_test(tflite_of_the_reference),
        cmocka_unit_test(truncated),
        cmocka_unit_test(malformed_bytes),
        cmocka_unit_test(stages_swapped),
        cmocka_unit_test(missing_initialisers),
        cmocka_unit_test(widths_that_do_not_match),
        cmocka_unit_test(units_out_of_range),
        cmocka_unit_test(ports),
        cmocka_unit_test(opsets),
        cmocka_unit_test(external_data),
        cmocka_unit_test(dims_that_do_not_fit_the_data),
        cmocka_unit_test(data_in_the_wrong_place),
        cmocka_unit_test(types_that_are_not_float32),
        cmocka_unit_test(numbers_that_are_not_finite),
        cmocka_unit_test(huge_numbers),
        cmocka_unit_test(other_epsilon),
        cmocka_unit_test(same_name_twice),
        cmocka_unit_test(circles),
        cmocka_unit_test(other_operators),
        cmocka_unit_test(operators_in_the_wrong_place),
        cmocka_unit_test(wrong_connections),
        cmocka_unit_test(other_attributes),
        cmocka_unit_test(other_convolutions),
        cmocka_unit_test(unprintable_names),
        cmocka_unit_test(small_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
