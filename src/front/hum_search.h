/*
 * Whether there is mains hum in a microphone: a tone of 50 or 60 Hz, or of twice that, that stays
 * as loud and as steady for seconds as only a power grid does. Hop by hop, 16 kHz.
 */
#ifndef UNECHO_HUM_SEARCH_H
#define UNECHO_HUM_SEARCH_H

enum {
    HUM_TONES = 4,
    /* Down to 1 kHz. */
    HUM_DECIMATION = 16,
    HUM_TAPS = 64,
    HUM_PAST = HUM_TAPS - HUM_DECIMATION
};

/* A tone that may be hum, in blocks of 0.2 s, in which its nominal frequency has whole periods. */
typedef struct hum_tone {
    /* Of the block that is not complete: without a window, and under one. */
    double all_re, all_im, sum_re, sum_im;
    double re, im; /* what is expected of the next block */
    /* By how much it turns from block to block: off its nominal frequency. */
    double turn_re, turn_im;
    double first;    /* square of its amplitude when it began */
    unsigned blocks; /* since then, without those that were not as expected */
} hum_tone;

typedef struct hum_search {
    float taps[HUM_TAPS];
    float past[HUM_PAST];
    double turn_re, turn_im; /* once round in a block */
    unsigned hops;           /* in the block */
    hum_tone tones[HUM_TONES];
} hum_search;

void hum_search_start(hum_search *s);
void hum_search_reset(hum_search *s);

/* The next hop. Returns the grid's frequency in Hz, once it is certain; 0: none. */
double hum_search_next(hum_search *s, const float *x);

#endif
