#include "proven.h"

/* By chance of the phases a singer may be against the echo for a few notes. */
static const double memory = 0.97, long_memory = 0.99;
/* 25 dB below the microphone nothing but noise is left, where the echo is heard at all. */
static const double left_most = 0.003, heard_least = 1e-6;
/* The share of the estimate that the error contains with a negative sign: all of it where another
 * path has come, none in the mean where somebody sings to the same notes. */
static const double gone = 0.2;
/* What is left of a far end's music stays below this share of the microphone. */
static const double joined_least = 0.03;

void proven_next(proven_path *p, double mic, double error, double echo)
{
    p->mic = memory * p->mic + mic;
    p->error = memory * p->error + error;
    p->echo = memory * p->echo + echo;
    /* |m|^2 = |e|^2 + |y|^2 + 2 e y */
    p->against = long_memory * p->against + error + echo - mic;
    p->claimed = long_memory * p->claimed + echo;
    const int alone = p->echo > heard_least && p->error < left_most * p->mic;
    if (alone)
        p->right = 1;
    else if (!(p->against <= 2.0 * gone * p->claimed))
        p->right = 0;
    p->joined = p->right && !alone && (p->joined || p->error > joined_least * p->mic);
}
