/*
 * Cuts what lies below the voice from a signal in which it is a large part of the power: a constant
 * below 20 Hz, wind or mains hum below 80 Hz. Networks have not learnt those and remove the voice
 * with them. A signal without them passes bit for bit. Hop by hop, 16 kHz.
 */
#ifndef UNECHO_RUMBLE_H
#define UNECHO_RUMBLE_H

typedef struct rumble_stage {
    double x[2], y[2]; /* the last samples before and behind the high-pass, newest first */
    double all, high;  /* smoothed power before and behind it */
    double share;      /* of the high-passed signal in the output, at its end */
} rumble_stage;

enum { RUMBLE_STAGES = 2 };

/* All zero: nothing heard yet. */
typedef struct rumble {
    rumble_stage stages[RUMBLE_STAGES];
} rumble;

/* x [UNECHO_HOP], in place. */
void rumble_cut(rumble *r, float *x);

#endif
