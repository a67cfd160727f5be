#include "rumble.h"

#include "unecho.h"

#include <math.h>

/* Butterworth, second order, 20 and 80 Hz at 16 kHz. The lower one by itself where it is enough:
 * the higher shifts the phase of voices. */
typedef struct high_pass {
    double gain, a1, a2;
} high_pass;
static const high_pass cuts[] = {
    {0.9944617889581948, -1.988892905899653, 0.9889542499331264},
    {0.9780304792065597, -1.9555782403150355, 0.9565436765112034},
};
/* Smoothing of the powers; their quotient from which on the cut sets in, and where it is whole. The
 * least power keeps them from becoming subnormal. */
static const double memory = 0.9, first = 1.3, whole = 1.6, least = 1e-20;

static void run_high_pass(const high_pass *h, rumble_stage *s, const float *x, double *y)
{
    double x1 = s->x[0], x2 = s->x[1], y1 = s->y[0], y2 = s->y[1];
    for (int i = 0; i < UNECHO_HOP; i++) {
        const double now = (double)x[i];
        y[i] = (h->gain * (now - 2.0 * x1 + x2) - h->a2 * y2) - h->a1 * y1;
        x2 = x1;
        x1 = now;
        y2 = y1;
        y1 = y[i];
    }
    /* Ringing in silence ends before it becomes subnormal. */
    const int quiet = fabs(y1) + fabs(y2) < 1e-30;
    s->x[0] = x1;
    s->x[1] = x2;
    s->y[0] = quiet ? 0.0 : y1;
    s->y[1] = quiet ? 0.0 : y2;
}

static void cut(const high_pass *h, rumble_stage *s, float *x)
{
    double y[UNECHO_HOP], all = 0.0, high = 0.0;
    run_high_pass(h, s, x, y);
    for (int i = 0; i < UNECHO_HOP; i++) {
        all += (double)x[i] * (double)x[i];
        high += y[i] * y[i];
    }
    s->all = memory * s->all + all + least;
    s->high = memory * s->high + high + least;
    const double excess = (s->all / s->high - first) / (whole - first);
    const double from = s->share, to = fmin(fmax(excess, 0.0), 1.0);
    s->share = to;
    if (from == 0.0 && to == 0.0)
        return;
    const double step = (to - from) / UNECHO_HOP;
    for (int i = 0; i < UNECHO_HOP; i++) {
        const double share = from + step * (i + 0.5);
        x[i] = (float)((double)x[i] + share * (y[i] - (double)x[i]));
    }
}

void rumble_cut(rumble *r, float *x)
{
    for (int i = 0; i < 2; i++)
        cut(&cuts[i], &r->stages[i], x);
}
