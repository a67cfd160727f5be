/* A model as the rest of the library sees it. */
#ifndef UNECHO_MODEL_H
#define UNECHO_MODEL_H

#include "suppress/dtln/dtln.h"
#include "unecho.h"

/*
 * The model's network packed for the kernels of that index and in that precision: packed at the
 * first call that wants it, shared by all later ones. Any thread; not real-time. NULL where memory
 * is short.
 */
const dtln *model_network(unecho_model *model, size_t kernels_index, dtln_precision precision);

/* A stage's file as it was loaded, for who runs it by other means. Lives as long as the model. */
typedef struct model_file {
    const unsigned char *bytes;
    size_t size;
    const stage_port *ports; /* [PORTS] */
} model_file;

const model_file *model_stage_file(const unecho_model *model, size_t stage);

/* LSTM units per layer, in both stages. */
size_t model_units(const unecho_model *model);

#endif
