/*
 * unecho_model: the bytes of its files, the weights found in them, and what streams derive from
 * these. Counts its references.
 */
#include "model.h"

#include "hash.h"
#include "message.h"
#include "model_create.h"
#include "sized.h"
#include "stage_file.h"
#include "write/postfilter_write.h"
#include "write/stage_write.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INFO_LEAST = 2 * sizeof(size_t) };

typedef struct cached {
    _Atomic(void *) made;
    void (*_Atomic destroy)(void *made);
} cached;

struct unecho_model {
    atomic_size_t *references; /* own_references, or elsewhere */
    atomic_size_t own_references;
    model_slot *slot;
    unecho_model_kind kind;
    size_t file_count;
    unsigned char *owned[MODEL_FILES_MAX]; /* the files' bytes; NULL: not ours */
    model_file files[MODEL_FILES_MAX];
    stage_weights stages[2];       /* of DTLN-aec */
    postfilter_weights postfilter; /* of the post-filter */
    cached cached[MODEL_CACHED_MAX];
    char name[64];
};

static void destroy(unecho_model *model)
{
    if (model->slot)
        atomic_store(model->slot, NULL);
    for (size_t i = 0; i < MODEL_CACHED_MAX; i++) {
        void *const made = atomic_load(&model->cached[i].made);
        if (made)
            atomic_load (&model->cached[i].destroy)(made);
    }
    for (size_t i = 0; i < 2; i++)
        free(model->stages[i].vectors);
    free(model->postfilter.vectors);
    for (size_t i = 0; i < MODEL_FILES_MAX; i++)
        free(model->owned[i]);
    free(model);
}

/* "models/model_128_1.onnx" → "model_128". */
static void set_name(unecho_model *model, const char *path)
{
    const char *const slash = strrchr(path, '/');
    const char *const base = slash ? slash + 1 : path;
    const char *const dot = strrchr(base, '.');
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    if (model->file_count == 2 && length > 2 && strncmp(base + length - 2, "_1", 2) == 0)
        length -= 2;
    snprintf(model->name, sizeof model->name, "%.*s", (int)(length < 64 ? length : 63), base);
}

static int read_stages(unecho_model *model, const source sources[2])
{
    for (int i = 0; i < 2; i++) {
        const source *const s = &sources[i];
        model->files[i] = (model_file){s->bytes, s->size, model->stages[i].ports};
        const int status =
            stage_file_read(&model->stages[i], i + 1, s->bytes, s->size, s->name, s->message);
        if (status != UNECHO_OK)
            return status;
    }
    if (model->stages[0].units == model->stages[1].units)
        return UNECHO_OK;
    return message_fail(sources[0].message, UNECHO_ERROR_MODEL,
                        "%s has %zu units and %s has %zu: they do not belong together",
                        sources[0].name, model->stages[0].units, sources[1].name,
                        model->stages[1].units);
}

static int read_postfilter(unecho_model *model, const source *s)
{
    model->files[0] = (model_file){s->bytes, s->size, NULL};
    return postfilter_file_read(&model->postfilter, s->bytes, s->size, s->name, s->message);
}

int model_create(unecho_model **result, const source *sources, unsigned char *const *owned,
                 size_t count)
{
    unecho_model *model = calloc(1, sizeof *model);
    if (!model) {
        for (size_t i = 0; owned && i < count; i++)
            free(owned[i]);
        return message_fail(sources[0].message, UNECHO_ERROR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < MODEL_CACHED_MAX; i++) {
        atomic_init(&model->cached[i].made, NULL);
        atomic_init(&model->cached[i].destroy, NULL);
    }
    atomic_init(&model->own_references, 1);
    model_count_in(model, NULL, NULL);
    model->kind = count == 1 ? UNECHO_MODEL_POSTFILTER : UNECHO_MODEL_DTLN_AEC;
    model->file_count = count;
    for (size_t i = 0; owned && i < count; i++)
        model->owned[i] = owned[i];
    set_name(model, sources[0].name);
    const int status = count == 1 ? read_postfilter(model, sources) : read_stages(model, sources);
    if (status < 0) {
        destroy(model);
        return status;
    }
    *result = model;
    return UNECHO_OK;
}

void model_count_in(unecho_model *model, atomic_size_t *references, model_slot *slot)
{
    model->references = references ? references : &model->own_references;
    model->slot = slot;
}

unecho_model *unecho_model_ref(unecho_model *model)
{
    if (model)
        atomic_fetch_add(model->references, 1);
    return model;
}

void unecho_model_unref(unecho_model **model)
{
    if (!model || !*model)
        return;
    if ((atomic_fetch_sub((*model)->references, 1) & MODEL_REFERENCES) == 1)
        destroy(*model);
    *model = NULL;
}

int unecho_model_get_info(const unecho_model *model, unecho_model_info *info)
{
    if (!model || !info || !sized_possible(info->size, INFO_LEAST, sizeof *info))
        return UNECHO_ERROR_ARGUMENT;
    const bool is_postfilter = model->kind == UNECHO_MODEL_POSTFILTER;
    unecho_model_info all = {
        .kind = model->kind,
        .files = (unsigned)model->file_count,
        .parameters = is_postfilter ? postfilter_weights_count(&model->postfilter)
                                    : stage_weights_count(&model->stages[0]) +
                                          stage_weights_count(&model->stages[1]),
        .hash = HASH_BASIS,
        .units = (unsigned)(is_postfilter ? model->postfilter.units : model->stages[0].units),
    };
    snprintf(all.description, sizeof all.description, "%s, %u units",
             is_postfilter ? "post-filter" : "DTLN-aec", all.units);
    memcpy(all.name, model->name, sizeof all.name);
    memcpy(all.producer, is_postfilter ? model->postfilter.producer : model->stages[0].producer,
           sizeof all.producer);
    /* Reads all files: not for who does not ask. */
    if (info->size > offsetof(unecho_model_info, hash))
        for (size_t i = 0; i < model->file_count; i++)
            all.hash = hash_bytes(all.hash, model->files[i].bytes, model->files[i].size);
    sized_write(info, info->size, &all, sizeof all);
    return UNECHO_OK;
}

int unecho_model_write(const unecho_model *model, int file, unecho_storage storage, void *bytes,
                       size_t capacity, size_t *size, char *text, size_t text_size)
{
    const message to = message_begin(text, text_size);
    if (!model || !size || (!bytes && capacity > 0))
        return message_fail(&to, UNECHO_ERROR_ARGUMENT,
                            "model, size, or bytes for a capacity above 0 is NULL");
    if (file < 1 || (size_t)file > model->file_count)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "file (stage) is %d, expected 1 to %zu",
                            file, model->file_count);
    if ((int)storage < UNECHO_STORAGE_FP32 || (int)storage > UNECHO_STORAGE_INT8)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "storage is %d, expected %d to %d",
                            (int)storage, UNECHO_STORAGE_FP32, UNECHO_STORAGE_INT8);
    if (model->kind == UNECHO_MODEL_POSTFILTER)
        return postfilter_write(&model->postfilter, storage, model->name, bytes, capacity, size,
                                &to);
    return stage_write(&model->stages[file - 1], file, storage, model->name, bytes, capacity, size,
                       &to);
}

const model_file *model_stage_file(const unecho_model *model, size_t stage)
{
    return &model->files[stage];
}

const stage_weights *model_weights(const unecho_model *model)
{
    return model->stages;
}

const postfilter_weights *model_postfilter(const unecho_model *model)
{
    return &model->postfilter;
}

unecho_model_kind model_kind(const unecho_model *model)
{
    return model->kind;
}

size_t model_units(const unecho_model *model)
{
    return model->stages[0].units;
}

void *model_cached(unecho_model *model, size_t key, void *(*make)(void *user), void *user,
                   void (*destroy_made)(void *made))
{
    cached *const c = &model->cached[key];
    void *present = atomic_load(&c->made);
    if (present)
        return present;
    void *const made = make(user);
    if (!made)
        return NULL;
    /* The first of several threads wins; each would store the same function. */
    atomic_store(&c->destroy, destroy_made);
    if (atomic_compare_exchange_strong(&c->made, &present, made))
        return made;
    destroy_made(made);
    return present;
}
