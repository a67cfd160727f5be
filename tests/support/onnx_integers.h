/* Our own models with integer matrices. */
#ifndef UNECHO_TEST_ONNX_INTEGERS_H
#define UNECHO_TEST_ONNX_INTEGERS_H

#include "onnx_writer.h"

#include <stdbool.h>

/*
 * Round each matrix to multiples of a power of two, at most 127 of them, one for each output or one
 * for all: what the functions below make of it is exact.
 */
void round_matrices(proto *model, bool per_output);

/* Matrices as int8 (3) or uint8 (2), each with a DequantizeLinear. */
void spell_dequantize(proto *model, int type, bool per_output);
/* As ONNX Runtime quantises them: integer products. */
void spell_dynamic(proto *model, int type, bool per_output);
/* The layers, already LSTM operators, as DynamicQuantizeLSTM. */
void spell_dynamic_lstm(proto *model, int type, bool per_output);

#endif
