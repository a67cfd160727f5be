/* What a graph and the weights in it are, for people. */
#ifndef UNECHO_ONNX_SUMMARY_H
#define UNECHO_ONNX_SUMMARY_H

#include "onnx.h"
#include "weights.h"

#include "unecho_model.h"

/* All of info but its size and format. */
void onnx_summarise(unecho_model_file_info *info, const onnx_graph *graph,
                    const stage_weights *weights);

#endif
