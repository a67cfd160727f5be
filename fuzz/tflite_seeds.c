/*
 * tflite_seeds FOLDER: both stages with as few units as there may be, in float32 and in int8, as
 * seeds for fuzz_tflite.
 */
#include "../tests/tflite_writer.h"

#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words)
{
    enum { UNITS = 4 };
    for (int i = 0; i < 4 && count == 2; i++) {
        const int stage = 1 + i % 2, int8 = i / 2;
        char path[1024];
        tflite_model *model = tflite_new(stage, UNITS, int8, 1);
        const bytes seed = tflite_write(model);
        snprintf(path, sizeof path, "%s/stage_%d%s.tflite", words[1], stage, int8 ? "_int8" : "");
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(seed.at, 1, seed.size, file) != seed.size || fclose(file) != 0) {
            fprintf(stderr, "%s cannot be written\n", path);
            return 1;
        }
        free(seed.at);
        tflite_free(model);
    }
    return count == 2 ? 0 : 2;
}
