/* Edits of a graph that onnx_writer.h reads and writes, used by the spellings. */
#ifndef UNECHO_TEST_ONNX_EDIT_H
#define UNECHO_TEST_ONNX_EDIT_H

#include "onnx_writer.h"

enum { FLOAT = 1, UINT8 = 2, INT8 = 3, INT64 = 7, FLOAT16 = 10, BFLOAT16 = 16 };
enum { GATES = 4 };

typedef char name[64];

/* The data of a tensor of floats. */
float *floats_of(const proto *tensor, size_t *count);
size_t dim_of(const proto *tensor, size_t d);
void text_of(const proto_field *field, name text);

/* A node with these inputs. */
proto *add_reading(proto *model, const char *op, const char *output, const char *const *inputs,
                   size_t count);
#define ADD(model, op, output, ...)                                                                \
    add_reading(model, op, output, (const char *const[]){__VA_ARGS__},                             \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Adds a tensor of int64 unless it exists. */
void add_ints(proto *model, const char *called, const int64_t *list, size_t count);
void reshape(proto *model, const char *output, const char *input, const int64_t *dims, size_t rank);
void add_float_attribute(proto *node, const char *called, float value);

/* Drop nodes and tensors that no output depends on, and sort the nodes. */
void tidy(proto *model);

#endif
