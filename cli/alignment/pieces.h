/*
 * The pieces of a track from its points, without those that may be chance or the user's own voice.
 */
#ifndef UNECHO_CLI_PIECES_H
#define UNECHO_CLI_PIECES_H

#include "alignment/track.h"

/* The points are in order of time; a piece has at least `least`. false: out of memory. */
bool pieces_make(struct track *track, const struct copies *copies, size_t least);

#endif
