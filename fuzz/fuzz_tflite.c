/*
 * Any bytes as either stage of a TFLite file: the reader must refuse or take them, within its
 * bounds. For clang's libFuzzer; seeds come from tflite_seeds.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc fuzz/fuzz_tflite.c \
 *         src/model/stage_file.c src/model/tflite*.c src/model/flatbuffer.c src/model/onnx*.c \
 *         src/model/protobuf*.c src/model/weights.c \
 *         src/message.c src/stream/status.c -lm
 */
#include "model/stage_file.h"
#include "unecho.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char text[UNECHO_MESSAGE_SIZE];
    const message to = {text, sizeof text};
    for (int stage = 1; stage <= 2; stage++) {
        stage_weights weights;
        if (stage_file_read(&weights, stage, bytes, size, "fuzz.tflite", &to) == UNECHO_OK)
            free(weights.vectors);
    }
    return 0;
}
