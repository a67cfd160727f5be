#include "stage_file.h"

#include "match/stage.h"
#include "match/summary.h"
#include "onnx/onnx.h"
#include "tflite/tflite.h"

#include "unecho_model.h"

#include <stdio.h>
#include <string.h>

/* Only to choose which reader explains what is wrong with a file that is neither. */
static bool has_ending(const char *name)
{
    static const char ending[] = ".tflite";
    const size_t size = strlen(name), end = strlen(ending);
    return size >= end && strcmp(name + size - end, ending) == 0;
}

static int read_graph(graph *g, bool *is_tflite, const unsigned char *bytes, size_t size,
                      const char *name, const message *to)
{
    const message silent = {NULL, 0};
    int status = UNECHO_ERROR_FORMAT;
    *is_tflite = tflite_is(bytes, size);
    if (!*is_tflite) {
        status = onnx_read(g, bytes, size, name, has_ending(name) ? &silent : to);
        *is_tflite = status == UNECHO_ERROR_FORMAT && has_ending(name);
    }
    if (!*is_tflite && status == UNECHO_OK)
        g->file.message = to;
    return *is_tflite ? tflite_read(g, bytes, size, name, to) : status;
}

static int read_file(stage_weights *weights, int stage, unecho_model_file_info *info,
                     const unsigned char *bytes, size_t size, const char *name, const message *to)
{
    graph g;
    bool is_tflite = false;
    int status = read_graph(&g, &is_tflite, bytes, size, name, to);
    if (status != UNECHO_OK)
        return status;
    status = stage_match(weights, stage, &g);
    if (status == UNECHO_OK && info) {
        snprintf(info->format, sizeof info->format, "%s", is_tflite ? "TFLite" : "ONNX");
        summarise(info, &g, weights);
    }
    graph_free(&g);
    for (size_t i = 0; status == UNECHO_OK && is_tflite && i < PORTS; i++)
        weights->ports[i].name = NULL;
    return status;
}

int stage_file_read(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                    const char *name, const message *to)
{
    return read_file(weights, stage, NULL, bytes, size, name, to);
}

int stage_file_inspect(stage_weights *weights, unecho_model_file_info *info,
                       const unsigned char *bytes, size_t size, const char *name, const message *to)
{
    return read_file(weights, 0, info, bytes, size, name, to);
}
