/* Our own models with matrices of integers. */
#ifndef UNECHO_TEST_ONNX_INTEGERS_H
#define UNECHO_TEST_ONNX_INTEGERS_H

#include "onnx_writer.h"

#include <stdbool.h>

/*
 * Round each matrix to multiples of a power of two, 127 of them at most, one for each output or one
 * for all: what the others then make of it is exact.
 */
void round_matrices(proto *model, bool per_output);

/* Matrices as int8 (3) or uint8 (2) with a DequantizeLinear each. */
void spell_dequantize(proto *model, int type, bool per_output);
/* As ONNX Runtime quantises them: products of integers. */
void spell_dynamic(proto *model, int type, bool per_output);
/* The layers, LSTM operators by now, as DynamicQuantizeLSTM. */
void spell_dynamic_lstm(proto *model, int type, bool per_output);

#endif
