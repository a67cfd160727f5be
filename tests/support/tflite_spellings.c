#include "tflite_spellings.h"

#include "signals.h"

#include <stdlib.h>
#include <string.h>

enum { DEQUANTIZE = 6, MUL = 18, TRANSPOSE = 39, DIV = 42, SQRT = 75, RSQRT = 76, SQUARE = 92 };
enum { RESHAPE = 22, SQUEEZE = 43, UNPACK = 88 };
enum { FLOAT16 = 1, RESHAPE_OPTIONS = 17, DIV_OPTIONS = 29, SQUEEZE_OPTIONS = 30 };

/* x / sqrt(y) instead of x * rsqrt(y), in the first layer norm. */
static void use_division(tflite_model *m)
{
    tflite_op *const root = tflite_find_op(m, RSQRT, 0);
    tflite_op *times = tflite_find_op(m, MUL, 0);
    for (unsigned k = 1; times->inputs[1] != root->outputs[0]; k++)
        times = tflite_find_op(m, MUL, k);
    root->code = SQRT;
    times->code = DIV;
    times->options_type = DIV_OPTIONS;
}

/* x * x instead of square(x) */
static void use_product(tflite_model *m)
{
    tflite_op *const square = tflite_find_op(m, SQUARE, 0);
    square->code = MUL;
    square->inputs[1] = square->inputs[0];
    square->input_count = 2;
}

/* The only slice along an axis, written as a removal of that axis. */
static void use_squeeze(tflite_model *m)
{
    tflite_op *const op = tflite_find_op(m, UNPACK, 0);
    op->code = SQUEEZE;
    op->options_type = SQUEEZE_OPTIONS;
    op->option_count = 1;
    op->list[0] = 1;
    op->list_count = 1;
}

/* The shape as an option instead of an input. */
static void use_shape_option(tflite_model *m)
{
    tflite_op *const op = tflite_find_op(m, RESHAPE, 0);
    const tflite_spec *const shape = &m->tensors[op->inputs[1]];
    op->input_count = 1;
    op->options_type = RESHAPE_OPTIONS;
    op->option_count = 1;
    memcpy(op->list, shape->data, shape->size);
    op->list_count = (unsigned)(shape->size / sizeof *op->list);
}

/* Let the product that reads `stored` read `made`. */
static void multiply_by(tflite_model *m, int32_t stored, int32_t made)
{
    for (unsigned k = 0; k < 5; k++) {
        tflite_op *const product = tflite_find_op(m, TFLITE_FULLY_CONNECTED, k);
        if (product->inputs[1] == stored)
            product->inputs[1] = made;
    }
}

/* The recurrent matrix of the second layer from an operator that decodes it. */
static void use_dequantize(tflite_model *m)
{
    const int32_t stored = (int32_t)(tflite_find(m, "lstm1/U") - m->tensors);
    multiply_by(m, stored, tflite_insert(m, DEQUANTIZE, stored, NULL, 0));
}

void use_float16(tflite_model *m)
{
    tflite_spec *const t = tflite_find(m, "lstm1/U");
    uint32_t seed = 3;
    t->type = FLOAT16;
    t->size /= 2;
    for (size_t i = 0; i < t->size; i++) /* odd bytes: sign and exponent, which must not be 31 */
        t->data[i] = (unsigned char)(random_bits(&seed) & (i % 2 ? 0xbb : 0xff));
    use_dequantize(m);
}

/* A matrix stored transposed, and transposed back by an operator. */
static void use_transpose(tflite_model *m)
{
    static const int32_t order[2] = {1, 0};
    tflite_spec *const t = tflite_find(m, "lstm1/U");
    const int32_t stored = (int32_t)(t - m->tensors);
    const size_t rows = (size_t)t->dims[0], columns = (size_t)t->dims[1];
    const size_t size = t->scales > 0 ? 1 : 4;
    const int32_t made = tflite_insert(m, TRANSPOSE, stored, order, 2);
    unsigned char *const turned = malloc(t->size);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            memcpy(turned + size * (c * rows + r), t->data + size * (r * columns + c), size);
    free(t->data);
    t->data = turned;
    t->dims[0] = (int32_t)columns;
    t->dims[1] = (int32_t)rows;
    multiply_by(m, stored, made);
}

void use_scale_per_output(tflite_model *m)
{
    tflite_find(m, "lstm0/W")->scales = 4 * m->units;
}

const tflite_spelling tflite_spellings[] = {
    {"division", use_division, 0, 0, 0},
    {"product", use_product, 0, 0, 1},
    {"squeeze", use_squeeze, 0, 0, 0},
    {"shape option", use_shape_option, 0, 0, 0},
    {"float16", use_float16, 0, 1, 0},
    {"dequantize", use_dequantize, 1, 0, 0},
    {"transpose", use_transpose, 0, 0, 0},
    {"transpose int8", use_transpose, 1, 0, 0},
    {"scale per output", use_scale_per_output, 1, 1, 0},
};
const size_t tflite_spellings_count = sizeof tflite_spellings / sizeof tflite_spellings[0];
