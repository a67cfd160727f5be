/*
 * There is no lock, so that no thread waits for one that was suspended or lost in a fork. Threads
 * that need the same table at the same time may each make one.
 */
#include "dsp/sinc_table.h"

#include "arena.h"

#include <stdatomic.h>
#include <stdlib.h>

/* More rates at a time than anybody has; without a slot a table is not shared. */
enum { SLOTS = 64 };

typedef _Atomic(sinc_table *) table_pointer;

/* A table enters a slot without one, with a first reference. Without references it leaves. */
struct sinc_slot {
    table_pointer table;
    atomic_size_t references;
};

static struct sinc_slot slots[SLOTS];

static int is_of(const sinc_table *t, const sinc *filter, unsigned rate_in, unsigned rate_out)
{
    return t->rate_in == rate_in && t->rate_out == rate_out && t->filter.taps == filter->taps &&
           t->filter.phases == filter->phases;
}

static void destroy(sinc_table *t)
{
    arena_release(t->rows);
    free(t);
}

static void give_back(struct sinc_slot *slot)
{
    sinc_table *const t = atomic_load(&slot->table);
    if (atomic_fetch_sub(&slot->references, 1) > 1)
        return;
    atomic_store(&slot->table, NULL);
    destroy(t);
}

/* One more reference to the slot's table, if it has any; else NULL. */
static sinc_table *acquire(struct sinc_slot *slot)
{
    size_t references = atomic_load(&slot->references);
    while (references > 0)
        if (atomic_compare_exchange_weak(&slot->references, &references, references + 1))
            return atomic_load(&slot->table);
    return NULL;
}

static sinc_table *find(const sinc *filter, unsigned rate_in, unsigned rate_out)
{
    for (size_t i = 0; i < SLOTS; i++) {
        sinc_table *const t = acquire(&slots[i]);
        if (!t)
            continue;
        if (is_of(t, filter, rate_in, rate_out))
            return t;
        give_back(&slots[i]);
    }
    return NULL;
}

static sinc_table *make(const sinc *filter, unsigned rate_in, unsigned rate_out)
{
    sinc_table *const t = malloc(sizeof *t);
    const size_t bytes = (filter->phases + 1) * filter->taps * sizeof *t->rows;
    float *const rows =
        arena_allocate((bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT);
    if (!t || !rows) {
        free(t);
        arena_release(rows);
        return NULL;
    }
    *t = (sinc_table){*filter, rate_in, rate_out, NULL, rows};
    sinc_fill(filter, rows, rate_in, rate_out);
    return t;
}

static void share(sinc_table *t)
{
    for (size_t i = 0; i < SLOTS; i++) {
        sinc_table *none = NULL;
        t->slot = &slots[i];
        if (!atomic_compare_exchange_strong(&slots[i].table, &none, t))
            continue;
        atomic_store(&slots[i].references, 1);
        return;
    }
    t->slot = NULL;
}

sinc_table *sinc_table_take(const sinc *filter, unsigned rate_in, unsigned rate_out)
{
    sinc_table *const found = find(filter, rate_in, rate_out);
    if (found)
        return found;
    sinc_table *const made = make(filter, rate_in, rate_out);
    if (made)
        share(made);
    return made;
}

void sinc_table_give_back(sinc_table *table)
{
    if (!table)
        return;
    if (table->slot)
        give_back(table->slot);
    else
        destroy(table);
}
