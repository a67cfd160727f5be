/*
 * Writes a model of any number of units, to measure with: the built-in model's files with its
 * weights repeated. It computes nothing useful, at the cost of a real one.
 *
 *     bench_wide_model UNITS PREFIX        writes PREFIX_1.onnx, PREFIX_2.onnx
 */
#include "onnx_writer.h"

#include <stdio.h>
#include <stdlib.h>

static int write_stage(int stage, unsigned units, const char *prefix)
{
    char path[4096];
    proto *const model = our_model(stage);
    resize_units(model, units);
    const bytes file = proto_write(model);
    snprintf(path, sizeof path, "%s_%d.onnx", prefix, stage);
    FILE *const out = fopen(path, "wb");
    const int written = out && fwrite(file.at, 1, file.size, out) == file.size;
    const int closed = out && fclose(out) == 0;
    if (!written || !closed)
        perror(path);
    free(file.at);
    proto_free(model);
    return written && closed;
}

int main(int argc, char **argv)
{
    const unsigned long units = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    if (units < 4 || units > 2048 || units % 4 != 0) {
        fprintf(stderr, "usage: bench_wide_model UNITS PREFIX (units: a multiple of 4 to 2048)\n");
        return 2;
    }
    return write_stage(1, (unsigned)units, argv[2]) && write_stage(2, (unsigned)units, argv[2]) ? 0
                                                                                                : 1;
}
