/* The network of a model, packed once for all streams with the same kernels and precision. */
#ifndef UNECHO_POSTFILTER_MODEL_H
#define UNECHO_POSTFILTER_MODEL_H

#include "model/model.h"
#include "network.h"

/*
 * The first call packs the network for these kernels and this precision; it lives as long as the
 * model, which must be a post-filter. Any thread; not real-time safe. NULL if out of memory.
 */
const postfilter *postfilter_of_model(unecho_model *model, size_t kernels_index,
                                      postfilter_precision precision);

#endif
