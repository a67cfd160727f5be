/*
 * Tables of filters between sample rates, shared by all that convert between the same rates: made
 * by whoever needs one first, freed with the last reference.
 */
#ifndef UNECHO_SINC_TABLE_H
#define UNECHO_SINC_TABLE_H

#include "dsp/sinc.h"

typedef struct sinc_table {
    sinc filter;
    unsigned rate_in, rate_out;
    struct sinc_slot *slot; /* that counts its references; NULL: it has one owner */
    float *rows;            /* [phases + 1][taps] */
} sinc_table;

/* A reference to the table of this filter; NULL: out of memory. Any thread; not real-time safe. */
sinc_table *sinc_table_take(const sinc *filter, unsigned rate_in, unsigned rate_out);
/* Give the reference back; table may be NULL. Any thread. */
void sinc_table_give_back(sinc_table *table);

#endif
