#include "native.h"

#include "unecho.h"

typedef struct native {
    backend base;
    const dtln *net;
    dtln_workspace work;
    dtln_line line;
} native;

static int stage1(backend *b, size_t hops)
{
    native *const n = (native *)b;
    dtln_line *const line = &n->line;
    dtln_stage1(n->net, &n->work, &line, 1, hops);
    return UNECHO_OK;
}

static int stage2(backend *b, size_t hops)
{
    native *const n = (native *)b;
    dtln_line *const line = &n->line;
    dtln_stage2(n->net, &n->work, &line, 1, hops);
    return UNECHO_OK;
}

static void reset(backend *b)
{
    dtln_memory_reset(&((native *)b)->line.memory);
}

static void nothing_to_close(backend *b)
{
    (void)b;
}

backend *native_layout(arena *a, const dtln *net, size_t hops_at_once)
{
    native unused;
    native *const taken = arena_take(a, sizeof *taken);
    native *const n = taken ? taken : &unused;
    n->base = (backend){net->k->name, stage1, stage2, reset, nothing_to_close};
    n->net = net;
    dtln_memory_layout(&n->line.memory, a, net);
    dtln_workspace_layout(&n->work, a, net, hops_at_once);
    return taken ? &taken->base : NULL;
}

void native_start(backend *b, const backend_buffers *buffers, float cell_limit)
{
    dtln_line *const line = &((native *)b)->line;
    line->mic_magnitude = buffers->mic_magnitude;
    line->far_magnitude = buffers->far_magnitude;
    line->mask = buffers->mask;
    line->estimate = buffers->estimate;
    line->far = buffers->far;
    line->block = buffers->block;
    line->memory.cell_limit = cell_limit;
}

int native_shares_network(const backend *b, const backend *other)
{
    return b->stage1 == stage1 && other->stage1 == stage1 &&
           ((const native *)b)->net == ((const native *)other)->net;
}

size_t native_rows(const backend *b)
{
    return ((const native *)b)->work.rows;
}

typedef void (*many_stage)(const dtln *net, dtln_workspace *work, dtln_line *const *lines,
                           size_t count, size_t hops);

static void run_many(many_stage stage, backend *host, backend *const *all, size_t count)
{
    dtln_line *lines[DTLN_ROWS_MOST] = {NULL};
    native *const h = (native *)host;
    for (size_t i = 0; i < count; i++)
        lines[i] = &((native *)all[i])->line;
    stage(h->net, &h->work, lines, count, 1);
}

void native_stage1_many(backend *host, backend *const *all, size_t count)
{
    run_many(dtln_stage1, host, all, count);
}

void native_stage2_many(backend *host, backend *const *all, size_t count)
{
    run_many(dtln_stage2, host, all, count);
}
