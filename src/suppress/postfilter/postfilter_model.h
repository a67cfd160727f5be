/* The network of a model, packed once for all streams that run it alike. */
#ifndef UNECHO_POSTFILTER_MODEL_H
#define UNECHO_POSTFILTER_MODEL_H

#include "model/model.h"
#include "network.h"

/*
 * Packed for the kernels of that index and in that precision at the first call; lives as long as
 * the model, which is a post-filter. Any thread; not real-time. NULL where memory is short.
 */
const postfilter *postfilter_of_model(unecho_model *model, size_t kernels_index,
                                      postfilter_precision precision);

#endif
