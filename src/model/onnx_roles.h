/* The inputs and outputs of a stage's graph by role, as those need them who run the file itself. */
#ifndef UNECHO_ONNX_ROLES_H
#define UNECHO_ONNX_ROLES_H

#include "onnx.h"
#include "weights.h"

/* values: which value of the graph has which role; its shapes must be known. */
void onnx_roles_read(stage_port ports[PORTS], const onnx_graph *graph, const size_t values[PORTS]);

#endif
