/*
 * Which model to use: options, and loading it. It does not know what a command does with it.
 */
#ifndef UNECHO_CLI_MODEL_CHOICE_H
#define UNECHO_CLI_MODEL_CHOICE_H

#include "files/output_file.h"
#include "options.h"

#include "unecho_model.h"

#include <stdbool.h>

/* All NULL: the built-in model of the default engine; either prefix or both stages. */
typedef struct model_choice {
    const char *prefix;
    const char *stages[2];
} model_choice;

/* Fill a model_choice. */
extern const struct option model_options[];

/* false: the options exclude each other, reported. */
bool model_choice_check(const model_choice *choice, const char *command);

/* builtin: which one where none is chosen. NULL on failure, reported. */
unecho_model *model_choice_load(const model_choice *choice, unecho_model_kind builtin);

/* Whether the output is a file of the model. */
bool model_choice_uses(const model_choice *choice, const output_file *output);

#endif
