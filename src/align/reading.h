/*
 * Reads the far end from where the aligner has moved it to, around a gap that was told of.
 */
#ifndef UNECHO_READING_H
#define UNECHO_READING_H

#include "aligner.h"

/* The shift that is wanted, as far as the far end is there. */
int64_t reading_reachable(const aligner *a, const far_end *f, int64_t shift);
/* Hop number `hop`, from where the far end is moved by `shift`, to far[lane] [UNECHO_HOP]. */
void reading_hop(const aligner *a, const far_end *f, int64_t hop, int64_t shift, float *const *far);
/* The present hop, in far, is faded in from the place of before, without a click. */
void reading_cross_fade(const aligner *a, const far_end *f, float *const *far);

#endif
