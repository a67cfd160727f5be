/* A model as the rest of the library sees it. */
#ifndef UNECHO_MODEL_H
#define UNECHO_MODEL_H

#include "network/dtln.h"
#include "unecho.h"

/*
 * The model's network packed for the kernels of that index: packed at the first call for an index,
 * shared by all later ones. Any thread; not real-time. NULL where memory is short.
 */
const dtln *model_network(unecho_model *model, size_t kernels_index);

#endif
