/* Rooms, loudspeakers, and what a device's own processing does to its microphone. */
#ifndef UNECHO_TRAINING_ACOUSTICS_H
#define UNECHO_TRAINING_ACOUSTICS_H

#include "signal.h"

enum { ROOM_TAPS = 8000 };

/* A measured response or a synthetic one, unit energy, direct sound first. */
void room_draw(float taps[ROOM_TAPS], const material *m, chance *random, float t60_s,
               float direct_db);

/* A loudspeaker without memory: linear, clipping, or saturating. */
void loudspeaker_plain(float *x, chance *random);
/* One with memory: compressor, saturation, excursion, harmonics of its own, rattle. */
void loudspeaker_hard(float *x, const material *m, chance *random);

/* y := x, `delay` samples later and more by `ppm` of the time; cubic between samples. */
void delay_by(float *y, const float *x, double delay, double ppm);
/* Another whole delay every so often, up to `most` samples. */
void delay_hop(float *y, const float *x, chance *random, float most);

/* Talks with pauses. */
void gate_speech(float *x, chance *random, float always, float on);

#endif
