/*
 * Both stages with the smallest number of units, in every spelling that the tests know. The weights
 * are zeros, which become holes.
 */
#include "holes.h"
#include "onnx_postfilter.h"
#include "onnx_spellings.h"
#include "seeds.h"
#include "tflite_spellings.h"
#include "unecho_model.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_WEIGHTS = 256 };

/* "stage_1_gemm_transb.onnx"; stage 0: "postfilter.onnx" */
static void write_cut(const char *folder, int stage, const char *spelled, const char *type,
                      bytes file)
{
    char name[128];
    size_t used = stage == 0 ? (size_t)snprintf(name, sizeof name, "postfilter")
                             : (size_t)snprintf(name, sizeof name, "stage_%d", stage);
    for (const char *c = spelled; *c; c++)
        if (isalnum((unsigned char)*c)) {
            if (c == spelled || !isalnum((unsigned char)c[-1]))
                name[used++] = '_';
            name[used++] = (char)tolower((unsigned char)*c);
        }
    snprintf(name + used, sizeof name - used, ".%s", type);
    bytes cut = {malloc(file.size), 0};
    cut.size = holes_cut(file.at, file.size, cut.at);
    seed_write(folder, name, cut.at, cut.size);
    free(cut.at);
    free(file.at);
}

static int ends_with(const bytes *text, const char *end)
{
    const size_t length = strlen(end);
    return text->size >= length && memcmp(text->at + text->size - length, end, length) == 0;
}

/* The factors of products; a scale must not be 0, a zero point must match its tensor. */
static void clear_weights(const proto *model)
{
    const proto *const graph = graph_of(model);
    for (size_t i = 0; i < proto_count(graph, GRAPH_TENSOR); i++) {
        const proto *const tensor = proto_find(graph, GRAPH_TENSOR, i)->child;
        const proto_field *const raw = proto_find(tensor, TENSOR_RAW, 0);
        const bytes *const name = &proto_find(tensor, TENSOR_NAME, 0)->data;
        if (raw && raw->data.size >= SMALLEST_WEIGHTS && !ends_with(name, "/scale") &&
            !ends_with(name, "/zero"))
            memset(raw->data.at, 0, raw->data.size);
    }
}

static void write_onnx(const char *folder, int stage, const char *spelled, proto *model)
{
    clear_weights(model);
    write_cut(folder, stage, spelled, "onnx", proto_write(model));
    proto_free(model);
}

/* As the library writes it. */
static void write_stored(const char *folder, unecho_storage storage, const char *spelled)
{
    unecho_model *model = NULL;
    proto *const tree = small_postfilter();
    clear_weights(tree);
    const bytes whole = proto_write(tree);
    bytes file = {malloc(whole.size), 0};
    proto_free(tree);
    if (unecho_model_load_memory(&model, whole.at, whole.size, NULL, 0, NULL, 0) < 0 ||
        unecho_model_write(model, 1, storage, file.at, whole.size, &file.size, NULL, 0) < 0) {
        fprintf(stderr, "seeds: cannot write a post-filter as %s\n", spelled);
        exit(1);
    }
    unecho_model_unref(&model);
    free(whole.at);
    write_cut(folder, 0, spelled, "onnx", file);
}

static void write_postfilters(const char *folder)
{
    static const struct {
        const char *name;
        proto *(*make)(void);
    } forms[] = {
        {"", our_postfilter},
        {"old", postfilter_of_old},
        {"steps", postfilter_from_steps},
        {"gemm", postfilter_with_gemm},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        proto *const model = forms[i].make();
        shrink_postfilter(model);
        write_onnx(folder, 0, forms[i].name, model);
    }
    write_stored(folder, UNECHO_STORAGE_FP16, "fp16");
    write_stored(folder, UNECHO_STORAGE_INT8, "int8");
}

void seeds_onnx(const char *folder)
{
    write_postfilters(folder);
    for (int stage = 1; stage <= 2; stage++) {
        proto *const ours = our_model(stage);
        resize_units(ours, FEWEST_UNITS);
        write_onnx(folder, stage, "", ours);
        for (size_t i = 0; i < spellings_count; i++)
            write_onnx(folder, stage, spellings[i].name, small_spelled_model(stage, &spellings[i]));
    }
}

static void write_tflite(const char *folder, int stage, const char *spelled, tflite_model *model)
{
    for (size_t t = 0; t < model->tensor_count; t++)
        if (model->tensors[t].size >= SMALLEST_WEIGHTS)
            memset(model->tensors[t].data, 0, model->tensors[t].size);
    write_cut(folder, stage, spelled, "tflite", tflite_write(model));
    tflite_free(model);
}

void seeds_tflite(const char *folder)
{
    for (int stage = 1; stage <= 2; stage++) {
        write_tflite(folder, stage, "", tflite_new(stage, FEWEST_UNITS, 0, 1));
        write_tflite(folder, stage, "int8", tflite_new(stage, FEWEST_UNITS, 1, 1));
        for (size_t i = 0; i < tflite_spellings_count; i++) {
            const tflite_spelling *const s = &tflite_spellings[i];
            if (stage == 2 && s->first_only)
                continue;
            tflite_model *const other = tflite_new(stage, FEWEST_UNITS, s->int8, 1);
            s->change(other);
            write_tflite(folder, stage, s->name, other);
        }
    }
}
