/* From the bytes of an ONNX file to the weights of one stage, by following the data flow. */
#ifndef UNECHO_ONNX_STAGE_H
#define UNECHO_ONNX_STAGE_H

#include "onnx.h"
#include "weights.h"

#include <stddef.h>

/*
 * stage: 1 or 2, which one the file must be; 0: either. name: the file's name, for messages. On
 * success the matrices of *weights point into bytes, which must outlive them, and weights->vectors
 * is to be freed by the caller. On failure *weights is untouched and nothing stays allocated.
 *
 * Returns UNECHO_OK, UNECHO_ERROR_MEMORY, UNECHO_ERROR_FORMAT or UNECHO_ERROR_MODEL.
 */
int onnx_stage_read(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                    const char *name, const message *to);

/* The same from a graph that is linked and ordered, whatever file it was read from. */
int onnx_stage_match(stage_weights *weights, int stage, onnx_graph *graph);

#endif
