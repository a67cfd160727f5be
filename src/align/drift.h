/*
 * Follows a delay that changes slowly because two clocks differ: a Kalman filter over the delay and
 * the drift, fed with what the correlation says now and then. Knows nothing of signals.
 */
#ifndef UNECHO_DRIFT_H
#define UNECHO_DRIFT_H

typedef struct drift {
    double lag;   /* samples */
    double slope; /* samples per second, without what is done about it */
    double p[3];  /* variances of lag and slope, and between them their covariance */
} drift;

/* A delay just found, of a drift not known yet. */
void drift_start(drift *d, double lag);
/* Another delay; the drift is what it was. */
void drift_jump(drift *d, double lag);
/* `seconds` go by, in which the correction alone changes the lag by `correction` samples a second.
 */
void drift_pass(drift *d, double seconds, double correction);
/* The lag was seen, as it was `seconds` ago without what the correction has done since. */
void drift_see(drift *d, double lag, double seconds);
/* Whether the slope is certainly not 0. */
int drift_is_certain(const drift *d);

#endif
