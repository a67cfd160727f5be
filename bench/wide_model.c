/*
 * Writes a model with any number of units, for speed measurements only: unecho-128 with its weights
 * repeated.
 *
 *     bench_wide_model UNITS PREFIX        writes PREFIX_1.onnx, PREFIX_2.onnx
 */
#include "onnx_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 128 };

typedef struct widening {
    const char *name;
    size_t rows;   /* in unecho-128; its rows are consecutive in the file */
    int units_in;  /* its rows are units: repeat them and scale their weights */
    int gates_out; /* its columns are four gates: repeat the units of each */
} widening;

static float at(const bytes *floats, size_t index)
{
    float x;
    memcpy(&x, floats->at + index * sizeof x, sizeof x);
    return x;
}

/* Write the weights of `from` into those of `to`, which have `times` as many units. */
static void widen(const bytes *to, const bytes *from, const widening *w, size_t times)
{
    const size_t columns = from->size / sizeof(float) / w->rows;
    const size_t to_rows = w->units_in ? w->rows * times : w->rows;
    const size_t to_columns = w->gates_out ? columns * times : columns;
    const float factor = w->units_in ? 1.0f / (float)times : 1.0f;
    for (size_t r = 0; r < to_rows; r++)
        for (size_t c = 0; c < to_columns; c++) {
            const size_t gate = c / (UNITS * times);
            const size_t column = w->gates_out ? gate * UNITS + c % UNITS : c;
            const float x = factor * at(from, r % w->rows * columns + column);
            memcpy(to->at + (r * to_columns + c) * sizeof x, &x, sizeof x);
        }
}

static void widen_all(const proto *to, const proto *from, int stage, size_t times)
{
    const widening all[] = {
        {"lstm0/W", stage == 1 ? 514 : 1024, 0, 1},
        {"lstm0/U", UNITS, 1, 1},
        {"lstm0/b", 1, 0, 1},
        {"lstm1/W", UNITS, 1, 1},
        {"lstm1/U", UNITS, 1, 1},
        {"lstm1/b", 1, 0, 1},
        {"dense/W", UNITS, 1, 0},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        widen(&proto_find(tensor_of(to, all[i].name), TENSOR_RAW, 0)->data,
              &proto_find(tensor_of(from, all[i].name), TENSOR_RAW, 0)->data, &all[i], times);
}

static int write_stage(int stage, unsigned units, const char *prefix)
{
    char path[4096];
    proto *const model = our_model(stage);
    resize_units(model, units);
    proto *const original = our_model(stage);
    widen_all(model, original, stage, units / UNITS);
    proto_free(original);
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
    if (units < UNITS || units > 2048 || units % UNITS != 0) {
        fprintf(stderr,
                "usage: bench_wide_model UNITS PREFIX (units: a multiple of 128 to 2048)\n");
        return 2;
    }
    return write_stage(1, (unsigned)units, argv[2]) && write_stage(2, (unsigned)units, argv[2]) ? 0
                                                                                                : 1;
}
