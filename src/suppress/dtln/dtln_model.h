/* The network of a model, packed once for all streams with the same kernels and precision. */
#ifndef UNECHO_DTLN_MODEL_H
#define UNECHO_DTLN_MODEL_H

#include "dtln.h"
#include "model/model.h"

/*
 * The first call packs the network for these kernels and this precision; it lives as long as the
 * model. May be called on any thread; not real-time safe. NULL if out of memory.
 */
const dtln *dtln_of_model(unecho_model *model, size_t kernels_index, dtln_precision precision);

#endif
