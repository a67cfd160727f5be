/*
 * onnx_seeds FOLDER: both stages of our model, with as few units as there may be, as seeds for
 * fuzz_onnx.
 */
#include "../tests/onnx_writer.h"

#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words)
{
    enum { UNITS = 4 };
    for (int stage = 1; stage <= 2 && count == 2; stage++) {
        char path[1024];
        proto *model = our_model(stage);
        resize_units(model, UNITS);
        const bytes seed = proto_write(model);
        snprintf(path, sizeof path, "%s/stage_%d.onnx", words[1], stage);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(seed.at, 1, seed.size, file) != seed.size || fclose(file) != 0) {
            fprintf(stderr, "%s cannot be written\n", path);
            return 1;
        }
        free(seed.at);
        proto_free(model);
    }
    return count == 2 ? 0 : 2;
}
