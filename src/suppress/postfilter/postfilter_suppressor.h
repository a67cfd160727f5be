/*
 * A small post-filter after the linear filter: a recurrent network computes real gains in bands for
 * its error, from microphone, far end, error and echo estimate. docs/postfilter.md defines it.
 */
#ifndef UNECHO_POSTFILTER_SUPPRESSOR_H
#define UNECHO_POSTFILTER_SUPPRESSOR_H

#include "suppress/suppressor.h"

extern const suppressor_kind postfilter_native;

/* What the network heard last, [POSTFILTER_FEATURES], of a stream with one hop at once: training
 * reads it. */
const float *postfilter_heard(const suppressor *s);

#endif
