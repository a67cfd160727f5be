/*
 * Any bytes as either stage or as a post-filter, ONNX or TFLite: the reader must accept or reject
 * them without reading out of bounds. What it accepts must run and be written, which one input in
 * USED_EVERY tries. tests/models/onnx_damage.c tries graphs that are valid protobuf but make no
 * sense (UNECHO_FUZZ_GRAPHS=number for more of them).
 */
#include "fuzz.h"
#include "holes.h"
#include "model/stage_file.h"
#include "onnx_writer.h"
#include "unecho_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FRAMES = 3 * UNECHO_HOP, USED_EVERY = 32 };

/* The other stage of each. */
static bytes stages[2];

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "fuzz_model: %s\n", what);
    abort();
}

static void release_stages(void)
{
    free(stages[0].at);
    free(stages[1].at);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    for (int stage = 1; stage <= 2; stage++)
        stages[stage - 1] = small_bytes(stage);
    atexit(release_stages);
    return 0;
}

static void run(unecho_model *model, unecho_precision precision)
{
    float mic[FRAMES], far[FRAMES], out[FRAMES];
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.precision = precision;
    for (int i = 0; i < FRAMES; i++) {
        far[i] = (float)(i * 7919 % 257) / 256.0f - 0.5f;
        mic[i] = 0.5f * far[i] + (float)(i * 104729 % 101) / 400.0f;
    }
    expect(unecho_open(&stream, &config) == UNECHO_OK, "a model that does not open");
    expect(unecho_process(stream, mic, far, out, FRAMES) == UNECHO_OK, "a stream that fails");
    for (int i = 0; i < FRAMES; i++)
        expect(isfinite(out[i]), "an output that is not finite");
    unecho_close(&stream);
}

static void write(const unecho_model *model, int file, unecho_storage storage)
{
    size_t size = 0, written = 0;
    if (unecho_model_write(model, file, storage, NULL, 0, &size, NULL, 0) < 0) {
        expect(storage == UNECHO_STORAGE_FP16, "a model that cannot be written");
        return;
    }
    /* Of its exact size, so that a write beyond it is detected. */
    void *const to = malloc(size);
    expect(to && unecho_model_write(model, file, storage, to, size, &written, NULL, 0) == 0 &&
               written == size,
           "a file of another size than was said");
    free(to);
}

/* file: the one of the two that is new. way: how to use the model. */
static void use(const bytes *one, const bytes *two, int file, unsigned way)
{
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    const int status = unecho_model_load_memory(&model, one->at, one->size, two ? two->at : NULL,
                                                two ? two->size : 0, text, sizeof text);
    expect((status == UNECHO_OK) == (text[0] == 0), "a failure without a message, or the reverse");
    if (status < 0)
        return;
    run(model, (unecho_precision)(way % 3));
    write(model, file, (unecho_storage)(way / 3 % 3));
    unecho_model_unref(&model);
}

static void read_alone(const bytes *file)
{
    char text[UNECHO_MESSAGE_SIZE];
    const message to = {text, sizeof text};
    postfilter_weights filter;
    for (int stage = 1; stage <= 2; stage++) {
        stage_weights weights;
        if (stage_file_read(&weights, stage, file->at, file->size, "fuzz", &to) == UNECHO_OK)
            free(weights.vectors);
    }
    if (postfilter_file_read(&filter, file->at, file->size, "fuzz", &to) == UNECHO_OK)
        free(filter.vectors);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    unsigned sum = 0;
    bytes file = {NULL, 0};
    file.at = holes_fill(data, size, &file.size);
    for (size_t i = 0; i < size; i++)
        sum += data[i];
    if (file.at)
        read_alone(&file);
    /* Takes a hundred times as long as reading. */
    if (file.at && sum % USED_EVERY == 0) {
        use(&file, &stages[1], 1, sum / USED_EVERY);
        use(&stages[0], &file, 2, sum / USED_EVERY);
        use(&file, NULL, 1, sum / USED_EVERY);
    }
    free(file.at);
    return 0;
}
