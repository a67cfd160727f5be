/*
 * A small post-filter behind the linear filter: real gains in bands for its error, from a recurrent
 * network that hears microphone, far end, error and echo estimate. docs/postfilter.md has the
 * definition.
 */
#ifndef UNECHO_POSTFILTER_SUPPRESSOR_H
#define UNECHO_POSTFILTER_SUPPRESSOR_H

#include "suppress/suppressor.h"

extern const suppressor_kind postfilter_native;

#endif
