/*
 * The reader of TFLite files: flatbuffer to the graph that the matcher follows, each operator as
 * the nodes of ONNX that do the same. Knows the format; knows nothing of the network.
 */
#ifndef UNECHO_MODEL_TFLITE_H
#define UNECHO_MODEL_TFLITE_H

#include "model/graph/graph.h"

/* Do the bytes carry the identifier of TFLite? */
bool tflite_is(const unsigned char *bytes, size_t size);

/*
 * As onnx_read: the first subgraph, linked and ordered, everything pointing into bytes. Weights may
 * be int8 with one scale and no zero point: they stay so, and count as scale times each element.
 */
int tflite_read(graph *g, const unsigned char *bytes, size_t size, const char *name,
                const message *to);

#endif
