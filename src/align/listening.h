/*
 * What the aligner's correlation hears of microphone and far end, frame by frame.
 */
#ifndef UNECHO_LISTENING_H
#define UNECHO_LISTENING_H

#include "aligner.h"

/* The microphone's next hop, and what the far end has made since the last one. */
void listening_hop(aligner *a, const float *mic, const far_end *f);

#endif
