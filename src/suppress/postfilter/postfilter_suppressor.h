/*
 * A small post-filter after the linear filter: a recurrent network computes real gains in bands for
 * its error, from microphone, far end, error and echo estimate. docs/postfilter.md defines it.
 */
#ifndef UNECHO_POSTFILTER_SUPPRESSOR_H
#define UNECHO_POSTFILTER_SUPPRESSOR_H

#include "suppress/suppressor.h"

extern const suppressor_kind postfilter_native;

/* Copy what the network hears in every hop to `heard`, [POSTFILTER_FEATURES], from now on: training
 * reads it. */
void postfilter_listen(suppressor *s, float *heard);

#endif
