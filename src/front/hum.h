/*
 * Takes mains hum out of a microphone: the grid's frequency and its multiples, as long as they are
 * there. Networks have not learnt hum that is as loud as a voice and remove the voice with it, and
 * what it hides from the linear filter is not cancelled. A microphone without hum passes bit for
 * bit. Hop by hop, 16 kHz.
 *
 * Real-time safe; the same bits with every kernel set.
 */
#ifndef UNECHO_HUM_H
#define UNECHO_HUM_H

#include "hum_search.h"

/* Multiples of the grid's frequency, up to 600 or 720 Hz. */
enum { HUM_LINES = 12 };

typedef struct hum_line {
    /* Of the block so far: sum of what the hops say that the amplitude is wrong by. */
    double off_re, off_im;
    double noise; /* power of that in a hop, smoothed */
    int trust;    /* grows with every block that is as expected */
    int cut;
} hum_line;

typedef struct hum {
    hum_search search;
    int found;
    double base, phase; /* of the grid: cycles in a sample, and at the next one */
    /* Amplitudes, and how much of each line is subtracted. */
    float re[HUM_LINES], im[HUM_LINES], share[HUM_LINES];
    hum_line lines[HUM_LINES];
    unsigned hops; /* in the block */
    unsigned idle; /* blocks in which no line was cut */
    /* How much of what is subtracted is there: smoothed, and at the end of the last hop. */
    double cross, power;
    float present;
} hum;

void hum_start(hum *h);
void hum_reset(hum *h);
/* x [UNECHO_HOP], in place. */
void hum_cut(hum *h, float *x);

#endif
