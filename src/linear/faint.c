#include "faint.h"

#include <math.h>

/* Smoothing; the loudest of the far end fades by 0.3 dB in a second in which it is heard, the
 * loudest of now by 8 dB in half a second: talkers pause for less. */
static const double memory = 0.9, usual_fade = 0.9995, recent_fade = 0.97, heard_least = 1e-7;
/* 8 dB below the loudest, and 15 dB of error over the echo. */
static const double fainter = 6.3, drowned = 30.0;
/* The share of the microphone that a filter explains which has learnt the echo. */
static const double learnt_share = 0.5;

int faint_next(faint_far *f, double far, double mic, double error, double echo)
{
    f->smooth = memory * f->smooth + (1.0 - memory) * far;
    f->recent = fmax(f->smooth, recent_fade * f->recent);
    if (f->recent > heard_least)
        f->usual *= usual_fade;
    f->usual = fmax(f->usual, f->smooth);
    f->mic = memory * f->mic + mic;
    f->error = memory * f->error + error;
    f->echo = memory * f->echo + echo;
    const int loud = f->recent * fainter > f->usual;
    f->learnt |= loud && f->echo > learnt_share * f->mic;
    f->now = f->learnt && !loud && f->error > drowned * f->echo;
    return f->now;
}
