/*
 * Which engine cancels, and on which backend its network runs: options, and opening a stream. It
 * does not know what a command does with the stream.
 */
#ifndef UNECHO_CLI_ENGINE_CHOICE_H
#define UNECHO_CLI_ENGINE_CHOICE_H

#include "model_choice.h"
#include "options.h"

#include "unecho.h"

#include <stdbool.h>

typedef struct engine_choice {
    unecho_engine engine;
    bool engine_given;       /* by an option */
    unsigned linear_tail_ms; /* 0: the default */
    unecho_backend backend;
    unecho_precision precision;
    const char *library; /* of ONNX Runtime; NULL: the library's own choice */
    const char *profile; /* for ONNX Runtime; NULL: the one that unecho tune wrote, if any */
} engine_choice;

#define ENGINE_CHOICE_DEFAULT                                                                      \
    {                                                                                              \
        .engine = UNECHO_ENGINE_LINEAR_NEURAL, .precision = UNECHO_PRECISION_AUTO                  \
    }

/* Fills a const char *: where ONNX Runtime is. */
extern const struct option library_options[];

/* Fill an engine_choice: what cancels, what runs the network, and how. */
extern const struct option engine_options[], backend_options[], network_options[];

/* Of unecho_engine, for option_choice. */
extern const char *const engine_names[];

/* "linear", "neural" or "linear+neural". */
const char *engine_choice_name(unecho_engine engine);

/* Whether the options go together, and with those of the model. false: reported. */
bool engine_choice_check(const engine_choice *choice, const model_choice *model,
                         const char *command);

/* The built-in model for it. */
unecho_model_kind engine_choice_builtin(const engine_choice *choice);

/* Open a stream; config: everything but the engine is set. NULL on failure, reported. */
unecho *engine_choice_open(const engine_choice *choice, unecho_config *config);

#endif
