#include "drift.h"

/* Variances. Of a lag that is seen: the peak moves between reflections that are close in time. */
static const double seen_variance = 4.0 * 4.0;
/* Of a drift nobody has heard of: 300 ppm of 16 kHz. */
static const double slope_variance = 4.8 * 4.8;
/* Growth per second: people move, and crystals get warm (1 ppm in a minute). */
static const double lag_growth = 0.05, slope_growth = 0.016 * 0.016 / 60.0;

void drift_start(drift *d, double lag)
{
    *d = (drift){.lag = lag, .slope = 0.0, .p = {seen_variance, 0.0, slope_variance}};
}

void drift_jump(drift *d, double lag)
{
    d->lag = lag;
    d->p[0] = seen_variance;
    d->p[1] = 0.0;
}

void drift_pass(drift *d, double seconds, double correction)
{
    d->lag += seconds * (d->slope + correction);
    d->p[0] += seconds * (2.0 * d->p[1] + seconds * d->p[2] + lag_growth);
    d->p[1] += seconds * d->p[2];
    d->p[2] += seconds * slope_growth;
}

void drift_see(drift *d, double lag, double seconds)
{
    /* Covariances of lag and slope with the lag as it was. */
    const double of_lag = d->p[0] - seconds * d->p[1], of_slope = d->p[1] - seconds * d->p[2];
    const double total = of_lag - seconds * of_slope + seen_variance;
    const double gain_lag = of_lag / total, gain_slope = of_slope / total;
    const double innovation = lag - (d->lag - seconds * d->slope);
    d->lag += gain_lag * innovation;
    d->slope += gain_slope * innovation;
    d->p[2] -= gain_slope * of_slope;
    d->p[1] -= gain_lag * of_slope;
    d->p[0] -= gain_lag * of_lag;
}

int drift_is_certain(const drift *d)
{
    /* Four standard deviations. */
    return d->slope * d->slope > 16.0 * d->p[2];
}
