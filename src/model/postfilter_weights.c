#include "postfilter_weights.h"

uint64_t postfilter_weights_count(const postfilter_weights *w)
{
    uint64_t count =
        matrix_elements(&w->input) + w->units + matrix_elements(&w->output) + w->output.rows;
    for (size_t i = 0; i < POSTFILTER_LAYERS; i++)
        count += matrix_elements(&w->gru[i].input) + matrix_elements(&w->gru[i].recurrent) +
                 (GRU_GATES + 1) * w->units; /* the biases of z and r are one */
    return count;
}
