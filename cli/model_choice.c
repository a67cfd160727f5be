#include "model_choice.h"

#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option model_options[] = {
    {.name = "model",
     .rare = true,
     .argument = "PREFIX",
     .help = "use the model PREFIX_1.onnx and PREFIX_2.onnx (or .tflite), or the post-filter in "
             "PREFIX.onnx or the file PREFIX; unecho-128 and unecho-post come with unecho",
     .set = option_text,
     .at = offsetof(model_choice, prefix)},
    {.name = "model-files",
     .rare = true,
     .argument = "STAGE1 STAGE2",
     .help = "the same, naming the two files of a DTLN-aec",
     .set = option_pair,
     .at = offsetof(model_choice, stages)},
    {.name = NULL},
};

bool model_choice_check(const model_choice *choice, const char *command)
{
    if (!choice->prefix || !choice->stages[0])
        return true;
    report_usage(command, "--model and --model-files exclude each other");
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* 0: none has that name. */
static unecho_model_kind builtin_named(const char *name)
{
    if (strcmp(name, "unecho-128") == 0)
        return UNECHO_MODEL_DTLN_AEC;
    return strcmp(name, "unecho-post") == 0 ? UNECHO_MODEL_POSTFILTER : 0;
}

unecho_model *model_choice_load(const model_choice *choice, unecho_model_kind builtin)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE] = "";
    int status;

    const unecho_model_kind named = choice->prefix ? builtin_named(choice->prefix) : 0;
    if (named)
        status = unecho_model_builtin(&model, named, message, sizeof(message));
    else if (choice->prefix)
        status = unecho_model_load(&model, choice->prefix, message, sizeof(message));
    else if (choice->stages[0])
        status = unecho_model_load_files(&model, choice->stages[0], choice->stages[1], message,
                                         sizeof(message));
    else
        status = unecho_model_builtin(&model, builtin, message, sizeof(message));
    if (status == UNECHO_OK)
        return model;

    report_error("model: %s", *message ? message : unecho_strerror(status));
    if (choice->prefix &&
        (ends_with(choice->prefix, ".onnx") || ends_with(choice->prefix, ".tflite")))
        report_note("--model takes the part of the names before _1.onnx and _2.onnx (or .tflite); "
                    "--model-files takes the names of the two files");
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
    static const char *const endings[] = {"_1.onnx",   "_2.onnx", "_1.tflite",
                                          "_2.tflite", ".onnx",   ""};
    const size_t count = sizeof(endings) / sizeof(endings[0]);
    for (size_t i = 0; choice->prefix && i < count && !uses; i++) {
        size_t size = strlen(choice->prefix) + sizeof("_1.tflite");
        char *path = malloc(size);
        if (!path)
            return true; /* better to refuse than to overwrite */
        snprintf(path, size, "%s%s", choice->prefix, endings[i]);
        uses = is_file(output, path);
        free(path);
    }
    return uses;
}
