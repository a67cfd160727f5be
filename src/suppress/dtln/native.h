/* The two stages on unecho's own kernels: real-time safe, never fail. */
#ifndef UNECHO_DTLN_NATIVE_H
#define UNECHO_DTLN_NATIVE_H

#include "dtln.h"
#include "stages.h"

/* NULL while the arena measures. */
dtln_stages *native_layout(arena *a, const dtln *net, size_t hops_at_once);
/* cell_limit: maximum magnitude of the LSTM cells; 0: none. */
void native_start(dtln_stages *s, const dtln_buffers *buffers, float cell_limit);

/* Whether both use the same packed network, so that one call can run them. */
int native_share_network(const dtln_stages *a, const dtln_stages *b);

#endif
