#include "stage_file.h"

#include "onnx_stage.h"
#include "tflite.h"

#include "unecho.h"

#include <string.h>

static int read_tflite(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                       const char *name, const message *to)
{
    onnx_graph graph;
    int status = tflite_read(&graph, bytes, size, name, to);
    if (status != UNECHO_OK)
        return status;
    status = onnx_stage_match(weights, stage, &graph);
    onnx_free(&graph);
    for (size_t i = 0; status == UNECHO_OK && i < PORTS; i++)
        weights->ports[i].name = NULL;
    return status;
}

/* Only to choose which reader explains what is wrong with a file that is neither. */
static bool has_ending(const char *name)
{
    static const char ending[] = ".tflite";
    const size_t size = strlen(name), end = strlen(ending);
    return size >= end && strcmp(name + size - end, ending) == 0;
}

int stage_file_read(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                    const char *name, const message *to)
{
    if (tflite_is(bytes, size))
        return read_tflite(weights, stage, bytes, size, name, to);
    const message silent = {NULL, 0};
    const int status =
        onnx_stage_read(weights, stage, bytes, size, name, has_ending(name) ? &silent : to);
    if (status == UNECHO_ERROR_FORMAT && has_ending(name))
        return read_tflite(weights, stage, bytes, size, name, to);
    return status;
}
