/*
 * Any bytes as either stage, a TFLite file: the reader must accept or reject them without reading
 * out of bounds.
 */
#include "fuzz.h"
#include "holes.h"
#include "model/stage_file.h"
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
        if (stage_file_read(&weights, stage, file, full, "fuzz.tflite", &to) == UNECHO_OK)
            free(weights.vectors);
    }
    free(file);
    return 0;
}
