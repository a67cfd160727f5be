/* Loading models from files and from memory. */
#include "file.h"
#include "folder.h"
#include "message.h"
#include "model_create.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer paths are cut, and then not found. */
enum { MODEL_PATH = 4096 };

static int create(unecho_model **model, const char *const names[2], unsigned char *const bytes[2],
                  const size_t sizes[2], const message *to)
{
    const source sources[2] = {{names[0], bytes[0], sizes[0], to},
                               {names[1], bytes[1], sizes[1], to}};
    return model_create(model, sources, bytes, names[1] ? 2 : 1);
}

int unecho_model_load_files(unecho_model **model, const char *file1, const char *file2, char *text,
                            size_t size)
{
    const message to = message_begin(text, size);
    if (!model || !file1)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model or the first path is NULL");
    const char *const names[2] = {file1, file2};
    unsigned char *bytes[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    for (size_t i = 0; i < 2 && names[i]; i++) {
        const int status = file_read(&bytes[i], &sizes[i], names[i], &to);
        if (status < 0) {
            free(bytes[0]);
            return status;
        }
    }
    return create(model, names, bytes, sizes, &to);
}

/* One spelling of the names of a model's files, after PREFIX; the second NULL: one file. */
typedef struct endings {
    const char *first, *second;
} endings;

static const endings spellings[] = {
    {"_1.onnx", "_2.onnx"}, {"_1.tflite", "_2.tflite"}, {".onnx", NULL}, {"", NULL}};

/* FILE with *missing: there is no such model. */
static int load_prefix(unecho_model **model, const char *prefix, bool *missing, const message *to)
{
    const size_t length = strlen(prefix) + sizeof "_1.tflite";
    char *const paths = malloc(2 * length);
    *missing = paths != NULL;
    if (!paths)
        return message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
    char *const second = paths + length;
    int status = UNECHO_ERROR_FILE;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings && *missing; i++) {
        const endings *const e = &spellings[i];
        snprintf(paths, length, "%s%s", prefix, e->first);
        if (e->second)
            snprintf(second, length, "%s%s", prefix, e->second);
        status =
            unecho_model_load_files(model, paths, e->second ? second : NULL, to->text, to->size);
        *missing = status == UNECHO_ERROR_FILE && file_is_missing(paths);
    }
    free(paths);
    return status;
}

static int search_folders(unecho_model **model, const char *name, bool *missing, const message *to)
{
    char path[MODEL_PATH];
    int status = UNECHO_ERROR_FILE;
    *missing = true;
    for (size_t i = 0; *missing && model_folder(path, sizeof path, i); i++) {
        const size_t length = strlen(path);
        snprintf(path + length, sizeof path - length, "/%s", name);
        status = load_prefix(model, path, missing, to);
    }
    return status;
}

int model_load_installed(unecho_model **model, const char *name, const message *to)
{
    bool missing;
    const int status = search_folders(model, name, &missing, to);
    if (missing)
        message_fail(to, status,
                     "the model %s is not in %s: install it there, or name its folder in the "
                     "environment variable UNECHO_MODELS",
                     name, model_folder_usual());
    return status;
}

int unecho_model_load(unecho_model **model, const char *prefix, char *text, size_t size)
{
    const message to = message_begin(text, size);
    if (!model || !prefix)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model or prefix is NULL");
    bool missing;
    int status = load_prefix(model, prefix, &missing, &to);
    if (missing && !strpbrk(prefix, "/\\"))
        status = search_folders(model, prefix, &missing, &to);
    if (missing)
        message_fail(&to, status, "there is no %s_1.onnx, %s_1.tflite, %s.onnx or %s", prefix,
                     prefix, prefix, prefix);
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
    const size_t count = file2 ? 2 : 1;
    const char *const names[2] = {file2 ? "stage 1" : "file 1", file2 ? "stage 2" : NULL};
    const void *const from[2] = {file1, file2};
    const size_t sizes[2] = {file1_size, file2_size};
    unsigned char *bytes[2] = {NULL, NULL};
    for (size_t i = 0; i < count; i++) {
        bytes[i] = malloc(sizes[i] + 1);
        if (bytes[i] && sizes[i] > 0)
            memcpy(bytes[i], from[i], sizes[i]);
    }
    if (!bytes[0] || (file2 && !bytes[1])) {
        free(bytes[0]);
        free(bytes[1]);
        return message_fail(&to, UNECHO_ERROR_MEMORY, "out of memory");
    }
    return create(model, names, bytes, sizes, &to);
}
