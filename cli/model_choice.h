/*
 * The model that a command's options ask for. It does not know what the command does with it.
 */
#ifndef UNECHO_TOOL_MODEL_CHOICE_H
#define UNECHO_TOOL_MODEL_CHOICE_H

#include "files/output_file.h"

#include "unecho_model.h"

#include <stdbool.h>

/* All NULL: the built-in model; either prefix or both stages. */
typedef struct model_choice {
    const char *prefix;
    const char *stages[2];
} model_choice;

/* NULL on failure, reported. */
unecho_model *model_choice_load(const model_choice *choice);

/* Whether the output is one of the model's files. */
bool model_choice_uses(const model_choice *choice, const output_file *output);

#endif
