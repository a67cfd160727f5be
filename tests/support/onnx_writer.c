/*
 * An ONNX file as a tree that tests edit and write again. Knows which fields are messages and where
 * names are; trusts its input.
 */
#include "onnx_writer.h"

#include "check.h"
#include "signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static bytes copy_bytes(const void *data, size_t size)
{
    bytes copy = {must(malloc(size + 1)), size};
    if (size > 0)
        memcpy(copy.at, data, size);
    return copy;
}

static proto_kind kind_of(proto_kind parent, uint32_t number)
{
    static const struct {
        proto_kind parent;
        uint32_t number;
        proto_kind child;
    } kinds[] = {
        {PROTO_MODEL, MODEL_GRAPH, PROTO_GRAPH},
        {PROTO_MODEL, MODEL_OPSET, PROTO_OPSET},
        {PROTO_GRAPH, GRAPH_NODE, PROTO_NODE},
        {PROTO_GRAPH, GRAPH_TENSOR, PROTO_TENSOR},
        {PROTO_GRAPH, GRAPH_INPUT, PROTO_PORT},
        {PROTO_GRAPH, GRAPH_OUTPUT, PROTO_PORT},
        {PROTO_NODE, NODE_ATTRIBUTE, PROTO_ATTRIBUTE},
        {PROTO_ATTRIBUTE, ATTRIBUTE_TENSOR, PROTO_TENSOR},
        {PROTO_PORT, PORT_TYPE, PROTO_TYPE},
        {PROTO_TYPE, 1, PROTO_TENSOR_TYPE},
        {PROTO_TENSOR_TYPE, 2, PROTO_SHAPE},
        {PROTO_SHAPE, 1, PROTO_DIM},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].parent == parent && kinds[i].number == number)
            return kinds[i].child;
    return PROTO_PLAIN;
}

/* ---- Tree ------------------------------------------------------------------------------- */

static proto *new_message(proto_kind kind)
{
    proto *p = must(calloc(1, sizeof *p));
    p->kind = kind;
    return p;
}

static proto_field *new_field(proto *p, uint32_t number, unsigned wire)
{
    p->fields = must(realloc(p->fields, (p->count + 1) * sizeof *p->fields));
    p->fields[p->count] = (proto_field){.number = number, .wire = wire};
    return &p->fields[p->count++];
}

static uint64_t get_varint(const unsigned char **at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    do
        value |= (uint64_t)(**at & 127) << shift;
    while (shift += 7, *(*at)++ >= 128);
    return value;
}

proto *proto_parse(const unsigned char *at, size_t size, proto_kind kind)
{
    const unsigned char *end = at + size;
    proto *p = new_message(kind);
    while (at < end) {
        const uint64_t tag = get_varint(&at);
        proto_field *field = new_field(p, (uint32_t)(tag >> 3), (unsigned)(tag & 7));
        if (field->wire == VARINT) {
            field->value = get_varint(&at);
            continue;
        }
        const size_t length =
            field->wire == LENGTH ? (size_t)get_varint(&at) : (field->wire == FIXED32 ? 4 : 8);
        const proto_kind child = kind_of(kind, field->number);
        if (child != PROTO_PLAIN && field->wire == LENGTH)
            field->child = proto_parse(at, length, child);
        else
            field->data = copy_bytes(at, length);
        at += length;
    }
    return p;
}

static void free_field(proto_field *field)
{
    free(field->data.at);
    if (field->child)
        proto_free(field->child);
}

void proto_free(proto *p)
{
    for (size_t i = 0; i < p->count; i++)
        free_field(&p->fields[i]);
    free(p->fields);
    free(p);
}

static size_t varint_size(uint64_t value)
{
    size_t n = 1;
    for (; value >= 128; value >>= 7)
        n++;
    return n;
}

static size_t message_size(const proto *p);

static size_t data_size(const proto_field *field)
{
    return field->child ? message_size(field->child) : field->data.size;
}

static size_t message_size(const proto *p)
{
    size_t size = 0;
    for (size_t i = 0; i < p->count; i++) {
        const proto_field *field = &p->fields[i];
        size += varint_size((uint64_t)field->number << 3);
        if (field->wire == VARINT) {
            size += varint_size(field->value);
            continue;
        }
        const size_t length = data_size(field);
        size += (field->wire == LENGTH ? varint_size(length) : 0) + length;
    }
    return size;
}

static unsigned char *put_varint(unsigned char *to, uint64_t value)
{
    for (; value >= 128; value >>= 7)
        *to++ = (unsigned char)(value | 128);
    *to++ = (unsigned char)value;
    return to;
}

static unsigned char *put_message(unsigned char *to, const proto *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const proto_field *field = &p->fields[i];
        to = put_varint(to, (uint64_t)field->number << 3 | field->wire);
        if (field->wire == VARINT) {
            to = put_varint(to, field->value);
            continue;
        }
        if (field->wire == LENGTH)
            to = put_varint(to, data_size(field));
        if (field->child) {
            to = put_message(to, field->child);
        } else {
            memcpy(to, field->data.at, field->data.size);
            to += field->data.size;
        }
    }
    return to;
}

bytes proto_write(const proto *p)
{
    bytes whole = {NULL, message_size(p)};
    whole.at = must(malloc(whole.size + 1));
    put_message(whole.at, p);
    return whole;
}

proto_field *proto_find(const proto *p, uint32_t number, size_t k)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->fields[i].number == number && k-- == 0)
            return &p->fields[i];
    return NULL;
}

size_t proto_count(const proto *p, uint32_t number)
{
    size_t count = 0;
    while (proto_find(p, number, count))
        count++;
    return count;
}

void proto_remove(proto *p, proto_field *field)
{
    free_field(field);
    const size_t at = (size_t)(field - p->fields);
    p->count--;
    memmove(field, field + 1, (p->count - at) * sizeof *field);
}

proto_field *proto_add_int(proto *p, uint32_t number, uint64_t value)
{
    proto_field *field = new_field(p, number, VARINT);
    field->value = value;
    return field;
}

proto_field *proto_add_bytes(proto *p, uint32_t number, const void *data, size_t size)
{
    proto_field *field = new_field(p, number, LENGTH);
    field->data = copy_bytes(data, size);
    return field;
}

proto_field *proto_add_text(proto *p, uint32_t number, const char *text)
{
    return proto_add_bytes(p, number, text, strlen(text));
}

proto *proto_add(proto *p, uint32_t number)
{
    proto_field *field = new_field(p, number, LENGTH);
    field->child = new_message(kind_of(p->kind, number));
    return field->child;
}

void proto_set_text(proto_field *field, const char *text)
{
    const bytes data = copy_bytes(text, strlen(text));
    free(field->data.at);
    field->data = data;
}

int proto_is(const proto_field *field, const char *text)
{
    return field && field->data.size == strlen(text) &&
           memcmp(field->data.at, text, field->data.size) == 0;
}

proto *proto_copy(proto *to, uint32_t number, const proto *from)
{
    const bytes whole = proto_write(from);
    proto_field *field = new_field(to, number, LENGTH);
    field->child = proto_parse(whole.at, whole.size, from->kind);
    free(whole.at);
    return field->child;
}

/* ---- Graphs ----------------------------------------------------------------------------- */

proto *graph_of(const proto *model)
{
    return proto_find(model, MODEL_GRAPH, 0)->child;
}

static proto *child_with(const proto *p, uint32_t number, uint32_t text_number, const char *text,
                         size_t k)
{
    proto_field *field;
    for (size_t i = 0; (field = proto_find(p, number, i)) != NULL; i++)
        for (size_t j = 0; proto_find(field->child, text_number, j); j++)
            if (proto_is(proto_find(field->child, text_number, j), text) && k-- == 0)
                return field->child;
    return NULL;
}

proto *tensor_of(const proto *model, const char *name)
{
    return child_with(graph_of(model), GRAPH_TENSOR, TENSOR_NAME, name, 0);
}

proto *node_making(const proto *model, const char *output)
{
    return child_with(graph_of(model), GRAPH_NODE, NODE_OUTPUT, output, 0);
}

proto *node_of_op(const proto *model, const char *op, size_t k)
{
    return child_with(graph_of(model), GRAPH_NODE, NODE_OP, op, k);
}

proto *attribute_of(const proto *node, const char *name)
{
    return child_with(node, NODE_ATTRIBUTE, ATTRIBUTE_NAME, name, 0);
}

proto *port_of(const proto *model, uint32_t number, size_t k)
{
    return proto_find(graph_of(model), number, k)->child;
}

proto *shape_of_port(const proto *port)
{
    return proto_find(proto_find(proto_find(port, PORT_TYPE, 0)->child, 1, 0)->child, 2, 0)->child;
}

void drop(proto *parent, const proto *child)
{
    for (size_t i = 0; i < parent->count; i++) {
        if (parent->fields[i].child == child) {
            proto_remove(parent, &parent->fields[i]);
            return;
        }
    }
    abort();
}

proto *add_node(proto *model, const char *op, const char *output)
{
    proto *node = proto_add(graph_of(model), GRAPH_NODE);
    proto_add_text(node, NODE_OP, op);
    proto_add_text(node, NODE_OUTPUT, output);
    return node;
}

proto *add_attribute_int(proto *node, const char *name, uint64_t value)
{
    enum { INT = 2 };
    proto *attribute = proto_add(node, NODE_ATTRIBUTE);
    proto_add_text(attribute, ATTRIBUTE_NAME, name);
    proto_add_int(attribute, ATTRIBUTE_I, value);
    proto_add_int(attribute, ATTRIBUTE_TYPE, INT);
    return attribute;
}

proto *add_tensor(proto *model, const char *name, const uint64_t *dims, size_t rank, int type,
                  const void *data, size_t size)
{
    proto *tensor = proto_add(graph_of(model), GRAPH_TENSOR);
    for (size_t d = 0; d < rank; d++)
        proto_add_int(tensor, TENSOR_DIMS, dims[d]);
    proto_add_int(tensor, TENSOR_TYPE, (uint64_t)type);
    proto_add_text(tensor, TENSOR_NAME, name);
    proto_add_bytes(tensor, TENSOR_RAW, data, size);
    return tensor;
}

typedef void each_name(proto_field *name, void *user);

static void for_each_reading(const proto *model, each_name *each, void *user)
{
    const proto *graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_NODE); i++) {
        const proto *node = proto_find(graph, GRAPH_NODE, i)->child;
        for (size_t k = 0; k < proto_count(node, NODE_INPUT); k++)
            each(proto_find(node, NODE_INPUT, k), user);
    }
    for (size_t i = 0; i < proto_count(graph, GRAPH_OUTPUT); i++)
        each(proto_find(port_of(model, GRAPH_OUTPUT, i), PORT_NAME, 0), user);
}

typedef struct renaming {
    const char *from, *to;
} renaming;

static void rename_one(proto_field *name, void *user)
{
    const renaming *r = user;
    if (proto_is(name, r->from))
        proto_set_text(name, r->to);
}

void redirect(const proto *model, const char *from, const char *to)
{
    renaming r = {from, to};
    for_each_reading(model, rename_one, &r);
}

/* No new name equals an old one: new names begin with a byte 1. */
static void rename_value(const proto *model, proto_field *made, uint32_t *seed)
{
    if (made->data.size == 0)
        return;
    char *from = must(calloc(made->data.size + 1, 1));
    memcpy(from, made->data.at, made->data.size);
    char to[32];
    const uint32_t high = random_bits(seed);
    snprintf(to, sizeof to, "\001%08lx%08lx", (unsigned long)high,
             (unsigned long)random_bits(seed));
    redirect(model, from, to);
    proto_set_text(made, to);
    free(from);
}

void rename_all(const proto *model, uint32_t *seed)
{
    const proto *graph = graph_of(model);
    for (size_t i = 0; i < graph->count; i++) {
        const proto_field *field = &graph->fields[i];
        if (field->number == GRAPH_NODE) {
            proto_field *name = proto_find(field->child, NODE_NAME, 0);
            if (name)
                proto_set_text(name, i % 2 ? "" : "a node");
            for (size_t k = 0; k < proto_count(field->child, NODE_OUTPUT); k++)
                rename_value(model, proto_find(field->child, NODE_OUTPUT, k), seed);
        }
        if (field->number == GRAPH_TENSOR)
            rename_value(model, proto_find(field->child, TENSOR_NAME, 0), seed);
        if (field->number == GRAPH_INPUT)
            rename_value(model, proto_find(field->child, PORT_NAME, 0), seed);
    }
}

void shuffle_all(const proto *model, uint32_t *seed)
{
    const proto *graph = graph_of(model);
    for (size_t i = graph->count; i > 1; i--) {
        const size_t k = random_bits(seed) % i;
        const proto_field swapped = graph->fields[i - 1];
        graph->fields[i - 1] = graph->fields[k];
        graph->fields[k] = swapped;
    }
}

/* ---- Units ------------------------------------------------------------------------------ */

/* Which dimensions of a tensor of ours count units: 1 or 4 times their number; 0: neither. */
static void unit_dims(const proto *tensor, unsigned *times)
{
    static const struct {
        const char *name;
        unsigned times[2];
    } known[] = {
        {"lstm0/W", {0, 4}}, {"lstm0/U", {1, 4}}, {"lstm0/b", {4, 0}}, {"lstm1/W", {1, 4}},
        {"lstm1/U", {1, 4}}, {"lstm1/b", {4, 0}}, {"dense/W", {1, 0}},
    };
    times[0] = times[1] = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (proto_is(proto_find(tensor, TENSOR_NAME, 0), known[i].name))
            memcpy(times, known[i].times, sizeof known[i].times);
}

static void resize_weights(const proto *tensor, unsigned units)
{
    unsigned times[2];
    unit_dims(tensor, times);
    if (times[0] + times[1] == 0)
        return;
    size_t size = 4;
    for (size_t d = 0; d < proto_count(tensor, TENSOR_DIMS); d++) {
        proto_field *dim = proto_find(tensor, TENSOR_DIMS, d);
        if (times[d] > 0)
            dim->value = (uint64_t)times[d] * units;
        size *= (size_t)dim->value;
    }
    bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    bytes resized = {must(malloc(size)), size};
    for (size_t i = 0; i < size; i++)
        resized.at[i] = data->at[i % data->size];
    free(data->at);
    *data = resized;
}

/* Ends of slices and shapes: every 128 counts units. */
static void resize_integers(const proto *tensor, unsigned units)
{
    enum { OURS = 128 };
    const bytes *data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    for (size_t i = 0; i + 8 <= data->size; i += 8) {
        if (data->at[i] == OURS && data->at[i + 1] == 0) {
            data->at[i] = (unsigned char)units;
            data->at[i + 1] = (unsigned char)(units >> 8);
        }
    }
}

void resize_units(const proto *model, unsigned units)
{
    enum { INT64 = 7, STATES = 4 };
    const proto *graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_TENSOR); i++) {
        const proto *tensor = proto_find(graph, GRAPH_TENSOR, i)->child;
        if (proto_find(tensor, TENSOR_TYPE, 0)->value == INT64)
            resize_integers(tensor, units);
        else
            resize_weights(tensor, units);
    }
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->fields[i].number != GRAPH_INPUT && graph->fields[i].number != GRAPH_OUTPUT)
            continue;
        const proto *shape = shape_of_port(graph->fields[i].child);
        if (proto_count(shape, 1) == STATES)
            proto_find(proto_find(shape, 1, 2)->child, 1, 0)->value = units;
    }
}

/* ---- Files ------------------------------------------------------------------------------ */

bytes read_bytes(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    rewind(file);
    bytes whole = {must(malloc((size_t)size + 1)), (size_t)size};
    if (fread(whole.at, 1, whole.size, file) != whole.size)
        fail_msg("%s cannot be read", path);
    fclose(file);
    return whole;
}

bytes our_bytes(int stage)
{
    return read_bytes(stage == 1 ? UNECHO_MODELS_DIR "/unecho-128_1.onnx"
                                 : UNECHO_MODELS_DIR "/unecho-128_2.onnx");
}

proto *our_model(int stage)
{
    const bytes file = our_bytes(stage);
    proto *model = proto_parse(file.at, file.size, PROTO_MODEL);
    free(file.at);
    return model;
}

bytes small_bytes(int stage)
{
    proto *model = our_model(stage);
    resize_units(model, FEWEST_UNITS);
    const bytes file = proto_write(model);
    proto_free(model);
    return file;
}
