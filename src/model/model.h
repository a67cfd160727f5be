/* A model as the rest of the library sees it. */
#ifndef UNECHO_MODEL_H
#define UNECHO_MODEL_H

#include "postfilter_weights.h"
#include "stage_weights.h"
#include "unecho_model.h"

/* The file of a stage as it was loaded. Lives as long as the model. */
typedef struct model_file {
    const unsigned char *bytes;
    size_t size;
    const stage_port *ports; /* [PORTS] */
} model_file;

const model_file *model_stage_file(const unecho_model *model, size_t stage);

/* The weights of both stages. Live as long as the model. */
const stage_weights *model_weights(const unecho_model *model);

unecho_model_kind model_kind(const unecho_model *model);

/* The weights of a post-filter. Live as long as the model. */
const postfilter_weights *model_postfilter(const unecho_model *model);

/* LSTM units per layer, in both stages. */
size_t model_units(const unecho_model *model);

/*
 * What streams derive from a model once and share, such as packed weights. The first call with a
 * key makes it, later calls return it; it is destroyed with the model. Threads that make the same
 * thing at the same time each call `make`, and all but one result is destroyed. Any thread; not
 * real-time. Returns NULL if `make` did, and the next call tries again.
 */
enum { MODEL_CACHED_MAX = 32 }; /* keys are below this */
void *model_cached(unecho_model *model, size_t key, void *(*make)(void *user), void *user,
                   void (*destroy)(void *made));

#endif
