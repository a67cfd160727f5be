#include "stage_weights.h"

uint64_t stage_weights_count(const stage_weights *w)
{
    uint64_t count = 4 * w->features + w->features; /* two norms, the bias of the dense layer */
    for (size_t i = 0; i < 2; i++)
        count += matrix_elements(&w->lstm[i].input) + matrix_elements(&w->lstm[i].recurrent) +
                 4 * w->units;
    return count + matrix_elements(&w->dense) + matrix_elements(&w->encoder) +
           matrix_elements(&w->decoder);
}
