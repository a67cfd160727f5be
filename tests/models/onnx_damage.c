/*
 * No damage to an ONNX file makes the reader crash, read beyond its bytes (run this under
 * AddressSanitizer) or leak; no truncated file passes for a whole one.
 */
#include "check.h"
#include "model/stage_file.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho.h"

#include <stdlib.h>
#include <string.h>

enum {
    CUTS = 1000,
    CHANGES = 2000,
    SMALL_UNITS = 4, /* so that most of a file is structure */
};

/* One of count. */
static size_t pick(uint32_t *seed, size_t count)
{
    return count > 0 ? random_bits(seed) % count : 0;
}

static int read_quietly(const unsigned char *at, size_t size, int stage, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    stage_weights weights;
    text[0] = 0;
    const int status = stage_file_read(&weights, stage, at, size, "damaged.onnx", &to);
    if (status == UNECHO_OK)
        free(weights.vectors);
    else if (strncmp(text, "damaged.onnx: ", strlen("damaged.onnx: ")) != 0)
        fail_msg("status %d without a message: '%s'", status, text);
    return status;
}

/* In memory of exactly that size, so that a read beyond it is detected. */
static void check_cut(const bytes *file, size_t size, int stage)
{
    char text[UNECHO_MESSAGE_SIZE];
    unsigned char *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, file->at, size);
    const int status = read_quietly(exact, size, stage, text);
    free(exact);
    if (status != UNECHO_ERROR_FORMAT)
        fail_msg("status %d for %zu of %zu bytes: %s", status, size, file->size, text);
}

/*
 * Spread evenly over the file, and each of the last bytes. whole: how much of the file is a model;
 * what follows may be missing without loss.
 */
static void check_cuts(bytes file, size_t whole, int stage)
{
    for (size_t i = 0; i < CUTS; i++)
        check_cut(&file, (size_t)((double)i / (double)CUTS * (double)whole), stage);
    for (size_t i = 1; i <= 20; i++)
        check_cut(&file, whole - i, stage);
    free(file.at);
}

static void ours_truncated(void **state)
{
    (void)state;
    for (int stage = 1; stage <= 2; stage++) {
        const bytes file = our_bytes(stage);
        check_cuts(file, file.size, stage);
    }
}

static void references_truncated(void **state)
{
    (void)state;
    need_reference();
    static const struct {
        const char *name;
        int stage;
        size_t dispensable;
    } files[] = {
        /* 16: the file ends with the opset of ai.onnx.ml, which no node needs */
        {"model_128_1", 1, 16},
        {"model_128_1_opset13", 1, 16},
        {"model_128_2", 2, 0},
        {"model_128_2_matmul", 2, 0},
        {"model_128_2_transpose_nobias", 2, 0},
        {"model_256_1", 1, 16},
        {"model_256_2", 2, 0},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const bytes file = read_bytes(reference_path("models/%s.onnx", files[i].name));
        check_cuts(file, file.size - files[i].dispensable, files[i].stage);
    }
}

static bytes small_model(int stage)
{
    proto *model = our_model(stage);
    resize_units(model, SMALL_UNITS);
    const bytes file = proto_write(model);
    proto_free(model);
    return file;
}

/* The bytes that are not elements of weights: those that stay when all elements change. */
static size_t *structure_of(const bytes *file, size_t *count)
{
    proto *model = proto_parse(file->at, file->size, PROTO_MODEL);
    const proto *graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_TENSOR); i++) {
        const proto *tensor = proto_find(graph, GRAPH_TENSOR, i)->child;
        const bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
        for (size_t k = 0; proto_find(tensor, TENSOR_TYPE, 0)->value == 1 && k < data->size; k++)
            data->at[k] ^= 1;
    }
    const bytes other = proto_write(model);
    size_t *places = calloc(file->size, sizeof *places);
    *count = 0;
    for (size_t i = 0; i < file->size; i++)
        if (file->at[i] == other.at[i])
            places[(*count)++] = i;
    free(other.at);
    proto_free(model);
    return places;
}

/* Every third offset, in files small enough for that. */
static void truncated_anywhere(void **state)
{
    (void)state;
    const bytes file = small_model(1);
    for (size_t size = 0; size < file.size; size += 3)
        check_cut(&file, size, 1);
    free(file.at);
}

/* Change one byte, read, and change it back. */
static int check_change(bytes *file, size_t at, unsigned char to, int stage)
{
    char text[UNECHO_MESSAGE_SIZE];
    const unsigned char kept = file->at[at];
    file->at[at] = to;
    const int status = read_quietly(file->at, file->size, stage, text);
    file->at[at] = kept;
    return status == UNECHO_OK;
}

static void single_bytes_changed(void **state)
{
    (void)state;
    static const unsigned char extremes[] = {0, 1, 127, 128, 255};
    uint32_t seed = 3;
    for (int stage = 1; stage <= 2; stage++) {
        const bytes whole = small_model(stage);
        bytes file = {malloc(whole.size), whole.size};
        memcpy(file.at, whole.at, whole.size);
        size_t taken = 0, count = 0;
        size_t *places = structure_of(&file, &count);
        for (size_t i = 0; i < CHANGES; i++) {
            const size_t at = i % 8 == 7 ? pick(&seed, file.size) : places[pick(&seed, count)];
            const uint32_t bits = random_bits(&seed);
            const unsigned char flipped = (unsigned char)(file.at[at] ^ 1u << bits % 8);
            taken += (size_t)check_change(
                &file, at, bits >> 8 & 1 ? flipped : extremes[(bits >> 9) % 5], stage);
        }
        print_message("stage %d: %zu of %d changes are harmless (%zu bytes are structure)\n", stage,
                      taken, CHANGES, count);
        assert_true(taken < CHANGES);
        free(places);
        free(file.at);
        free(whole.at);
    }
}

/* Blocks removed or doubled: lengths no longer match what they enclose. */
static void blocks_moved(void **state)
{
    (void)state;
    uint32_t seed = 5;
    char text[UNECHO_MESSAGE_SIZE];
    const bytes file = small_model(1);
    for (size_t i = 0; i < CUTS; i++) {
        const size_t length = 1 + random_bits(&seed) % 64;
        const size_t at = random_bits(&seed) % (file.size - length);
        const int twice = i % 2;
        const size_t size = twice ? file.size + length : file.size - length;
        const size_t end = at + length;
        unsigned char *changed = malloc(size);
        memcpy(changed, file.at, twice ? end : at);
        memcpy(changed + (twice ? end : at), file.at + (twice ? at : end),
               file.size - (twice ? at : end));
        read_quietly(changed, size, 1, text);
        free(changed);
    }
    free(file.at);
}

/* ---- Sound bytes, senseless graphs ------------------------------------------------------- */

static proto *pick_child(const proto *p, uint32_t number, uint32_t *seed)
{
    proto_field *field = proto_find(p, number, pick(seed, proto_count(p, number)));
    return field ? field->child : NULL;
}

static void copy_text(proto_field *to, const proto_field *from)
{
    char text[256] = "";
    if (to && from && from->data.size < sizeof text) {
        memcpy(text, from->data.at, from->data.size);
        proto_set_text(to, text);
    }
}

/* A node reads something else: a tensor, or another node's output. */
static void rewire(const proto *graph, proto *node, uint32_t *seed)
{
    proto_field *input = proto_find(node, NODE_INPUT, pick(seed, proto_count(node, NODE_INPUT)));
    if (random_bits(seed) % 3 == 0)
        copy_text(input, proto_find(pick_child(graph, GRAPH_TENSOR, seed), TENSOR_NAME, 0));
    else
        copy_text(input, proto_find(pick_child(graph, GRAPH_NODE, seed), NODE_OUTPUT, 0));
}

static void change_operator(proto *node, uint32_t *seed)
{
    static const char *const ops[] = {
        "Add",       "Sub",     "Mul",    "Div",    "Pow",     "Log",        "Sqrt",
        "Sigmoid",   "Tanh",    "MatMul", "Gemm",   "Conv",    "Reciprocal", "ReduceMean",
        "Flatten",   "Cast",    "Slice",  "Split",  "Reshape", "Transpose",  "GlobalAveragePool",
        "Unsqueeze", "Squeeze", "Concat", "Gather", "Dropout", "Identity",   "LayerNormalization",
        "Constant",
    };
    proto_set_text(proto_find(node, NODE_OP, 0), ops[pick(seed, sizeof ops / sizeof ops[0])]);
}

static uint64_t odd_number(uint32_t *seed)
{
    static const int64_t numbers[] = {0,         1,         2,         3,   4,   5,    8,
                                      16,        128,       257,       512, 514, 1024, 2048,
                                      INT32_MAX, INT64_MAX, INT64_MIN, -1,  -2,  -4,   -5};
    return (uint64_t)numbers[pick(seed, sizeof numbers / sizeof numbers[0])];
}

static void change_attribute(proto *node, uint32_t *seed)
{
    static const char *const names[] = {"axis",        "keepdims",  "transA",
                                        "transB",      "to",        "group",
                                        "num_outputs", "allowzero", "noop_with_empty_axes"};
    static const char *const lists[] = {"axes", "perm", "split", "starts", "ends", "pads"};
    proto *attribute = pick_child(node, NODE_ATTRIBUTE, seed);
    if (attribute && random_bits(seed) % 2) {
        for (size_t i = 0; i < attribute->count; i++)
            if (attribute->fields[i].wire == 0)
                attribute->fields[i].value = odd_number(seed);
        return;
    }
    if (random_bits(seed) % 2) {
        add_attribute_int(node, names[pick(seed, sizeof names / sizeof names[0])],
                          odd_number(seed));
        return;
    }
    attribute = proto_add(node, NODE_ATTRIBUTE);
    proto_add_text(attribute, ATTRIBUTE_NAME, lists[pick(seed, sizeof lists / sizeof lists[0])]);
    for (size_t i = pick(seed, 6); i > 0; i--)
        proto_add_int(attribute, ATTRIBUTE_INTS, odd_number(seed));
}

/* Other dims, with as much data as they need. */
static void change_tensor(proto *tensor, uint32_t *seed)
{
    const int is_float = proto_find(tensor, TENSOR_TYPE, 0)->value == 1;
    proto_field *dim =
        proto_find(tensor, TENSOR_DIMS, pick(seed, proto_count(tensor, TENSOR_DIMS)));
    proto_field *raw = proto_find(tensor, TENSOR_RAW, 0);
    if (!is_float && raw->data.size >= 8 && random_bits(seed) % 2) {
        const uint64_t value = odd_number(seed);
        memcpy(raw->data.at + 8 * pick(seed, raw->data.size / 8), &value, 8);
        return;
    }
    if (dim && random_bits(seed) % 2)
        dim->value = odd_number(seed);
    else
        proto_add_int(tensor, TENSOR_DIMS, random_bits(seed) % 3);
    uint64_t size = is_float ? 4 : 8;
    for (size_t d = 0; d < proto_count(tensor, TENSOR_DIMS) && size < 1 << 20; d++)
        size = proto_find(tensor, TENSOR_DIMS, d)->value < 4096
                   ? size * proto_find(tensor, TENSOR_DIMS, d)->value
                   : UINT64_MAX;
    raw = proto_find(tensor, TENSOR_RAW, 0); /* adding a field moves them */
    if (size < 1 << 20) {
        free(raw->data.at);
        raw->data = (bytes){calloc((size_t)size + 1, 1), (size_t)size};
    }
}

static void change_port(const proto *port, uint32_t *seed)
{
    proto *dim = pick_child(shape_of_port(port), 1, seed);
    proto_field *size = dim ? proto_find(dim, 1, 0) : NULL;
    if (size)
        size->value = odd_number(seed);
}

static void change_node(const proto *graph, proto *node, uint32_t *seed)
{
    switch (random_bits(seed) % 8) {
    case 0:
        change_operator(node, seed);
        break;
    case 1:
    case 2:
        change_attribute(node, seed);
        break;
    case 3:
        copy_text(proto_add_text(node, NODE_INPUT, ""),
                  proto_find(pick_child(graph, GRAPH_TENSOR, seed), TENSOR_NAME, 0));
        break;
    case 4:
        if (proto_find(node, NODE_INPUT, 1))
            proto_remove(node, proto_find(node, NODE_INPUT, 1));
        break;
    case 5:
        change_operator(node, seed);
        rewire(graph, node, seed);
        break;
    default:
        rewire(graph, node, seed);
        break;
    }
}

static void graphs_changed(void **state)
{
    (void)state;
    char text[UNECHO_MESSAGE_SIZE];
    uint32_t seed = 11;
    const bytes small[2] = {small_model(1), small_model(2)};
    const char *more = getenv("UNECHO_FUZZ_GRAPHS");
    const long graphs = more ? strtol(more, NULL, 10) : CHANGES;
    for (long i = 0; i < graphs; i++) {
        const int stage = i % 8 == 7 ? 2 : 1; /* stage 2 has 2 MB however few units */
        proto *model = proto_parse(small[stage - 1].at, small[stage - 1].size, PROTO_MODEL);
        const proto *graph = graph_of(model);
        for (size_t k = 1 + pick(&seed, 3); k > 0; k--) {
            const uint32_t what = random_bits(&seed) % 8;
            if (what == 0)
                change_port(
                    pick_child(graph, random_bits(&seed) % 2 ? GRAPH_INPUT : GRAPH_OUTPUT, &seed),
                    &seed);
            else if (what < 3)
                change_tensor(pick_child(graph, GRAPH_TENSOR, &seed), &seed);
            else
                change_node(graph, pick_child(graph, GRAPH_NODE, &seed), &seed);
        }
        const bytes file = proto_write(model);
        proto_free(model);
        read_quietly(file.at, file.size, stage, text);
        free(file.at);
    }
    free(small[0].at);
    free(small[1].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_truncated),     cmocka_unit_test(references_truncated),
        cmocka_unit_test(truncated_anywhere), cmocka_unit_test(single_bytes_changed),
        cmocka_unit_test(blocks_moved),       cmocka_unit_test(graphs_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
