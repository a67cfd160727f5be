/*
 * Our own models as other exporters and quantisers would write them: the same network by other
 * operators. What they make ONNX Runtime reads, too.
 */
#ifndef UNECHO_TEST_ONNX_SPELLINGS_H
#define UNECHO_TEST_ONNX_SPELLINGS_H

#include "onnx_writer.h"

#include <stdbool.h>

/*
 * Round each matrix to multiples of a power of two, 127 of them at most, one for each output or one
 * for all: what quantisation then makes of it is exact.
 */
void round_matrices(proto *model, bool per_output);
/* Round every tensor of floats to float16. */
void round_to_half(proto *model);

/* The layers as LSTM operators; the second one's output is taken from Y_h, the first one's from Y. */
void spell_lstm(proto *model);
/* The layer norms as LayerNormalization operators, of opset 17. */
void spell_layer_norm(proto *model);

/* The matrices of the layers and of the mask as Gemm, in one of four ways: transposed or not, the
 * matrix on the left or on the right. */
void spell_gemm(proto *model, bool turned, bool left);
/* The mask's layer as alpha * x W + beta * b, of twice that and of four times that. */
void spell_factors(proto *model);

/* Floats as float16 (10) or bfloat16 (16), each made float32 by a Cast of its own. */
void spell_stored_as(proto *model, int type);
/* All between inputs and outputs in float16, as converters make it. */
void spell_half(proto *model);

/* Matrices as int8 (3) or uint8 (2) with a DequantizeLinear each. After round_matrices. */
void spell_dequantize(proto *model, int type, bool per_output);
/* As ONNX Runtime quantises them: products of integers. After round_matrices. */
void spell_dynamic(proto *model, int type, bool per_output);
/* The layers of spell_lstm as DynamicQuantizeLSTM. */
void spell_dynamic_lstm(proto *model, int type, bool per_output);

/* Drop nodes and tensors that no output depends on, and put the others in order. */
void tidy(proto *model);

#endif
