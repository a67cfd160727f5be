#include "rumble.h"

#include "dsp/energy.h"
#include "unecho.h"

#include <math.h>

/* Butterworth, second order, 20 and 80 Hz at 16 kHz. The lower one by itself where it is enough:
 * the higher shifts the phase of voices. */
typedef struct high_pass {
    double gain, a1, a2;
} high_pass;
static const high_pass cuts[RUMBLE_STAGES] = {
    {0.9944617889581948, -1.988892905899653, 0.9889542499331264},
    {0.9780304792065597, -1.9555782403150355, 0.9565436765112034},
};
/* Smoothing of the powers; their quotient from which on the cut sets in, and where it is whole. The
 * least power keeps them from becoming subnormal. */
static const double memory = 0.9, first_excess = 1.3, whole = 1.6, least = 1e-20;

enum { HOP = UNECHO_HOP };

/*
 * What the stages from `first` on make of the same x. A sample has to wait for the one before it,
 * so that two stages side by side take no longer than one.
 */
static void run_high_passes(const rumble *r, int first, const float *x,
                            double y[RUMBLE_STAGES][HOP])
{
    double x1[RUMBLE_STAGES], x2[RUMBLE_STAGES], y1[RUMBLE_STAGES], y2[RUMBLE_STAGES];
    for (int c = 0; c < RUMBLE_STAGES; c++) {
        x1[c] = r->stages[c].x[0];
        x2[c] = r->stages[c].x[1];
        y1[c] = r->stages[c].y[0];
        y2[c] = r->stages[c].y[1];
    }
    for (int i = 0; i < HOP; i++) {
        for (int c = 0; c < RUMBLE_STAGES; c++) {
            const high_pass *const h = &cuts[c];
            const double now = (double)x[i];
            const double high =
                (h->gain * (now - 2.0 * x1[c] + x2[c]) - h->a2 * y2[c]) - h->a1 * y1[c];
            x2[c] = x1[c];
            x1[c] = now;
            y2[c] = y1[c];
            y1[c] = high;
            if (c >= first)
                y[c][i] = high;
        }
    }
}

/* The stage has had x and made y of it. */
static void remember(rumble_stage *s, const float *x, const double *y)
{
    const double y1 = y[HOP - 1], y2 = y[HOP - 2];
    /* Ringing in silence ends before it becomes subnormal. */
    const int quiet = fabs(y1) + fabs(y2) < 1e-30;
    s->x[0] = (double)x[HOP - 1];
    s->x[1] = (double)x[HOP - 2];
    s->y[0] = quiet ? 0.0 : y1;
    s->y[1] = quiet ? 0.0 : y2;
}

/* Replace x by what the stage made of it, as far as it should; returns whether it did. */
static int cut(rumble_stage *s, float *x, const double *y)
{
    double high[4] = {0.0};
    for (int i = 0; i < HOP; i += 4)
        for (int lane = 0; lane < 4; lane++)
            high[lane] += y[i + lane] * y[i + lane];
    s->all = memory * s->all + dsp_energy(x, HOP) + least;
    s->high = memory * s->high + ((high[0] + high[2]) + (high[1] + high[3])) + least;
    const double excess = (s->all / s->high - first_excess) / (whole - first_excess);
    const double from = s->share, to = fmin(fmax(excess, 0.0), 1.0);
    s->share = to;
    if (from == 0.0 && to == 0.0)
        return 0;
    const double step = (to - from) / (double)HOP;
    for (int i = 0; i < HOP; i++) {
        const double share = from + step * (i + 0.5);
        x[i] = (float)((double)x[i] + share * (y[i] - (double)x[i]));
    }
    return 1;
}

void rumble_cut(rumble *r, float *x)
{
    double y[RUMBLE_STAGES][HOP];
    run_high_passes(r, 0, x, y);
    for (int c = 0; c < RUMBLE_STAGES; c++) {
        remember(&r->stages[c], x, y[c]);
        /* Then the next ones get something else. */
        if (cut(&r->stages[c], x, y[c]) && c + 1 < RUMBLE_STAGES)
            run_high_passes(r, c + 1, x, y);
    }
}
