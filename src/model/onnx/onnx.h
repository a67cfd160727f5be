/* The reader of ONNX files. */
#ifndef UNECHO_MODEL_ONNX_H
#define UNECHO_MODEL_ONNX_H

#include "model/graph/graph.h"

/*
 * Bytes to a graph that is linked and sorted, with no shapes yet, and that points into the bytes.
 * On failure the graph is freed. Returns UNECHO_OK, UNECHO_ERROR_MEMORY, UNECHO_ERROR_FORMAT or
 * UNECHO_ERROR_MODEL.
 */
int onnx_read(graph *g, const unsigned char *bytes, size_t size, const char *name,
              const message *to);

#endif
