#include "stage_file.h"

#include "match/postfilter.h"
#include "match/stage.h"
#include "match/summary.h"
#include "onnx/onnx.h"
#include "tflite/tflite.h"

#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decides only which reader's message a file gets that is neither format. */
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

/* A file of the other kind, told by its own name. */
static int wrong_kind(const graph *g, bool is_postfilter, int stage)
{
    if (is_postfilter)
        return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                            "%s: this is a post-filter, a model of one file; stage %d of DTLN-aec "
                            "was expected",
                            g->file.name, stage);
    return message_fail(g->file.message, UNECHO_ERROR_MODEL,
                        "%s: this is no post-filter, whose features are a graph input of %d "
                        "values; DTLN-aec is a model of two files",
                        g->file.name, POSTFILTER_FEATURES);
}

int stage_file_read(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                    const char *name, const message *to)
{
    graph g;
    bool is_tflite = false;
    int status = read_graph(&g, &is_tflite, bytes, size, name, to);
    if (status != UNECHO_OK)
        return status;
    status = postfilter_is(&g) ? wrong_kind(&g, true, stage) : stage_match(weights, stage, &g);
    graph_free(&g);
    for (size_t i = 0; status == UNECHO_OK && is_tflite && i < PORTS; i++)
        weights->ports[i].name = NULL;
    return status;
}

int postfilter_file_read(postfilter_weights *weights, const unsigned char *bytes, size_t size,
                         const char *name, const message *to)
{
    graph g;
    bool is_tflite = false;
    int status = read_graph(&g, &is_tflite, bytes, size, name, to);
    if (status != UNECHO_OK)
        return status;
    status = postfilter_is(&g) ? postfilter_match(weights, &g) : wrong_kind(&g, false, 0);
    graph_free(&g);
    return status;
}

int model_file_inspect(unecho_model_file_info *info, const unsigned char *bytes, size_t size,
                       const char *name, const message *to)
{
    graph g;
    bool is_tflite = false;
    stage_weights stage = {0};
    postfilter_weights postfilter = {0};
    int status = read_graph(&g, &is_tflite, bytes, size, name, to);
    if (status != UNECHO_OK)
        return status;
    const bool is_postfilter = postfilter_is(&g);
    status = is_postfilter ? postfilter_match(&postfilter, &g) : stage_match(&stage, 0, &g);
    if (status == UNECHO_OK) {
        snprintf(info->format, sizeof info->format, "%s", is_tflite ? "TFLite" : "ONNX");
        if (is_postfilter)
            summarise_postfilter(info, &g, &postfilter);
        else
            summarise_stage(info, &g, &stage);
    }
    graph_free(&g);
    free(postfilter.vectors);
    free(stage.vectors);
    return status;
}
