/* Running levels of microphone, far end and output, and the ERLE. */
#ifndef UNECHO_LEVELS_H
#define UNECHO_LEVELS_H

#include <stddef.h>
#include <stdint.h>

/* Energies; `active`: of far-end-active hops only. */
typedef struct level_sums {
    double mic, far, out, active_mic, active_out;
} level_sums;

typedef struct levels {
    uint64_t hops, active_hops;
    level_sums all;
    /* The mean energy of a hop lately: earlier ones fade. */
    level_sums now;
    float peak;
} levels;

/* Add one hop of `hop` samples; mic and far are aligned with the output. */
void levels_add(levels *l, const float *mic, const float *far, const float *out, size_t hop);

/* Mean power in dB of full scale; -infinity if it is 0. */
float levels_db(double energy, uint64_t samples);

/* Echo return loss enhancement: energy before over energy after, in `hops` far-end-active hops; 0
 * if there were none. */
float levels_erle_db(double before, double after, uint64_t hops);

#endif
