/*
 * The reader of TFLite files: flatbuffer to graph, each operator as the ONNX nodes that do the
 * same.
 */
#ifndef UNECHO_MODEL_TFLITE_H
#define UNECHO_MODEL_TFLITE_H

#include "model/graph/graph.h"

/* Do the bytes have the identifier of TFLite? */
bool tflite_is(const unsigned char *bytes, size_t size);

/* As onnx_read, for the first subgraph. Weights may be int8 without zero points; they stay so. */
int tflite_read(graph *g, const unsigned char *bytes, size_t size, const char *name,
                const message *to);

#endif
