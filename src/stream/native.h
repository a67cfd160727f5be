/* unecho's own engine as a backend: real-time safe, never fails. */
#ifndef UNECHO_NATIVE_H
#define UNECHO_NATIVE_H

#include "backend.h"
#include "network/dtln.h"

/* NULL while the arena measures. */
backend *native_layout(arena *a, const dtln *net, size_t hops_at_once);
/* cell_limit: of the LSTM layers' cells, 0: none. */
void native_start(backend *b, const backend_buffers *buffers, float cell_limit);

/* Whether b is of this kind, and with the very network of the other. */
int native_shares_network(const backend *b, const backend *other);

/* How many streams can go through b's workspace at once. */
size_t native_rows(const backend *b);

/*
 * One hop of each of `count` streams that share a network, in the workspace of `host`, count <=
 * native_rows(host): every weight is read once for all. Real-time safe.
 */
void native_stage1_many(backend *host, backend *const *all, size_t count);
void native_stage2_many(backend *host, backend *const *all, size_t count);

#endif
