#include "native.h"

#include "unecho.h"

typedef struct native {
    dtln_stages base;
    const dtln *net;
    dtln_workspace work;
    dtln_line line;
} native;

typedef void (*stage)(const dtln *net, dtln_workspace *work, dtln_line *const *lines, size_t count,
                      size_t hops);

static int run(stage of, dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    dtln_line *lines[SUPPRESSOR_ROWS_MOST] = {NULL};
    native *const h = (native *)host;
    for (size_t i = 0; i < count; i++)
        lines[i] = &((native *)all[i])->line;
    of(h->net, &h->work, lines, count, hops);
    return UNECHO_OK;
}

static int stage1(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    return run(dtln_stage1, host, all, count, hops);
}

static int stage2(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    return run(dtln_stage2, host, all, count, hops);
}

static void reset(dtln_stages *s)
{
    dtln_memory_reset(&((native *)s)->line.memory);
}

static void nothing_to_close(dtln_stages *s)
{
    (void)s;
}

dtln_stages *native_layout(arena *a, const dtln *net, size_t hops_at_once)
{
    native unused;
    native *const taken = arena_take(a, sizeof *taken);
    native *const n = taken ? taken : &unused;
    n->base = (dtln_stages){net->k->name, hops_at_once, stage1, stage2, reset, nothing_to_close};
    n->net = net;
    dtln_memory_layout(&n->line.memory, a, net);
    dtln_workspace_layout(&n->work, a, net, hops_at_once);
    return taken ? &taken->base : NULL;
}

void native_start(dtln_stages *s, const dtln_buffers *buffers, float cell_limit)
{
    dtln_line *const line = &((native *)s)->line;
    line->mic_magnitude = buffers->mic_magnitude;
    line->far_magnitude = buffers->far_magnitude;
    line->mask = buffers->mask;
    line->estimate = buffers->estimate;
    line->far = buffers->far;
    line->block = buffers->block;
    line->memory.cell_limit = cell_limit;
}

int native_share_network(const dtln_stages *a, const dtln_stages *b)
{
    return a->stage1 == stage1 && b->stage1 == stage1 &&
           ((const native *)a)->net == ((const native *)b)->net;
}
