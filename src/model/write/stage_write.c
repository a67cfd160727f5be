/* The network as nodes of opset 13. The reader does not rely on how they are written. */
#include "stage_write.h"

#include "graph_write.h"

#include <stdio.h>
#include <string.h>

enum { MATRICES = 7 };

typedef struct stage_file {
    const stage_weights *w;
    int stage;
    stored matrices[MATRICES];
    size_t count;
} stage_file;

/* ---- Nodes ------------------------------------------------------------------------------ */

static const node_spec log_power[] = {
    {"Mul", {"%/power"}, {"@", "@"}, {{NULL, 0}}},
    {"Add", {"%/floored"}, {"%/power", "epsilon"}, {{NULL, 0}}},
    {"Log", {"%/log"}, {"%/floored"}, {{NULL, 0}}},
};

static const node_spec layer_norm[] = {
    {"ReduceMean", {"%/mean"}, {"@"}, {{NULL, 0}}},
    {"Sub", {"%/centred"}, {"@", "%/mean"}, {{NULL, 0}}},
    {"Mul", {"%/square"}, {"%/centred", "%/centred"}, {{NULL, 0}}},
    {"ReduceMean", {"%/variance"}, {"%/square"}, {{NULL, 0}}},
    {"Add", {"%/guarded"}, {"%/variance", "epsilon"}, {{NULL, 0}}},
    {"Sqrt", {"%/std"}, {"%/guarded"}, {{NULL, 0}}},
    {"Div", {"%/unit"}, {"%/centred", "%/std"}, {{NULL, 0}}},
    {"Mul", {"%/scaled"}, {"%/unit", "%/gamma"}, {{NULL, 0}}},
    {"Add", {"%/out"}, {"%/scaled", "%/beta"}, {{NULL, 0}}},
};

static const node_spec features[] = {
    {"Concat", {"features"}, {"%/out", "norm_far/out"}, {{"axis", 2}}},
    {"Reshape", {"features/row"}, {"features", "shape/features"}, {{NULL, 0}}},
};

static const node_spec cell[] = {
    {"Slice", {"%/h"}, {"states", "%/h/begin", "%/h/end", "axes"}, {{NULL, 0}}},
    {"Reshape", {"%/h/row"}, {"%/h", "shape/row"}, {{NULL, 0}}},
    {"Slice", {"%/c"}, {"states", "%/c/begin", "%/c/end", "axes"}, {{NULL, 0}}},
    {"Reshape", {"%/c/row"}, {"%/c", "shape/row"}, {{NULL, 0}}},
    {"MatMul", {"%/xW"}, {"@", "%/W"}, {{NULL, 0}}},
    {"MatMul", {"%/hU"}, {"%/h/row", "%/U"}, {{NULL, 0}}},
    {"Add", {"%/sum"}, {"%/xW", "%/hU"}, {{NULL, 0}}},
    {"Add", {"%/gates"}, {"%/sum", "%/b"}, {{NULL, 0}}},
    {"Split", {"%/i", "%/f", "%/g", "%/o"}, {"%/gates"}, {{"axis", 1}}},
    {"Sigmoid", {"%/i/act"}, {"%/i"}, {{NULL, 0}}},
    {"Sigmoid", {"%/f/act"}, {"%/f"}, {{NULL, 0}}},
    {"Sigmoid", {"%/o/act"}, {"%/o"}, {{NULL, 0}}},
    {"Tanh", {"%/g/act"}, {"%/g"}, {{NULL, 0}}},
    {"Mul", {"%/keep"}, {"%/f/act", "%/c/row"}, {{NULL, 0}}},
    {"Mul", {"%/write"}, {"%/i/act", "%/g/act"}, {{NULL, 0}}},
    {"Add", {"%/cell"}, {"%/keep", "%/write"}, {{NULL, 0}}},
    {"Tanh", {"%/cell/act"}, {"%/cell"}, {{NULL, 0}}},
    {"Mul", {"%/hidden"}, {"%/o/act", "%/cell/act"}, {{NULL, 0}}},
    {"Reshape", {"%/hidden/unit"}, {"%/hidden", "shape/unit"}, {{NULL, 0}}},
    {"Reshape", {"%/cell/unit"}, {"%/cell", "shape/unit"}, {{NULL, 0}}},
    {"Concat", {"%/state"}, {"%/hidden/unit", "%/cell/unit"}, {{"axis", 3}}},
};

static const node_spec mask[] = {
    {"Concat", {"Identity_1"}, {"lstm0/state", "lstm1/state"}, {{"axis", 1}}},
    {"MatMul", {"dense/xW"}, {"lstm1/hidden", "dense/W"}, {{NULL, 0}}},
    {"Add", {"dense/out"}, {"dense/xW", "dense/b"}, {{NULL, 0}}},
    {"Sigmoid", {"mask/row"}, {"dense/out"}, {{NULL, 0}}},
    {"Reshape", {"@"}, {"mask/row", "shape/frame"}, {{NULL, 0}}},
};

static const node_spec encode[] = {{"MatMul", {"%/encoded"}, {"@", "encoder/W"}, {{NULL, 0}}}};

static const node_spec decode[] = {
    {"Mul", {"masked"}, {"estimate/encoded", "mask"}, {{NULL, 0}}},
    {"MatMul", {"Identity"}, {"masked", "decoder/W"}, {{NULL, 0}}},
};

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
    graph_put_matrices(out, f->matrices, f->count);
}

/* ---- Inputs and outputs ----------------------------------------------------------------- */

static void put_ports(pb_out *out, const stage_file *f)
{
    const bool first = f->stage == 1;
    const size_t n = f->w->features, units = f->w->units;
    const port states = {"states", 4, {1, 2, units, 2}};
    const port states_out = {"Identity_1", 4, {1, 2, units, 2}};
    const port main_in = {first ? "mic_magnitude" : "estimate", 3, {1, 1, n}};
    const port far = {first ? "far_magnitude" : "far_block", 3, {1, 1, n}};
    const port main_out = {"Identity", 3, {1, 1, n}};
    graph_put_input(out, &main_in);
    graph_put_input(out, &states);
    graph_put_input(out, &far);
    graph_put_output(out, &main_out);
    graph_put_output(out, &states_out);
}

/* ---- File ------------------------------------------------------------------------------- */

static void put_graph(pb_out *out, const void *what)
{
    const stage_file *const f = what;
    const bool first = f->stage == 1;
    const char *const norm = first ? "norm_mic" : "norm_estimate";
    graph_put_widening(out, f->matrices, f->count);
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
    graph_put_name(out);
    put_tensors(out, f);
    put_ports(out, f);
}

static void list_matrices(stage_file *f, unecho_storage storage)
{
    const stage_weights *const w = f->w;
    const stored all[MATRICES] = {
        {"lstm0/W", &w->lstm[0].input, w->lstm[0].gate_row, false, MATRIX_FLOAT32, NULL, NULL},
        {"lstm0/U", &w->lstm[0].recurrent, w->lstm[0].gate_row, false, MATRIX_FLOAT32, NULL, NULL},
        {"lstm1/W", &w->lstm[1].input, w->lstm[1].gate_row, false, MATRIX_FLOAT32, NULL, NULL},
        {"lstm1/U", &w->lstm[1].recurrent, w->lstm[1].gate_row, false, MATRIX_FLOAT32, NULL, NULL},
        {"dense/W", &w->dense, NULL, false, MATRIX_FLOAT32, NULL, NULL},
        {"encoder/W", &w->encoder, NULL, false, MATRIX_FLOAT32, NULL, NULL},
        {"decoder/W", &w->decoder, NULL, false, MATRIX_FLOAT32, NULL, NULL},
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
    stage_file f = {.w = weights, .stage = stage};
    list_matrices(&f, storage);
    const graph_file file = {name, weights->producer, f.matrices, f.count, put_graph, &f};
    return graph_write(&file, bytes, room, size, to);
}
