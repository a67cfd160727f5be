/*
 * unecho_model: the bytes of two files, the weights found in them, and the networks packed from
 * these, one per kernel set in use. Reference-counted; knows no audio.
 */
#include "model.h"

#include "builtin.h"
#include "file.h"
#include "hash.h"
#include "message.h"
#include "onnx_write.h"
#include "sized.h"
#include "stage_file.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INFO_LEAST = 2 * sizeof(size_t) };

struct unecho_model {
    atomic_uint references;
    unsigned char *owned[2]; /* the files' bytes, NULL for the built-in model */
    model_file files[2];
    stage_weights weights[2];
    _Atomic(dtln *) networks[KERNEL_SETS_MAX * DTLN_PRECISIONS];
    char name[64];
};

/* A file in memory under the name that messages give it. */
typedef struct source {
    const char *name;
    const unsigned char *bytes;
    size_t size;
} source;

static void destroy(unecho_model *model)
{
    for (size_t i = 0; i < KERNEL_SETS_MAX * DTLN_PRECISIONS; i++)
        free(atomic_load(&model->networks[i]));
    for (size_t i = 0; i < 2; i++) {
        free(model->weights[i].vectors);
        free(model->owned[i]);
    }
    free(model);
}

/* "models/model_128_1.onnx" → "model_128_1". */
static void set_name(unecho_model *model, const char *path)
{
    const char *const slash = strrchr(path, '/');
    const char *const base = slash ? slash + 1 : path;
    const char *const dot = strrchr(base, '.');
    const size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    snprintf(model->name, sizeof model->name, "%.*s", (int)(length < 64 ? length : 63), base);
}

/* Read both stages; on success the model points into the bytes of the sources. */
static int create(unecho_model **result, const source sources[2], const message *to)
{
    unecho_model *model = calloc(1, sizeof *model);
    if (!model)
        return message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
    atomic_init(&model->references, 1);
    for (size_t i = 0; i < KERNEL_SETS_MAX * DTLN_PRECISIONS; i++)
        atomic_init(&model->networks[i], NULL);
    set_name(model, sources[0].name);

    int status = UNECHO_OK;
    for (size_t i = 0; i < 2; i++)
        model->files[i] = (model_file){sources[i].bytes, sources[i].size, model->weights[i].ports};
    for (int i = 0; i < 2 && status == UNECHO_OK; i++)
        status = stage_file_read(&model->weights[i], i + 1, sources[i].bytes, sources[i].size,
                                 sources[i].name, to);
    if (status == UNECHO_OK && model->weights[0].units != model->weights[1].units)
        status = message_fail(to, UNECHO_ERROR_MODEL,
                              "%s has %zu units and %s has %zu: the two are not of one network",
                              sources[0].name, model->weights[0].units, sources[1].name,
                              model->weights[1].units);
    if (status < 0) {
        destroy(model);
        return status;
    }
    *result = model;
    return UNECHO_OK;
}

/* As create; the model takes over the bytes, which are freed on failure. */
static int create_owning(unecho_model **result, const char *const names[2],
                         unsigned char *const bytes[2], const size_t sizes[2], const message *to)
{
    const source sources[2] = {{names[0], bytes[0], sizes[0]}, {names[1], bytes[1], sizes[1]}};
    unecho_model *model = NULL;
    const int status = create(&model, sources, to);
    if (!model) {
        free(bytes[0]);
        free(bytes[1]);
        return status;
    }
    model->owned[0] = bytes[0];
    model->owned[1] = bytes[1];
    *result = model;
    return UNECHO_OK;
}

int unecho_model_default(unecho_model **model, char *text, size_t size)
{
    const message to = message_begin(text, size);
    if (!model)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model is NULL");
    const source sources[2] = {{BUILTIN_NAME, builtin_stage1, builtin_stage1_size()},
                               {BUILTIN_NAME " (stage 2)", builtin_stage2, builtin_stage2_size()}};
    return create(model, sources, &to);
}

int unecho_model_load_files(unecho_model **model, const char *file1, const char *file2, char *text,
                            size_t size)
{
    const message to = message_begin(text, size);
    if (!model || !file1 || !file2)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model or a path is NULL");
    const char *const names[2] = {file1, file2};
    unsigned char *bytes[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        const int status = file_read(&bytes[i], &sizes[i], names[i], &to);
        if (status < 0) {
            free(bytes[0]);
            return status;
        }
    }
    return create_owning(model, names, bytes, sizes, &to);
}

int unecho_model_load(unecho_model **model, const char *prefix, char *text, size_t size)
{
    const message to = message_begin(text, size);
    if (!model || !prefix)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model or prefix is NULL");
    static const char *const endings[] = {"onnx", "tflite"};
    const size_t room = strlen(prefix) + sizeof "_1.tflite";
    char *const paths = malloc(2 * room);
    if (!paths)
        return message_fail(&to, UNECHO_ERROR_MEMORY, "out of memory");
    int status = UNECHO_ERROR_FILE;
    bool missing = true;
    for (size_t i = 0; i < 2 && missing; i++) {
        for (size_t stage = 0; stage < 2; stage++)
            snprintf(paths + stage * room, room, "%s_%zu.%s", prefix, stage + 1, endings[i]);
        status = unecho_model_load_files(model, paths, paths + room, text, size);
        missing = status == UNECHO_ERROR_FILE && file_is_missing(paths);
    }
    free(paths);
    if (missing)
        message_fail(&to, status, "neither %s_1.onnx nor %s_1.tflite is there", prefix, prefix);
    return status;
}

int unecho_model_load_memory(unecho_model **model, const void *file1, size_t file1_size,
                             const void *file2, size_t file2_size, char *text, size_t size)
{
    const message to = message_begin(text, size);
    if (!model || (!file1 && file1_size > 0) || (!file2 && file2_size > 0))
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model or a file is NULL");
    /* No object is larger, and one byte more can be counted. */
    if (file1_size > PTRDIFF_MAX || file2_size > PTRDIFF_MAX)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "a file of %zu bytes cannot be in memory",
                            file1_size > file2_size ? file1_size : file2_size);
    const char *const names[2] = {"stage 1", "stage 2"};
    const void *const from[2] = {file1, file2};
    const size_t sizes[2] = {file1_size, file2_size};
    unsigned char *bytes[2];
    for (size_t i = 0; i < 2; i++) {
        bytes[i] = malloc(sizes[i] + 1);
        if (bytes[i] && sizes[i] > 0)
            memcpy(bytes[i], from[i], sizes[i]);
    }
    if (!bytes[0] || !bytes[1]) {
        free(bytes[0]);
        free(bytes[1]);
        return message_fail(&to, UNECHO_ERROR_MEMORY, "out of memory");
    }
    return create_owning(model, names, bytes, sizes, &to);
}

unecho_model *unecho_model_ref(unecho_model *model)
{
    if (model)
        atomic_fetch_add(&model->references, 1);
    return model;
}

void unecho_model_unref(unecho_model **model)
{
    if (!model || !*model)
        return;
    if (atomic_fetch_sub(&(*model)->references, 1) == 1)
        destroy(*model);
    *model = NULL;
}

int unecho_model_get_info(const unecho_model *model, unecho_model_info *info)
{
    if (!model || !info || !sized_possible(info->size, INFO_LEAST, sizeof *info))
        return UNECHO_ERROR_ARGUMENT;
    unecho_model_info all = {
        .kind = UNECHO_MODEL_DTLN_AEC,
        .files = 2,
        .parameters = weights_count(&model->weights[0]) + weights_count(&model->weights[1]),
        .hash = HASH_BASIS,
        .units = (unsigned)model->weights[0].units,
    };
    snprintf(all.description, sizeof all.description, "DTLN-aec, %u units", all.units);
    memcpy(all.name, model->name, sizeof all.name);
    memcpy(all.producer, model->weights[0].producer, sizeof all.producer);
    for (size_t i = 0; i < 2; i++)
        all.hash = hash_bytes(all.hash, model->files[i].bytes, model->files[i].size);
    sized_write(info, info->size, &all, sizeof all);
    return UNECHO_OK;
}

int unecho_model_write(const unecho_model *model, int file, unecho_storage storage, void *bytes,
                       size_t capacity, size_t *size, char *text, size_t text_size)
{
    const message to = message_begin(text, text_size);
    if (!model || !size || (!bytes && capacity > 0) || file < 1 || file > 2 ||
        storage < UNECHO_STORAGE_FP32 || storage > UNECHO_STORAGE_INT8)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT,
                            "model or size is NULL, or there is no such file (stage) or storage");
    return onnx_stage_write(&model->weights[file - 1], file, storage, model->name, bytes, capacity,
                            size, &to);
}

const model_file *model_stage_file(const unecho_model *model, size_t stage)
{
    return &model->files[stage];
}

size_t model_units(const unecho_model *model)
{
    return model->weights[0].units;
}

const dtln *model_network(unecho_model *model, size_t kernels_index, dtln_precision precision)
{
    _Atomic(dtln *) *const slot = &model->networks[kernels_index * DTLN_PRECISIONS + precision];
    dtln *present = atomic_load(slot);
    if (present)
        return present;
    dtln *const packed = dtln_build(kernels_at(kernels_index), precision, model->weights);
    if (!packed)
        return NULL;
    /* Another thread may have packed it meanwhile: the first one stays. */
    if (atomic_compare_exchange_strong(slot, &present, packed))
        return packed;
    free(packed);
    return present;
}
