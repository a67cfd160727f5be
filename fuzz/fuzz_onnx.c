/*
 * Any bytes as either stage: the reader must refuse or take them, within its bounds. For clang's
 * libFuzzer; seeds come from onnx_seeds. Graphs that are sound protobuf but senseless are tried by
 * tests/test_onnx_damage.c (UNECHO_FUZZ_GRAPHS=number for more of them).
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc fuzz/fuzz_onnx.c \
 *         src/model/onnx*.c src/model/protobuf*.c src/model/weights.c \
 *         src/message.c src/stream/status.c -lm
 */
#include "model/onnx_stage.h"
#include "unecho.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char text[UNECHO_MESSAGE_SIZE];
    const message to = {text, sizeof text};
    for (int stage = 1; stage <= 2; stage++) {
        stage_weights weights;
        if (onnx_stage_read(&weights, stage, bytes, size, "fuzz", &to) == UNECHO_OK)
            free(weights.vectors);
    }
    return 0;
}
