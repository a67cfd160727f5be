/*
 * Tones that were heard where there could be no echo: a note that the near end holds while the far
 * end begins to talk. To a filter that knows little yet it may be echo, and as every hop has it in
 * the same place the filter learns it, 10 dB of it and more in a second.
 */
#ifndef UNECHO_STEADY_H
#define UNECHO_STEADY_H

/* The bins in which tones are looked for, with those beside them. */
enum { STEADY_BINS = 50 };

/* What a hop shows, each [STEADY_BINS]. */
typedef struct steady_hop {
    const float *e_re, *e_im; /* the error */
    const float *y_re, *y_im; /* the echo estimate */
    const float *spread;      /* power that the filter's variance explains */
    const float *noise;       /* the error's, smoothed */
} steady_hop;

/*
 * Advance by one hop. power [STEADY_BINS]: what was in the error where there could be no echo, as
 * far as it is still there; 0 at first. share [STEADY_BINS] := of the error what such tones are, 0
 * to 1.
 */
void steady_next(float *power, float *share, const steady_hop *h);

#endif
