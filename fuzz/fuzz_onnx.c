/*
 * Any bytes as either stage or as a post-filter: the reader must accept or reject them without
 * reading out of bounds. tests/models/onnx_damage.c tries graphs that are valid protobuf but make
 * no sense (UNECHO_FUZZ_GRAPHS=number for more of them).
 */
#include "fuzz.h"
#include "holes.h"
#include "model/match/postfilter.h"
#include "model/match/stage.h"
#include "model/onnx/onnx.h"
#include "unecho.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char text[UNECHO_MESSAGE_SIZE];
    const message to = {text, sizeof text};
    size_t full;
    unsigned char *const file = holes_fill(bytes, size, &full);
    for (int stage = 1; file && stage <= 2; stage++) {
        stage_weights weights;
        graph g;
        if (onnx_read(&g, file, full, "fuzz", &to) != UNECHO_OK)
            continue;
        if (stage_match(&weights, stage, &g) == UNECHO_OK)
            free(weights.vectors);
        graph_free(&g);
    }
    graph g;
    if (file && onnx_read(&g, file, full, "fuzz", &to) == UNECHO_OK) {
        postfilter_weights weights;
        if (postfilter_match(&weights, &g) == UNECHO_OK)
            free(weights.vectors);
        graph_free(&g);
    }
    free(file);
    return 0;
}
