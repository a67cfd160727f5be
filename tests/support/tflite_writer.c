/*
 * Flatbuffers are written front to back: a table, then what it points to, whose offset is filled in
 * afterwards. Every field takes four bytes, little-endian, so that a shorter one reads its own.
 */
#include "tflite_writer.h"

#include "check.h"
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Flatbuffer ------------------------------------------------------------------------- */

enum { ABSENT = INT32_MIN };

static void grow(bytes *file, size_t more)
{
    file->at = realloc(file->at, file->size + more);
    memset(file->at + file->size, 0, more);
    file->size += more;
}

static void align(bytes *file, size_t to)
{
    grow(file, (to - file->size % to) % to);
}

static void put(bytes *file, size_t at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        file->at[at + i] = (unsigned char)(value >> (8 * i));
}

/* The table's position; its field k is at field(position, k). */
static size_t add_table(bytes *file, const int32_t *fields, size_t count)
{
    align(file, 4);
    const size_t list = file->size;
    grow(file, 4 + 2 * count);
    align(file, 4);
    const size_t at = file->size;
    grow(file, 4 + 4 * count);
    put(file, list, 4 + 2 * count, 2);
    put(file, list + 2, 4 + 4 * count, 2);
    put(file, at, at - list, 4);
    for (size_t k = 0; k < count; k++) {
        put(file, list + 4 + 2 * k, fields[k] == ABSENT ? 0 : 4 + 4 * k, 2);
        put(file, at + 4 + 4 * k, fields[k] == ABSENT ? 0 : (uint32_t)fields[k], 4);
    }
    return at;
}

static size_t field(size_t table, size_t k)
{
    return table + 4 + 4 * k;
}

/* The offset at `from` points to what is appended next. */
static void link_end(bytes *file, size_t from)
{
    align(file, 4);
    put(file, from, file->size - from, 4);
}

static size_t add_vector(bytes *file, size_t from, const void *data, size_t count, size_t size)
{
    link_end(file, from);
    const size_t at = file->size;
    grow(file, 4 + count * size);
    put(file, at, count, 4);
    if (data)
        memcpy(file->at + at + 4, data, count * size);
    return at + 4;
}

/* A table that the offset at `from` points to. */
static size_t add_linked(bytes *file, size_t from, const int32_t *fields, size_t count)
{
    const size_t at = add_table(file, fields, count);
    put(file, from, at - from, 4);
    return at;
}

/* ---- File ------------------------------------------------------------------------------- */

static void write_tensor(bytes *file, size_t from, const tflite_spec *t, int32_t buffer)
{
    const int32_t fields[5] = {0, (int32_t)t->type, buffer, 0, t->scales > 0 ? 0 : ABSENT};
    const size_t at = add_linked(file, from, fields, 5);
    add_vector(file, field(at, 0), t->dims, t->rank, 4);
    add_vector(file, field(at, 3), t->name, strlen(t->name), 1);
    if (t->scales == 0)
        return;
    const int32_t nothing[4] = {ABSENT, ABSENT, 0, 0};
    const size_t quantisation = add_linked(file, field(at, 4), nothing, 4);
    const size_t scales = add_vector(file, field(quantisation, 2), NULL, t->scales, 4);
    const size_t zeros = add_vector(file, field(quantisation, 3), NULL, t->scales, 8);
    for (size_t i = 0; i < t->scales; i++) {
        const float scale = t->scale * (float)(i + 1);
        memcpy(file->at + scales + 4 * i, &scale, 4);
        put(file, zeros + 8 * i, (uint64_t)t->zero_point, 8);
    }
}

static void write_operator(bytes *file, size_t from, const tflite_op *op, int32_t index)
{
    const int has_options = op->options_type != 0;
    const int32_t fields[5] = {index, 0, 0, op->options_type, has_options ? 0 : ABSENT};
    const size_t at = add_linked(file, from, fields, 5);
    add_vector(file, field(at, 1), op->inputs, op->input_count, 4);
    add_vector(file, field(at, 2), op->outputs, op->output_count, 4);
    if (!has_options)
        return;
    const size_t options = add_linked(file, field(at, 4), op->options, op->option_count);
    if (op->list_count > 0)
        add_vector(file, field(options, 0), op->list, op->list_count, 4);
}

bytes tflite_write(const tflite_model *m)
{
    bytes file = {NULL, 0};
    grow(&file, 8);
    memcpy(file.at + 4, "TFL3", 4);
    const int32_t root_fields[5] = {(int32_t)m->version, 0, 0, 0, 0};
    const size_t root = add_linked(&file, 0, root_fields, 5);
    const size_t codes = add_vector(&file, field(root, 1), NULL, m->operator_count, 4);
    const size_t graphs = add_vector(&file, field(root, 2), NULL, 1, 4);
    add_vector(&file, field(root, 3), "test", 4, 1);
    const size_t buffers = add_vector(&file, field(root, 4), NULL, m->tensor_count + 1, 4);
    for (unsigned i = 0; i < m->operator_count; i++) {
        /* The old field holds a byte, the new one any number. */
        const int32_t code = m->operators[i].code;
        const int32_t fields[4] = {code < 127 ? code : 127, ABSENT, ABSENT,
                                   i % 2 == 0 && code < 127 ? ABSENT : code};
        add_linked(&file, codes + 4 * i, fields, 4);
    }
    const int32_t graph_fields[4] = {0};
    const size_t graph = add_linked(&file, graphs, graph_fields, 4);
    const size_t tensors = add_vector(&file, field(graph, 0), NULL, m->tensor_count, 4);
    add_vector(&file, field(graph, 1), m->inputs, 3, 4);
    add_vector(&file, field(graph, 2), m->outputs, 2, 4);
    const size_t operators = add_vector(&file, field(graph, 3), NULL, m->operator_count, 4);
    for (unsigned i = 0; i < m->tensor_count; i++)
        write_tensor(&file, tensors + 4 * i, &m->tensors[i], (int32_t)i + 1);
    for (unsigned i = 0; i < m->operator_count; i++)
        write_operator(&file, operators + 4 * i, &m->operators[i], (int32_t)i);
    for (unsigned i = 0; i <= m->tensor_count; i++) {
        const tflite_spec *const t = i > 0 ? &m->tensors[i - 1] : NULL;
        const int32_t fields[1] = {t && t->data ? 0 : ABSENT};
        const size_t buffer = add_linked(&file, buffers + 4 * i, fields, 1);
        if (t && t->data)
            add_vector(&file, field(buffer, 0), t->data, t->size, 1);
    }
    return file;
}

/* ---- Model ------------------------------------------------------------------------------ */

typedef struct shape {
    int32_t at[4];
    unsigned rank;
} shape;

#define SHAPE(...) ((shape){{__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)})
#define LIST(...)  ((int32_t[]){__VA_ARGS__}), sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)

static int32_t add_tensor_(tflite_model *m, const char *name, shape dims, unsigned type)
{
    assert_true(m->tensor_count < TFLITE_TENSORS);
    tflite_spec *const t = &m->tensors[m->tensor_count];
    snprintf(t->name, sizeof t->name, "%s", name);
    memcpy(t->dims, dims.at, sizeof t->dims);
    t->rank = dims.rank;
    t->type = type;
    return (int32_t)m->tensor_count++;
}

static int32_t value(tflite_model *m, const char *name, shape dims)
{
    return add_tensor_(m, name, dims, TFLITE_FLOAT);
}

static int32_t integers(tflite_model *m, const char *name, const int32_t *list, size_t count)
{
    const int32_t index = add_tensor_(m, name, SHAPE((int32_t)count), TFLITE_INT32);
    m->tensors[index].size = 4 * count;
    m->tensors[index].data = malloc(4 * count);
    memcpy(m->tensors[index].data, list, 4 * count);
    return index;
}

static int32_t weights(tflite_model *m, const char *name, shape dims)
{
    const int32_t index = add_tensor_(m, name, dims, TFLITE_FLOAT);
    size_t count = 1;
    for (unsigned d = 0; d < dims.rank; d++)
        count *= (size_t)dims.at[d];
    float *const floats = malloc(count * sizeof *floats);
    for (size_t i = 0; i < count; i++)
        floats[i] = random_float(&m->seed);
    m->tensors[index].data = (unsigned char *)floats;
    m->tensors[index].size = count * sizeof *floats;
    return index;
}

static int32_t constant(tflite_model *m, const char *name, float x)
{
    const int32_t index = weights(m, name, SHAPE(1));
    memcpy(m->tensors[index].data, &x, sizeof x);
    return index;
}

/* Weights of a product: int8 if the model's are. */
static int32_t matrix_(tflite_model *m, const char *name, shape dims)
{
    const int32_t index = weights(m, name, dims);
    tflite_spec *const t = &m->tensors[index];
    if (!m->int8)
        return index;
    t->type = TFLITE_INT8;
    t->size /= 4;
    t->scale = 0.01f + 0.001f * (float)index;
    t->scales = 1;
    for (size_t i = 0; i < t->size; i++)
        t->data[i] = (unsigned char)random_bits(&m->seed);
    return index;
}

static void op(tflite_model *m, int code, int options_type, const int32_t *options, size_t n,
               const int32_t *inputs, size_t input_count, const int32_t *outputs,
               size_t output_count)
{
    assert_true(m->operator_count < TFLITE_OPERATORS);
    tflite_op *const o = &m->operators[m->operator_count++];
    *o = (tflite_op){.code = code, .options_type = options_type};
    o->option_count = (unsigned)n;
    o->input_count = (unsigned)input_count;
    o->output_count = (unsigned)output_count;
    memcpy(o->options, options, n * sizeof *options);
    memcpy(o->inputs, inputs, input_count * sizeof *inputs);
    memcpy(o->outputs, outputs, output_count * sizeof *outputs);
}

static int32_t unary(tflite_model *m, int code, int32_t x)
{
    const tflite_spec *const t = &m->tensors[x];
    const int32_t y =
        value(m, "y", (shape){{t->dims[0], t->dims[1], t->dims[2], t->dims[3]}, t->rank});
    op(m, code, 0, LIST(0), LIST(x), LIST(y));
    return y;
}

static int32_t binary(tflite_model *m, int code, int options_type, int32_t a, int32_t b)
{
    const tflite_spec *const t = &m->tensors[a];
    const int32_t y =
        value(m, "y", (shape){{t->dims[0], t->dims[1], t->dims[2], t->dims[3]}, t->rank});
    op(m, code, options_type, LIST(0), LIST(a, b), LIST(y));
    return y;
}

enum { LOGISTIC = 14, MUL = 18, RESHAPE = 22, TANH = 28, MEAN = 40, SUB = 41, SPLIT = 49 };
enum { CONCATENATION = 2, LOG = 73, RSQRT = 76, PACK = 83, UNPACK = 88, SQUARE = 92 };
enum { SQUARED_DIFFERENCE = 99 };

static int32_t add(tflite_model *m, int32_t a, int32_t b)
{
    return binary(m, TFLITE_ADD, 11, a, b);
}

static int32_t mul(tflite_model *m, int32_t a, int32_t b)
{
    return binary(m, MUL, 21, a, b);
}

static int32_t reshape(tflite_model *m, int32_t x, shape to)
{
    const int32_t dims = integers(m, "shape", to.at, to.rank);
    const int32_t y = value(m, "reshaped", to);
    op(m, RESHAPE, 0, LIST(0), LIST(x, dims), LIST(y));
    return y;
}

static int32_t connected(tflite_model *m, const char *name, int32_t x, int32_t in, int32_t out,
                         int32_t bias)
{
    const int32_t w = matrix_(m, name, SHAPE(out, in));
    const int32_t y = value(m, "product", SHAPE(1, out));
    op(m, TFLITE_FULLY_CONNECTED, 8, LIST(0, 0, 0), LIST(x, w, bias), LIST(y));
    return y;
}

/* kernel: the tensor, so that two convolutions can share one. */
static int32_t convolved(tflite_model *m, int32_t kernel, int32_t x)
{
    const int32_t n = (int32_t)m->features;
    const int32_t frame = reshape(m, x, SHAPE(1, 1, 1, n));
    const int32_t y = value(m, "convolved", SHAPE(1, 1, 1, n));
    op(m, TFLITE_CONV, 1, LIST(1, 1, 1, 0), LIST(frame, kernel), LIST(y));
    return reshape(m, y, SHAPE(1, 1, n));
}

static int32_t norm(tflite_model *m, int32_t x, int32_t epsilon, const char *gamma,
                    const char *beta)
{
    const int32_t n = (int32_t)m->features;
    const int32_t axes = integers(m, "axes", LIST(-1));
    const int32_t average = value(m, "mean", SHAPE(1, 1, 1));
    op(m, MEAN, 27, LIST(1), LIST(x, axes), LIST(average));
    const int32_t squares = binary(m, SQUARED_DIFFERENCE, 0, x, average);
    const int32_t variance = value(m, "variance", SHAPE(1, 1, 1));
    op(m, MEAN, 27, LIST(1), LIST(squares, axes), LIST(variance));
    const int32_t root = unary(m, RSQRT, add(m, variance, epsilon));
    const int32_t unit = mul(m, binary(m, SUB, 28, x, average), root);
    return add(m, mul(m, unit, weights(m, gamma, SHAPE(n))), weights(m, beta, SHAPE(n)));
}

static int32_t state(tflite_model *m, int32_t states, int32_t layer, int32_t part)
{
    const int32_t y = value(m, "state", SHAPE(1, (int32_t)m->units));
    const int32_t begin = integers(m, "begin", LIST(0, layer, 0, part));
    const int32_t end = integers(m, "end", LIST(0, layer + 1, 0, part + 1));
    const int32_t strides = integers(m, "strides", LIST(1, 1, 1, 1));
    op(m, TFLITE_SLICE, 32, LIST(5, 5, 0, 0, 10), LIST(states, begin, end, strides), LIST(y));
    return y;
}

static void cell(tflite_model *m, int32_t states, int32_t layer, int32_t x, int32_t in, int32_t *h,
                 int32_t *c)
{
    const int32_t u = (int32_t)m->units;
    char name[3][16];
    for (int i = 0; i < 3; i++)
        snprintf(name[i], sizeof name[i], "lstm%d/%c", layer, "WUb"[i]);
    const int32_t w = connected(m, name[0], x, in, 4 * u, -1);
    const int32_t r = connected(m, name[1], state(m, states, layer, 0), u, 4 * u, -1);
    const int32_t sum = add(m, add(m, w, r), weights(m, name[2], SHAPE(4 * u)));
    int32_t gates[4];
    for (int i = 0; i < 4; i++)
        gates[i] = value(m, "gate", SHAPE(1, u));
    op(m, SPLIT, 35, LIST(4), LIST(integers(m, "axis", LIST(1)), sum), gates, 4);
    const int32_t kept = mul(m, unary(m, LOGISTIC, gates[1]), state(m, states, layer, 1));
    *c = add(m, kept, mul(m, unary(m, LOGISTIC, gates[0]), unary(m, TANH, gates[2])));
    *h = mul(m, unary(m, LOGISTIC, gates[3]), unary(m, TANH, *c));
}

static int32_t packed(tflite_model *m, const char *name, int32_t a, int32_t b, shape to,
                      int32_t axis)
{
    const int32_t y = value(m, name, to);
    op(m, PACK, 59, LIST(2, axis), LIST(a, b), LIST(y));
    return y;
}

static void build(tflite_model *m, int stage)
{
    const int32_t n = (int32_t)m->features, u = (int32_t)m->units;
    int32_t ports[2], features[2], x[2], h[2], c[2];
    const int32_t states = value(m, "states", SHAPE(1, 2, u, 2));
    ports[1] = value(m, "far", SHAPE(1, 1, n));
    ports[0] = value(m, "main", SHAPE(1, 1, n));
    m->inputs[0] = ports[1];
    m->inputs[1] = states;
    m->inputs[2] = ports[0];
    const int32_t epsilon = constant(m, "epsilon", 1e-7f);
    const int32_t encoder = stage == 2 ? matrix_(m, "encoder", SHAPE(n, 1, 1, n)) : -1;
    for (int i = 0; i < 2; i++) {
        x[i] = stage == 2 ? convolved(m, encoder, ports[i])
                          : unary(m, LOG, add(m, unary(m, SQUARE, ports[i]), epsilon));
        features[i] = norm(m, x[i], epsilon, i == 0 ? "main/gamma" : "far/gamma",
                           i == 0 ? "main/beta" : "far/beta");
    }
    const int32_t both = value(m, "both", SHAPE(1, 1, 2 * n));
    const int32_t row = value(m, "row", SHAPE(1, 2 * n));
    op(m, CONCATENATION, 10, LIST(-1), LIST(features[0], features[1]), LIST(both));
    op(m, UNPACK, 64, LIST(1, 1), LIST(both), LIST(row));
    cell(m, states, 0, row, 2 * n, &h[0], &c[0]);
    cell(m, states, 1, h[0], u, &h[1], &c[1]);
    const int32_t bias = weights(m, "dense/b", SHAPE(n));
    const int32_t dense = connected(m, "dense/W", h[1], u, n, bias);
    int32_t out = unary(m, LOGISTIC, reshape(m, dense, SHAPE(1, 1, n)));
    if (stage == 2)
        out = convolved(m, matrix_(m, "decoder", SHAPE(n, 1, 1, n)), mul(m, x[0], out));
    const int32_t hidden = packed(m, "hidden", h[0], h[1], SHAPE(2, 1, u), 0);
    const int32_t cells = packed(m, "cells", c[0], c[1], SHAPE(2, 1, u), 0);
    m->outputs[0] = out;
    m->outputs[1] = packed(m, "states out", reshape(m, hidden, SHAPE(1, 2, u)),
                           reshape(m, cells, SHAPE(1, 2, u)), SHAPE(1, 2, u, 2), -1);
}

tflite_model *tflite_new(int stage, unsigned units, int int8, uint32_t seed)
{
    tflite_model *const m = calloc(1, sizeof *m);
    m->features = stage == 1 ? 257 : 512;
    m->units = units;
    m->int8 = int8;
    m->seed = seed;
    m->version = 3;
    build(m, stage);
    return m;
}

void tflite_free(tflite_model *m)
{
    for (unsigned i = 0; i < m->tensor_count; i++)
        free(m->tensors[i].data);
    free(m);
}

tflite_spec *tflite_find(tflite_model *m, const char *name)
{
    for (unsigned i = 0; i < m->tensor_count; i++)
        if (strcmp(m->tensors[i].name, name) == 0)
            return &m->tensors[i];
    fail_msg("no tensor '%s'", name);
    return NULL;
}

int32_t tflite_insert(tflite_model *m, int code, int32_t of, const int32_t *list, unsigned count)
{
    const tflite_spec *const t = &m->tensors[of];
    const int32_t parameter = count > 0 ? integers(m, "parameter", list, count) : -1;
    const int32_t y =
        value(m, "inserted", (shape){{t->dims[0], t->dims[1], t->dims[2], t->dims[3]}, t->rank});
    op(m, code, 0, LIST(0), LIST(of, parameter), LIST(y));
    const tflite_op last = m->operators[m->operator_count - 1];
    memmove(m->operators + 1, m->operators, (m->operator_count - 1) * sizeof last);
    m->operators[0] = last;
    m->operators[0].input_count = count > 0 ? 2 : 1;
    return y;
}

tflite_op *tflite_find_op(tflite_model *m, int code, unsigned k)
{
    for (unsigned i = 0; i < m->operator_count; i++)
        if (m->operators[i].code == code && k-- == 0)
            return &m->operators[i];
    fail_msg("no operator %d", code);
    return NULL;
}
