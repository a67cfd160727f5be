/* Running levels of microphone, far end and output, hop by hop, and what follows from them. */
#ifndef UNECHO_LEVELS_H
#define UNECHO_LEVELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct levels {
    uint64_t hops, active_hops;
    double mic_energy, far_energy, out_energy;
    /* Of the hops with an active far end. */
    double active_mic_energy, active_out_energy;
    float peak;
} levels;

/* One hop of `hop` samples each; mic and far are those that the output belongs to. */
void levels_add(levels *l, const float *mic, const float *far, const float *out, size_t hop);

/* Mean power in dB of full scale; -infinity for none. */
float levels_db(double energy, uint64_t samples);

/* Echo return loss enhancement: energy before over energy after, of so many hops with an active far
 * end; 0 where there were none. */
float levels_erle_db(double before, double after, uint64_t hops);

#endif
