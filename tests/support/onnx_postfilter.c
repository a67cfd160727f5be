#include "onnx_postfilter.h"

#include "onnx_edit.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS = 160, BANDS = 70 };

proto *our_postfilter(void)
{
    const bytes file = read_bytes(POSTFILTER_FILE);
    proto *const model = proto_parse(file.at, file.size, PROTO_MODEL);
    free(file.at);
    return model;
}

/* Keep the columns of the gains of a tensor of floats, which has them and one more. */
static void keep_gains(const proto *tensor)
{
    const size_t d = proto_count(tensor, TENSOR_DIMS) - 1;
    bytes *const data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    const size_t rows = data->size / ((BANDS + 1) * sizeof(float));
    proto_find(tensor, TENSOR_DIMS, d)->value = BANDS;
    for (size_t r = 0; r < rows; r++)
        memmove(data->at + r * BANDS * sizeof(float), data->at + r * (BANDS + 1) * sizeof(float),
                BANDS * sizeof(float));
    data->size = rows * BANDS * sizeof(float);
}

proto *postfilter_of_old(void)
{
    proto *const model = our_postfilter();
    keep_gains(tensor_of(model, "output/W"));
    keep_gains(tensor_of(model, "output/b"));
    drop(graph_of(model), node_making(model, "near_end"));
    drop(graph_of(model), port_of(model, GRAPH_OUTPUT, 2));
    proto_set_text(proto_find(node_making(model, "output/all"), NODE_OUTPUT, 0), "gains");
    tidy(model);
    return model;
}

proto *postfilter_from_steps(void)
{
    static const int64_t step[] = {1, 1, UNITS};
    proto *const model = our_postfilter();
    redirect(model, "gru0/out", "gru0/squeezed");
    add_ints(model, "shape/squeezed", step, 3);
    ADD(model, "Reshape", "gru0/squeezed", "gru0/steps", "shape/squeezed");
    tidy(model);
    return model;
}

proto *postfilter_with_gemm(void)
{
    proto *const model = our_postfilter();
    drop(graph_of(model), node_making(model, "output/xW"));
    drop(graph_of(model), node_making(model, "output/sum"));
    ADD(model, "Gemm", "output/sum", "hidden/row", "output/W", "output/b");
    tidy(model);
    return model;
}

/* Whatever counts units is a multiple of them, and nothing else is. */
static uint64_t resized(uint64_t count)
{
    return count % UNITS == 0 ? count / UNITS * FEWEST_UNITS : count;
}

static void resize_tensor(const proto *tensor)
{
    bytes *const data = &proto_find(tensor, TENSOR_RAW, 0)->data;
    if (proto_find(tensor, TENSOR_TYPE, 0)->value == INT64) {
        for (size_t i = 0; i + 8 <= data->size; i += 8) {
            uint64_t value;
            memcpy(&value, data->at + i, sizeof value);
            value = resized(value);
            memcpy(data->at + i, &value, sizeof value);
        }
        return;
    }
    size_t size = sizeof(float);
    for (size_t d = 0; d < proto_count(tensor, TENSOR_DIMS); d++) {
        proto_field *const dim = proto_find(tensor, TENSOR_DIMS, d);
        dim->value = resized(dim->value);
        size *= (size_t)dim->value;
    }
    data->size = size; /* it never grows */
}

void shrink_postfilter(const proto *model)
{
    const proto *const graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_TENSOR); i++)
        resize_tensor(proto_find(graph, GRAPH_TENSOR, i)->child);
    for (size_t i = 0; i < 2; i++)
        proto_find(attribute_of(node_of_op(model, "GRU", i), "hidden_size"), ATTRIBUTE_I, 0)
            ->value = FEWEST_UNITS;
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->fields[i].number != GRAPH_INPUT && graph->fields[i].number != GRAPH_OUTPUT)
            continue;
        const proto *const shape = shape_of_port(graph->fields[i].child);
        for (size_t d = 0; d < proto_count(shape, 1); d++) {
            proto_field *const size = proto_find(proto_find(shape, 1, d)->child, 1, 0);
            size->value = resized(size->value);
        }
    }
}

proto *small_postfilter(void)
{
    proto *const model = our_postfilter();
    shrink_postfilter(model);
    return model;
}
