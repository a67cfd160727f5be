/*
 * From options to a model. It does not know what the command does with it.
 */
#include "model_choice.h"

#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

unecho_model *model_choice_load(const model_choice *choice)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE] = "";
    int status;

    if (choice->prefix)
        status = unecho_model_load(&model, choice->prefix, message, sizeof(message));
    else if (choice->stages[0])
        status = unecho_model_load_files(&model, choice->stages[0], choice->stages[1], message,
                                         sizeof(message));
    else
        status = unecho_model_default(&model, message, sizeof(message));
    if (status == UNECHO_OK)
        return model;

    report_error("model: %s", *message ? message : unecho_strerror(status));
    if (choice->prefix &&
        (ends_with(choice->prefix, ".onnx") || ends_with(choice->prefix, ".tflite")))
        report_note("--model takes what stands before _1.onnx and _2.onnx or _1.tflite and "
                    "_2.tflite; --model-files takes the names of the two files");
    return NULL;
}

static bool is_file(const output_file *output, const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && output_is(output, &status);
}

bool model_choice_uses(const model_choice *choice, const output_file *output)
{
    bool uses = false;
    if (choice->stages[0])
        uses = is_file(output, choice->stages[0]) || is_file(output, choice->stages[1]);
    static const char *const endings[] = {"_1.onnx", "_2.onnx", "_1.tflite", "_2.tflite"};
    for (size_t i = 0; choice->prefix && i < 4 && !uses; i++) {
        size_t size = strlen(choice->prefix) + sizeof("_1.tflite");
        char *path = malloc(size);
        if (!path)
            return true; /* rather refuse than overwrite */
        snprintf(path, size, "%s%s", choice->prefix, endings[i]);
        uses = is_file(output, path);
        free(path);
    }
    return uses;
}
