#include "proven.h"

#include <math.h>

/* By chance of the phases a singer may be against the echo for a few notes. */
static const double memory = 0.97, long_memory = 0.99;
/* 25 dB below the microphone nothing but noise is left, where the echo is heard at all. */
static const double left_most = 0.003, heard_least = 1e-6;
/* The share of the estimate that the error contains with a negative sign: all of it where another
 * path has come, none in the mean where somebody sings to the same notes. */
static const double gone = 0.2;
/* What is left of a far end's music stays below this share of the microphone, and below so many
 * times what it usually is; a singer whose notes the filter follows may not exceed the first. */
static const double joined_least = 0.03, joined_factor = 20.0;
/* The usual share follows its low values, and rises by 1 dB a second. Per hop. */
static const double usual_least = 1e-4, usual_up = 1.002;

static double follow_usual(double before, double now)
{
    const double most = before > 0.0 ? usual_up * before : now;
    return fmax(fmin(now, most), usual_least);
}

void proven_next(proven_path *p, double mic, double error, double echo)
{
    p->mic = memory * p->mic + mic;
    p->error = memory * p->error + error;
    p->echo = memory * p->echo + echo;
    /* |m|^2 = |e|^2 + |y|^2 + 2 e y */
    p->against = long_memory * p->against + error + echo - mic;
    p->claimed = long_memory * p->claimed + echo;
    const int alone = p->echo > heard_least && p->error < left_most * p->mic;
    if (alone) {
        p->right = 1;
        p->usual = follow_usual(p->usual, p->error / p->mic);
    } else if (!(p->against <= 2.0 * gone * p->claimed)) {
        p->right = 0;
    }
    const double begins = fmin(joined_least, joined_factor * p->usual);
    const double least = p->joined ? fmin(left_most, begins) : begins;
    p->joined = p->right && p->error > least * p->mic;
}
