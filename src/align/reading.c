#include "reading.h"

/* As far as the far end is there: while its resampler looks ahead, or a clock has run away. */
int64_t reading_reachable(const aligner *a, const far_end *f, int64_t shift)
{
    const int64_t behind = (int64_t)((a->hops + 1) * UNECHO_HOP) - (int64_t)f->made;
    const int64_t lag = (int64_t)far_end_lag(f);
    const int64_t least = f->plan.pushed && behind > lag ? lag : behind;
    return shift > least ? shift : least;
}

/* What was played before the gap comes as it would have come without it, and what was lost is
 * silence. */
static void read_before_gap(const aligner *a, const far_end *f, far_lane lane, int64_t first,
                            float *to)
{
    float early[UNECHO_HOP];
    far_end_read(f, lane, early, first + a->gap, UNECHO_HOP);
    for (int64_t i = 0; i < UNECHO_HOP && first + i < a->gap_end; i++)
        to[i] = first + a->gap + i < a->gap_end ? early[i] : 0.0f;
}

void reading_hop(const aligner *a, const far_end *f, int64_t hop, int64_t shift, float *const *far)
{
    const int64_t first = hop * UNECHO_HOP - shift;
    for (size_t lane = 0; lane < f->plan.lanes; lane++) {
        far_end_read(f, (far_lane)lane, far[lane], first, UNECHO_HOP);
        if (a->gap > 0 && first < a->gap_end)
            read_before_gap(a, f, (far_lane)lane, first, far[lane]);
    }
}

void reading_cross_fade(const aligner *a, const far_end *f, float *const *far)
{
    float before[FAR_LANES][UNECHO_HOP];
    reading_hop(a, f, (int64_t)a->hops, a->shift_before, (float *const[]){before[0], before[1]});
    for (size_t lane = 0; lane < f->plan.lanes; lane++)
        for (size_t i = 0; i < UNECHO_HOP; i++) {
            const float share = ((float)i + 0.5f) * (1.0f / UNECHO_HOP);
            far[lane][i] = before[lane][i] + share * (far[lane][i] - before[lane][i]);
        }
}

void aligner_past_hop(const aligner *a, const far_end *f, int64_t age, float *const *far)
{
    reading_hop(a, f, (int64_t)a->hops - 1 - age, a->shift_before, far);
}

int aligner_misses(const aligner *a, const far_end *f)
{
    return !f->starved && (int64_t)f->made < (int64_t)(a->hops * UNECHO_HOP) - a->shift_before;
}

void aligner_upper(const aligner *a, const far_end *f, float *power)
{
    far_end_upper(f, (int64_t)(a->hops - 1) * UNECHO_HOP - a->shift_before, power);
}
