/* Both stages with as few units as there may be, all weights 0 and left out. */
#include "../tests/onnx_writer.h"
#include "../tests/tflite_writer.h"
#include "holes.h"
#include "seeds.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST_WEIGHTS = 256 };

static void write_cut(const char *folder, const char *name, bytes file)
{
    bytes cut = {malloc(file.size), 0};
    cut.size = holes_cut(file.at, file.size, cut.at);
    seed_write(folder, name, cut.at, cut.size);
    free(cut.at);
    free(file.at);
}

static void clear_weights(const proto *model)
{
    const proto *const graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_TENSOR); i++) {
        const proto_field *const raw =
            proto_find(proto_find(graph, GRAPH_TENSOR, i)->child, TENSOR_RAW, 0);
        if (raw && raw->data.size >= SMALLEST_WEIGHTS)
            memset(raw->data.at, 0, raw->data.size);
    }
}

void seeds_onnx(const char *folder)
{
    for (int stage = 1; stage <= 2; stage++) {
        proto *const model = our_model(stage);
        resize_units(model, FEWEST_UNITS);
        clear_weights(model);
        write_cut(folder, stage == 1 ? "stage_1.onnx" : "stage_2.onnx", proto_write(model));
        proto_free(model);
    }
}

void seeds_tflite(const char *folder)
{
    static const char *const names[] = {"stage_1.tflite", "stage_2.tflite", "stage_1_int8.tflite",
                                        "stage_2_int8.tflite"};
    for (int i = 0; i < 4; i++) {
        tflite_model *const model = tflite_new(1 + i % 2, FEWEST_UNITS, i / 2, 1);
        for (size_t t = 0; t < model->tensor_count; t++)
            if (model->tensors[t].size >= SMALLEST_WEIGHTS)
                memset(model->tensors[t].data, 0, model->tensors[t].size);
        write_cut(folder, names[i], tflite_write(model));
        tflite_free(model);
    }
}
