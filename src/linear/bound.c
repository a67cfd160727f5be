#include "bound.h"

#include <math.h>
#include <string.h>

void bound_reset(bound *b)
{
    memset(b, 0, sizeof *b);
}

/* What the window that ends with the coming hop has saved so far. */
static double credit(const bound *b)
{
    double sums[5] = {0.0};
    for (size_t i = 0; i < BOUND_HOPS; i += 5)
        for (size_t lane = 0; lane < 5; lane++)
            sums[lane] += b->surplus[i + lane];
    const double oldest = b->surplus[b->next];
    const double saved = oldest - (sums[0] + sums[1] + sums[2] + sums[3] + sums[4]);
    return saved > 0.0 ? saved : 0.0;
}

double bound_gain(const bound *b, double mic_energy, double cross, double echo_energy,
                  double error_energy)
{
    if (error_energy <= mic_energy)
        return 1.0;
    /* A little is kept back for the rounding of the sums. No hop gets more than 6 dB louder: a
     * microphone that is muted stays silent. */
    const double whole = 0.999 * credit(b), most = 3.0 * mic_energy;
    const double saved = whole < most ? whole : most;
    if (error_energy <= mic_energy + saved)
        return 1.0;
    /* |m - g y|^2 = |m|^2 - 2 g m y + g^2 |y|^2 is |m|^2 + saved for this g. */
    const double root = sqrt(cross * cross + echo_energy * saved);
    const double gain = 0.999 * (cross + root) / echo_energy;
    return gain < 1.0 ? gain : 1.0;
}

void bound_add(bound *b, double surplus)
{
    b->surplus[b->next] = surplus;
    b->next = (b->next + 1) % BOUND_HOPS;
}
