/*
 * Whether the far end is too faint for a hop to tell anything of the echo. The near end's own voice
 * in the far end, as monitoring or crosstalk, is fainter than the far end's talker, and in the
 * microphone far louder than an echo of it would be: a filter that goes on learning there learns to
 * predict the voice from its past, and removes it.
 */
#ifndef UNECHO_FAINT_H
#define UNECHO_FAINT_H

/* All zero: nothing heard yet. */
typedef struct faint_far {
    /* Energy of the far end's hops: over 80 ms, at its loudest, at its loudest of late. */
    double smooth, usual, recent;
    double mic, error, echo; /* energies, smoothed */
    int learnt;              /* whether the filter has explained a loud far end's echo */
    int now;                 /* what faint_next said of the newest hop */
} faint_far;

/* The next hop's energies; nonzero if there is nothing to learn from it. */
int faint_next(faint_far *f, double far, double mic, double error, double echo);

#endif
