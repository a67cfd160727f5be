/* The network of a model, packed once for all streams that run it alike. */
#ifndef UNECHO_DTLN_MODEL_H
#define UNECHO_DTLN_MODEL_H

#include "dtln.h"
#include "model/model.h"

/*
 * Packed for the kernels of that index and in that precision at the first call; lives as long as
 * the model. Any thread; not real-time. NULL where memory is short.
 */
const dtln *dtln_of_model(unecho_model *model, size_t kernels_index, dtln_precision precision);

#endif
