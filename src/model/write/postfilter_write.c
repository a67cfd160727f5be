/* The network as nodes of opset 13. The reader knows nothing of this spelling. */
#include "postfilter_write.h"

#include "graph_write.h"

#include <stdio.h>

enum { MATRICES = 6 };

typedef struct postfilter_file {
    const postfilter_weights *w;
    stored matrices[MATRICES];
} postfilter_file;

static const node_spec input[] = {
    {"MatMul", {"input/xW"}, {"features", "input/W"}, {{NULL, 0}}},
    {"Add", {"input/sum"}, {"input/xW", "input/b"}, {{NULL, 0}}},
    {"Tanh", {"input/row"}, {"input/sum"}, {{NULL, 0}}},
    {"Reshape", {"input/out"}, {"input/row", "shape/step"}, {{NULL, 0}}},
};

static const node_spec output[] = {
    {"Concat", {"states_out"}, {"gru0/out", "gru1/out"}, {{"axis", 0}}},
    {"Concat", {"hidden"}, {"gru0/out", "gru1/out"}, {{"axis", 2}}},
    {"Reshape", {"hidden/row"}, {"hidden", "shape/hidden"}, {{NULL, 0}}},
    {"MatMul", {"output/xW"}, {"hidden/row", "output/W"}, {{NULL, 0}}},
    {"Add", {"output/sum"}, {"output/xW", "output/b"}, {{NULL, 0}}},
};

static const node_spec gains[] = {{"Sigmoid", {"gains"}, {"output/sum"}, {{NULL, 0}}}};
static const node_spec gains_and_near_end[] = {
    {"Sigmoid", {"output/all"}, {"output/sum"}, {{NULL, 0}}},
    {"Split", {"gains", "near_end"}, {"output/all", "output/sizes"}, {{"axis", 1}}},
};

static bool tells_near_end(const postfilter_file *f)
{
    return f->w->output.rows == POSTFILTER_OUTPUTS;
}

static void put_layer(pb_out *out, size_t units, const char *part, const char *from)
{
    const node_spec layer[] = {
        {"Slice", {"%/h"}, {"states", "%/begin", "%/end", "axes"}, {{NULL, 0}}},
        {"GRU",
         {"%/steps", "%/out"},
         {"@", "%/W", "%/R", "%/B", "", "%/h"},
         {{"hidden_size", (int64_t)units}, {"linear_before_reset", 1}}},
    };
    PUT_NODES(out, layer, part, from);
}

/* Which of the states is this layer's, and its biases: of W, of R. */
static void put_layer_tensors(pb_out *out, const postfilter_weights *w, int layer)
{
    const int64_t begin = layer, end = layer + 1;
    const size_t gates = GRU_GATES * w->units;
    char name[32];
    snprintf(name, sizeof name, "gru%d/begin", layer);
    tensor_put_ints(out, name, &begin, 1);
    snprintf(name, sizeof name, "gru%d/end", layer);
    tensor_put_ints(out, name, &end, 1);
    snprintf(name, sizeof name, "gru%d/B", layer);
    tensor_put_row(out, name, w->gru[layer].bias, w->gru[layer].recurrent_bias, gates);
}

static void put_tensors(pb_out *out, const postfilter_file *f)
{
    const postfilter_weights *const w = f->w;
    const int64_t units = (int64_t)w->units, axis = 0;
    const int64_t step[3] = {1, 1, units}, hidden[2] = {1, POSTFILTER_LAYERS * units};
    tensor_put_ints(out, "axes", &axis, 1);
    tensor_put_ints(out, "shape/step", step, 3);
    tensor_put_ints(out, "shape/hidden", hidden, 2);
    tensor_put_floats(out, "input/b", w->input_bias, w->units);
    tensor_put_floats(out, "output/b", w->output_bias, w->output.rows);
    if (tells_near_end(f)) {
        const int64_t sizes[2] = {POSTFILTER_BANDS, POSTFILTER_OUTPUTS - POSTFILTER_BANDS};
        tensor_put_ints(out, "output/sizes", sizes, 2);
    }
    for (int layer = 0; layer < POSTFILTER_LAYERS; layer++)
        put_layer_tensors(out, w, layer);
    graph_put_matrices(out, f->matrices, MATRICES);
}

static void put_graph(pb_out *out, const void *what)
{
    const postfilter_file *const f = what;
    const size_t units = f->w->units;
    const port features = {"features", 2, {1, POSTFILTER_FEATURES}};
    const port bands = {"gains", 2, {1, POSTFILTER_BANDS}};
    const port near_end = {"near_end", 2, {1, 1}};
    const port states = {"states", 3, {POSTFILTER_LAYERS, 1, units}};
    const port states_out = {"states_out", 3, {POSTFILTER_LAYERS, 1, units}};
    graph_put_widening(out, f->matrices, MATRICES);
    PUT_NODES(out, input, NULL, NULL);
    put_layer(out, units, "gru0", "input/out");
    put_layer(out, units, "gru1", "gru0/out");
    PUT_NODES(out, output, NULL, NULL);
    if (tells_near_end(f))
        PUT_NODES(out, gains_and_near_end, NULL, NULL);
    else
        PUT_NODES(out, gains, NULL, NULL);
    graph_put_name(out);
    put_tensors(out, f);
    graph_put_input(out, &features);
    graph_put_input(out, &states);
    graph_put_output(out, &bands);
    graph_put_output(out, &states_out);
    if (tells_near_end(f))
        graph_put_output(out, &near_end);
}

int postfilter_write(const postfilter_weights *w, unecho_storage storage, const char *name,
                     unsigned char *bytes, size_t room, size_t *size, const message *to)
{
    postfilter_file f = {
        w,
        {{"input/W", &w->input, NULL, false, MATRIX_FLOAT32, NULL, NULL},
         {"gru0/W", &w->gru[0].input, NULL, true, MATRIX_FLOAT32, NULL, NULL},
         {"gru0/R", &w->gru[0].recurrent, NULL, true, MATRIX_FLOAT32, NULL, NULL},
         {"gru1/W", &w->gru[1].input, NULL, true, MATRIX_FLOAT32, NULL, NULL},
         {"gru1/R", &w->gru[1].recurrent, NULL, true, MATRIX_FLOAT32, NULL, NULL},
         {"output/W", &w->output, NULL, false, MATRIX_FLOAT32, NULL, NULL}},
    };
    for (size_t i = 0; i < MATRICES; i++)
        f.matrices[i].type = stored_type(f.matrices[i].m, storage, false);
    const graph_file file = {name, w->producer, f.matrices, MATRICES, put_graph, &f};
    return graph_write(&file, bytes, room, size, to);
}
