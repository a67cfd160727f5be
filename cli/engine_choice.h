/*
 * The engine that a command's options ask for. It does not know what the command does with it.
 */
#ifndef UNECHO_TOOL_ENGINE_CHOICE_H
#define UNECHO_TOOL_ENGINE_CHOICE_H

#include "unecho.h"

#include <stdbool.h>

/* All zero: the network by itself, on our own kernels, exact. */
typedef struct engine_choice {
    unecho_engine engine;
    unsigned linear_tail_ms; /* 0: the usual */
    unecho_backend backend;
    unecho_precision precision;
    const char *library; /* of ONNX Runtime; NULL: the library's own choice */
    const char *profile; /* settings of ONNX Runtime; NULL: those of unecho tune, if it left any */
} engine_choice;

/* From the options' values. false: unknown, reported. */
bool engine_choice_engine(engine_choice *choice, const char *name, const char *command);
bool engine_choice_backend(engine_choice *choice, const char *name, const char *command);
bool engine_choice_precision(engine_choice *choice, const char *name, const char *command);

/* "linear", "neural" or "linear+neural". */
const char *engine_choice_name(unecho_engine engine);

/* Whether the options go together. false: reported. */
bool engine_choice_check(const engine_choice *choice, const char *command);

/* Open a stream; config: all but the engine is set. NULL on failure, reported. */
unecho *engine_choice_open(const engine_choice *choice, unecho_config *config);

#endif
