/*
 * The user's own voice in the far end, by monitoring, crosstalk or a program that plays it back,
 * correlates like an echo that comes sooner than the echo, whenever it is the user who talks. But
 * the microphone is a copy of it, as it is of no echo, or much louder than an echo would be.
 */
#ifndef UNECHO_CLI_OWN_VOICE_H
#define UNECHO_CLI_OWN_VOICE_H

#include "alignment/track.h"

/* Of a voice that comes sooner than this after it was spoken much can be predicted. */
#define OWN_VOICE_SOON_S 0.02

/*
 * Take the points of such pieces for what they are: both the voice and the echo come later where
 * samples are lost, so they tell the lag that an echo would have had. Where they do not, by how
 * much the voice comes sooner not being known, they are dropped. The pieces are to be made anew.
 * false: out of memory.
 */
bool own_voice_place(struct track *track, const struct copies *copies);

#endif
