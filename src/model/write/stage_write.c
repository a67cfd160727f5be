/* The network as nodes of opset 13. The reader does not rely on how they are written. */
#include "stage_write.h"

#include "model/graph/graph.h"
#include "protobuf_write.h"
#include "tensor_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IR_VERSION = 7, OPSET = 13 };
enum { MATRICES = 7, INPUTS_MAX = 4, OUTPUTS_MAX = 4 };

typedef struct stage_file {
    const stage_weights *w;
    int stage;
    const char *name;
    stored matrices[MATRICES];
    size_t count;
} stage_file;

/* ---- Nodes ------------------------------------------------------------------------------ */

/* In names % is the part of the network, @ its input. */
typedef struct node_spec {
    const char *op;
    const char *outputs[OUTPUTS_MAX];
    const char *inputs[INPUTS_MAX];
    const char *attribute; /* an integer; NULL: none */
    int64_t value;
} node_spec;

static const node_spec log_power[] = {
    {"Mul", {"%/power"}, {"@", "@"}, NULL, 0},
    {"Add", {"%/floored"}, {"%/power", "epsilon"}, NULL, 0},
    {"Log", {"%/log"}, {"%/floored"}, NULL, 0},
};

static const node_spec layer_norm[] = {
    {"ReduceMean", {"%/mean"}, {"@"}, NULL, 0},
    {"Sub", {"%/centred"}, {"@", "%/mean"}, NULL, 0},
    {"Mul", {"%/square"}, {"%/centred", "%/centred"}, NULL, 0},
    {"ReduceMean", {"%/variance"}, {"%/square"}, NULL, 0},
    {"Add", {"%/guarded"}, {"%/variance", "epsilon"}, NULL, 0},
    {"Sqrt", {"%/std"}, {"%/guarded"}, NULL, 0},
    {"Div", {"%/unit"}, {"%/centred", "%/std"}, NULL, 0},
    {"Mul", {"%/scaled"}, {"%/unit", "%/gamma"}, NULL, 0},
    {"Add", {"%/out"}, {"%/scaled", "%/beta"}, NULL, 0},
};

static const node_spec features[] = {
    {"Concat", {"features"}, {"%/out", "norm_far/out"}, "axis", 2},
    {"Reshape", {"features/row"}, {"features", "shape/features"}, NULL, 0},
};

static const node_spec cell[] = {
    {"Slice", {"%/h"}, {"states", "%/h/begin", "%/h/end", "axes"}, NULL, 0},
    {"Reshape", {"%/h/row"}, {"%/h", "shape/row"}, NULL, 0},
    {"Slice", {"%/c"}, {"states", "%/c/begin", "%/c/end", "axes"}, NULL, 0},
    {"Reshape", {"%/c/row"}, {"%/c", "shape/row"}, NULL, 0},
    {"MatMul", {"%/xW"}, {"@", "%/W"}, NULL, 0},
    {"MatMul", {"%/hU"}, {"%/h/row", "%/U"}, NULL, 0},
    {"Add", {"%/sum"}, {"%/xW", "%/hU"}, NULL, 0},
    {"Add", {"%/gates"}, {"%/sum", "%/b"}, NULL, 0},
    {"Split", {"%/i", "%/f", "%/g", "%/o"}, {"%/gates"}, "axis", 1},
    {"Sigmoid", {"%/i/act"}, {"%/i"}, NULL, 0},
    {"Sigmoid", {"%/f/act"}, {"%/f"}, NULL, 0},
    {"Sigmoid", {"%/o/act"}, {"%/o"}, NULL, 0},
    {"Tanh", {"%/g/act"}, {"%/g"}, NULL, 0},
    {"Mul", {"%/keep"}, {"%/f/act", "%/c/row"}, NULL, 0},
    {"Mul", {"%/write"}, {"%/i/act", "%/g/act"}, NULL, 0},
    {"Add", {"%/cell"}, {"%/keep", "%/write"}, NULL, 0},
    {"Tanh", {"%/cell/act"}, {"%/cell"}, NULL, 0},
    {"Mul", {"%/hidden"}, {"%/o/act", "%/cell/act"}, NULL, 0},
    {"Reshape", {"%/hidden/unit"}, {"%/hidden", "shape/unit"}, NULL, 0},
    {"Reshape", {"%/cell/unit"}, {"%/cell", "shape/unit"}, NULL, 0},
    {"Concat", {"%/state"}, {"%/hidden/unit", "%/cell/unit"}, "axis", 3},
};

static const node_spec mask[] = {
    {"Concat", {"Identity_1"}, {"lstm0/state", "lstm1/state"}, "axis", 1},
    {"MatMul", {"dense/xW"}, {"lstm1/hidden", "dense/W"}, NULL, 0},
    {"Add", {"dense/out"}, {"dense/xW", "dense/b"}, NULL, 0},
    {"Sigmoid", {"mask/row"}, {"dense/out"}, NULL, 0},
    {"Reshape", {"@"}, {"mask/row", "shape/frame"}, NULL, 0},
};

static const node_spec encode[] = {{"MatMul", {"%/encoded"}, {"@", "encoder/W"}, NULL, 0}};

static const node_spec decode[] = {
    {"Mul", {"masked"}, {"estimate/encoded", "mask"}, NULL, 0},
    {"MatMul", {"Identity"}, {"masked", "decoder/W"}, NULL, 0},
};

static const node_spec widen[] = {{"Cast", {"%"}, {"%/stored"}, "to", TYPE_FLOAT}};
static const node_spec dequantize[] = {
    {"DequantizeLinear", {"%"}, {"%/stored", "%/scale"}, "axis", 1}};

enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_I = 3, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { KIND_INT = 2, KIND_INTS = 7 };

typedef struct node {
    const node_spec *spec;
    const char *part, *input;
} node;

static void put_name(pb_out *out, unsigned number, const char *pattern, const node *n)
{
    char name[64];
    if (*pattern == '%')
        snprintf(name, sizeof name, "%s%s", n->part, pattern + 1);
    else
        snprintf(name, sizeof name, "%s", *pattern == '@' ? n->input : pattern);
    pb_put_text(out, number, name);
}

typedef struct attribute {
    const char *name;
    int64_t value;
    bool is_list;
} attribute;

static void put_attribute(pb_out *out, const void *what)
{
    const attribute *const a = what;
    pb_put_text(out, ATTRIBUTE_NAME, a->name);
    pb_put_int(out, a->is_list ? ATTRIBUTE_INTS : ATTRIBUTE_I, (uint64_t)a->value);
    pb_put_int(out, ATTRIBUTE_TYPE, a->is_list ? KIND_INTS : KIND_INT);
}

static void put_node(pb_out *out, const void *what)
{
    const node *const n = what;
    for (size_t k = 0; k < INPUTS_MAX && n->spec->inputs[k]; k++)
        put_name(out, NODE_INPUT, n->spec->inputs[k], n);
    for (size_t k = 0; k < OUTPUTS_MAX && n->spec->outputs[k]; k++) {
        if (k == 0)
            put_name(out, NODE_NAME, n->spec->outputs[0], n);
        put_name(out, NODE_OUTPUT, n->spec->outputs[k], n);
    }
    pb_put_text(out, NODE_OP, n->spec->op);
    if (n->spec->attribute)
        pb_put_message(out, NODE_ATTRIBUTE, put_attribute,
                       &(attribute){n->spec->attribute, n->spec->value, false});
    /* the last axis is kept, with one element */
    if (strcmp(n->spec->op, "ReduceMean") == 0)
        pb_put_message(out, NODE_ATTRIBUTE, put_attribute, &(attribute){"axes", -1, true});
}

static void put_nodes(pb_out *out, const node_spec *specs, size_t count, const char *part,
                      const char *input)
{
    for (size_t i = 0; i < count; i++)
        pb_put_message(out, GRAPH_NODE, put_node, &(node){&specs[i], part, input});
}

#define PUT_NODES(out, specs, part, input)                                                         \
    put_nodes(out, specs, sizeof(specs) / sizeof((specs)[0]), part, input)

/* ---- Tensors ---------------------------------------------------------------------------- */

static void put_state_bounds(pb_out *out, int layer, int part, size_t units)
{
    static const char *const names[2] = {"h", "c"};
    const int64_t begin[4] = {0, layer, 0, part}, end[4] = {1, layer + 1, (int64_t)units, part + 1};
    char name[32];
    snprintf(name, sizeof name, "lstm%d/%s/begin", layer, names[part]);
    tensor_put_ints(out, name, begin, 4);
    snprintf(name, sizeof name, "lstm%d/%s/end", layer, names[part]);
    tensor_put_ints(out, name, end, 4);
}

static void put_tensors(pb_out *out, const stage_file *f)
{
    const stage_weights *const w = f->w;
    const int64_t units = (int64_t)w->units, n = (int64_t)w->features;
    const int64_t axes[4] = {0, 1, 2, 3}, frame[3] = {1, 1, n}, pair[2] = {1, 2 * n};
    const int64_t row[2] = {1, units}, unit[4] = {1, 1, units, 1};
    const float epsilon = 1e-7f;
    const bool first = f->stage == 1;

    tensor_put_floats(out, "epsilon", &epsilon, 1);
    tensor_put_ints(out, "axes", axes, 4);
    tensor_put_ints(out, "shape/features", pair, 2);
    tensor_put_ints(out, "shape/row", row, 2);
    tensor_put_ints(out, "shape/unit", unit, 4);
    tensor_put_ints(out, "shape/frame", frame, 3);
    tensor_put_floats(out, first ? "norm_mic/gamma" : "norm_estimate/gamma", w->norm_main.gamma,
                      w->features);
    tensor_put_floats(out, first ? "norm_mic/beta" : "norm_estimate/beta", w->norm_main.beta,
                      w->features);
    tensor_put_floats(out, "norm_far/gamma", w->norm_far.gamma, w->features);
    tensor_put_floats(out, "norm_far/beta", w->norm_far.beta, w->features);
    tensor_put_floats(out, "lstm0/b", w->lstm[0].bias, GATES * w->units);
    tensor_put_floats(out, "lstm1/b", w->lstm[1].bias, GATES * w->units);
    tensor_put_floats(out, "dense/b", w->dense_bias, w->features);
    for (int layer = 0; layer < 2; layer++)
        for (int part = 0; part < 2; part++)
            put_state_bounds(out, layer, part, w->units);
    for (size_t i = 0; i < f->count; i++) {
        stored_put(out, &f->matrices[i]);
        if (f->matrices[i].type == MATRIX_INT8)
            stored_put_scales(out, &f->matrices[i]);
    }
}

/* ---- Inputs and outputs ----------------------------------------------------------------- */

typedef struct port {
    const char *name;
    size_t rank, dims[4];
} port;

enum { PORT_NAME = 1, PORT_TYPE = 2 };

static void put_dim(pb_out *out, const void *what)
{
    pb_put_int(out, 1, *(const size_t *)what);
}

static void put_shape(pb_out *out, const void *what)
{
    const port *const p = what;
    for (size_t d = 0; d < p->rank; d++)
        pb_put_message(out, 1, put_dim, &p->dims[d]);
}

static void put_tensor_type(pb_out *out, const void *what)
{
    pb_put_int(out, 1, TYPE_FLOAT);
    pb_put_message(out, 2, put_shape, what);
}

static void put_type(pb_out *out, const void *what)
{
    pb_put_message(out, 1, put_tensor_type, what);
}

static void put_port(pb_out *out, const void *what)
{
    pb_put_text(out, PORT_NAME, ((const port *)what)->name);
    pb_put_message(out, PORT_TYPE, put_type, what);
}

static void put_ports(pb_out *out, const stage_file *f)
{
    const bool first = f->stage == 1;
    const size_t n = f->w->features, units = f->w->units;
    const port states = {"states", 4, {1, 2, units, 2}};
    const port states_out = {"Identity_1", 4, {1, 2, units, 2}};
    const port main_in = {first ? "mic_magnitude" : "estimate", 3, {1, 1, n}};
    const port far = {first ? "far_magnitude" : "far_block", 3, {1, 1, n}};
    const port main_out = {"Identity", 3, {1, 1, n}};
    pb_put_message(out, GRAPH_INPUT, put_port, &main_in);
    pb_put_message(out, GRAPH_INPUT, put_port, &states);
    pb_put_message(out, GRAPH_INPUT, put_port, &far);
    pb_put_message(out, GRAPH_OUTPUT, put_port, &main_out);
    pb_put_message(out, GRAPH_OUTPUT, put_port, &states_out);
}

/* ---- File ------------------------------------------------------------------------------- */

static void put_graph(pb_out *out, const void *what)
{
    const stage_file *const f = what;
    const bool first = f->stage == 1;
    const char *const norm = first ? "norm_mic" : "norm_estimate";
    for (size_t i = 0; i < f->count; i++) {
        if (f->matrices[i].type == MATRIX_INT8)
            PUT_NODES(out, dequantize, f->matrices[i].name, NULL);
        else if (f->matrices[i].type != MATRIX_FLOAT32)
            PUT_NODES(out, widen, f->matrices[i].name, NULL);
    }
    if (first) {
        PUT_NODES(out, log_power, "mic", "mic_magnitude");
        PUT_NODES(out, log_power, "far", "far_magnitude");
    } else {
        PUT_NODES(out, encode, "estimate", "estimate");
        PUT_NODES(out, encode, "far", "far_block");
    }
    PUT_NODES(out, layer_norm, norm, first ? "mic/log" : "estimate/encoded");
    PUT_NODES(out, layer_norm, "norm_far", first ? "far/log" : "far/encoded");
    PUT_NODES(out, features, norm, NULL);
    PUT_NODES(out, cell, "lstm0", "features/row");
    PUT_NODES(out, cell, "lstm1", "lstm0/hidden");
    PUT_NODES(out, mask, NULL, first ? "Identity" : "mask");
    if (!first)
        PUT_NODES(out, decode, NULL, NULL);
    pb_put_text(out, GRAPH_NAME, "unecho");
    put_tensors(out, f);
    put_ports(out, f);
}

static void put_opset(pb_out *out, const void *what)
{
    (void)what;
    pb_put_text(out, 1, "");
    pb_put_int(out, 2, OPSET);
}

static void put_model(pb_out *out, const stage_file *f)
{
    enum {
        VERSION = 1,
        PRODUCER = 2,
        PRODUCER_VERSION = 3,
        DOCUMENTATION = 6,
        GRAPH = 7,
        SETS = 8
    };
    char from[160];
    snprintf(from, sizeof from, "Weights of %.63s%s%.63s%s", f->name, f->w->producer[0] ? " (" : "",
             f->w->producer, f->w->producer[0] ? ")" : "");
    pb_put_int(out, VERSION, IR_VERSION);
    pb_put_text(out, PRODUCER, "unecho");
    pb_put_text(out, PRODUCER_VERSION, unecho_version());
    pb_put_text(out, DOCUMENTATION, from);
    pb_put_message(out, GRAPH, put_graph, f);
    pb_put_message(out, SETS, put_opset, NULL);
}

static void list_matrices(stage_file *f, unecho_storage storage)
{
    const stage_weights *const w = f->w;
    const stored all[MATRICES] = {
        {"lstm0/W", &w->lstm[0].input, w->lstm[0].gate_row, MATRIX_FLOAT32, NULL, NULL},
        {"lstm0/U", &w->lstm[0].recurrent, w->lstm[0].gate_row, MATRIX_FLOAT32, NULL, NULL},
        {"lstm1/W", &w->lstm[1].input, w->lstm[1].gate_row, MATRIX_FLOAT32, NULL, NULL},
        {"lstm1/U", &w->lstm[1].recurrent, w->lstm[1].gate_row, MATRIX_FLOAT32, NULL, NULL},
        {"dense/W", &w->dense, NULL, MATRIX_FLOAT32, NULL, NULL},
        {"encoder/W", &w->encoder, NULL, MATRIX_FLOAT32, NULL, NULL},
        {"decoder/W", &w->decoder, NULL, MATRIX_FLOAT32, NULL, NULL},
    };
    enum { SIGNAL_PATH = 5 }; /* from here on */
    f->count = f->stage == 1 ? SIGNAL_PATH : MATRICES;
    memcpy(f->matrices, all, sizeof all);
    for (size_t i = 0; i < f->count; i++)
        f->matrices[i].type = stored_type(all[i].m, storage, i >= SIGNAL_PATH);
}

int stage_write(const stage_weights *weights, int stage, unecho_storage storage, const char *name,
                unsigned char *bytes, size_t room, size_t *size, const message *to)
{
    stage_file f = {.w = weights, .stage = stage, .name = name};
    pb_out out = {bytes, bytes ? room : 0, 0};
    size_t rows = 0;
    int status = UNECHO_OK;
    list_matrices(&f, storage);
    for (size_t i = 0; i < f.count; i++)
        rows += f.matrices[i].m->rows;
    float *const scales = malloc((2 * rows + 1) * sizeof *scales);
    if (!scales)
        return message_fail(to, UNECHO_ERROR_MEMORY, "%s: out of memory", name);
    for (size_t i = 0, at = 0; i < f.count && status == UNECHO_OK; i++) {
        f.matrices[i].scales = scales + at;
        f.matrices[i].inverses = scales + rows + at;
        at += f.matrices[i].m->rows;
        status = stored_prepare(&f.matrices[i], name, to);
    }
    if (status == UNECHO_OK)
        put_model(&out, &f);
    free(scales);
    if (status == UNECHO_OK)
        *size = out.used;
    return status;
}
