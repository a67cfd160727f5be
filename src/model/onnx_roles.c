#include "onnx_roles.h"

#include <string.h>

_Static_assert((int)PORT_RANK_MAX >= (int)ONNX_RANK_MAX, "every shape fits");

void onnx_roles_read(stage_port ports[PORTS], const onnx_graph *graph, const size_t values[PORTS])
{
    for (size_t i = 0; i < PORTS; i++) {
        const onnx_value *const v = &graph->values[values[i]];
        ports[i] = (stage_port){v->name.at, v->name.size, v->shape.rank, {0}};
        memcpy(ports[i].dims, v->shape.dims, v->shape.rank * sizeof *v->shape.dims);
    }
}
