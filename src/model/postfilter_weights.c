#include "postfilter_weights.h"

static uint64_t elements(const matrix *m)
{
    return (uint64_t)m->rows * m->columns;
}

uint64_t postfilter_weights_count(const postfilter_weights *w)
{
    uint64_t count = elements(&w->input) + w->units + elements(&w->output) + w->output.rows;
    for (size_t i = 0; i < POSTFILTER_LAYERS; i++)
        count += elements(&w->gru[i].input) + elements(&w->gru[i].recurrent) +
                 (GRU_GATES + 1) * w->units; /* the biases of z and r are one */
    return count;
}
