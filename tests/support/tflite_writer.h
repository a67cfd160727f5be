/*
 * TFLite files of this network for tests: a model as lists of tensors and operators that a test can
 * change before they are written.
 */
#ifndef UNECHO_TEST_TFLITE_WRITER_H
#define UNECHO_TEST_TFLITE_WRITER_H

#include "onnx_writer.h"

enum { TFLITE_FLOAT = 0, TFLITE_INT32 = 2, TFLITE_INT8 = 9 };
enum { TFLITE_TENSORS = 160, TFLITE_OPERATORS = 100, TFLITE_ENDS = 4, TFLITE_OPTIONS = 6 };

/* Builtin codes that tests look for. */
enum { TFLITE_ADD = 0, TFLITE_CONV = 3, TFLITE_FULLY_CONNECTED = 9, TFLITE_SLICE = 45 };

typedef struct tflite_spec {
    char name[32];
    int32_t dims[4];
    unsigned rank, type;
    unsigned char *data; /* NULL: not constant */
    size_t size;
    float scale;
    unsigned scales; /* how many scales the file holds: scale, twice, three times that, and so on */
    int64_t zero_point;
} tflite_spec;

typedef struct tflite_op {
    int code, options_type;
    int32_t inputs[TFLITE_ENDS], outputs[TFLITE_ENDS], options[TFLITE_OPTIONS];
    unsigned input_count, output_count, option_count;
    int32_t list[4]; /* replaces the first option, if there is one */
    unsigned list_count;
} tflite_op;

typedef struct tflite_model {
    tflite_spec tensors[TFLITE_TENSORS];
    tflite_op operators[TFLITE_OPERATORS];
    int32_t inputs[3], outputs[2];
    unsigned tensor_count, operator_count;
    unsigned units, features;
    int int8;
    uint32_t version, seed;
} tflite_model;

/* A stage with that many units and random weights; int8: with int8 matrices. */
tflite_model *tflite_new(int stage, unsigned units, int int8, uint32_t seed);
void tflite_free(tflite_model *m);
bytes tflite_write(const tflite_model *m);

/* Fails the test if there is none. */
tflite_spec *tflite_find(tflite_model *m, const char *name);
/* The k-th operator with that code. */
tflite_op *tflite_find_op(tflite_model *m, int code, unsigned k);
/*
 * Adds an operator without options before all others, with one constant input (and integers, if
 * any). Returns its output, which has the constant's shape.
 */
int32_t tflite_insert(tflite_model *m, int code, int32_t of, const int32_t *list, unsigned count);

#endif
