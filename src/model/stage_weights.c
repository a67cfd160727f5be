#include "stage_weights.h"

static uint64_t elements(const matrix *m)
{
    return (uint64_t)m->rows * m->columns;
}

uint64_t stage_weights_count(const stage_weights *w)
{
    uint64_t count = 4 * w->features + w->features; /* two norms, the bias of the dense layer */
    for (size_t i = 0; i < 2; i++)
        count += elements(&w->lstm[i].input) + elements(&w->lstm[i].recurrent) + 4 * w->units;
    return count + elements(&w->dense) + elements(&w->encoder) + elements(&w->decoder);
}
