/* The weights of one stage of the network, found in a graph by following its data flow. */
#ifndef UNECHO_MODEL_STAGE_H
#define UNECHO_MODEL_STAGE_H

#include "model/graph/graph.h"
#include "model/stage_weights.h"

/*
 * stage: 1 or 2; 0: either. On success the matrices of *weights point into the file's bytes, which
 * must outlive them, and the caller frees weights->vectors. On failure *weights is untouched and
 * nothing stays allocated. Returns UNECHO_OK, UNECHO_ERROR_MEMORY or UNECHO_ERROR_MODEL.
 */
int stage_match(stage_weights *weights, int stage, graph *g);

#endif
