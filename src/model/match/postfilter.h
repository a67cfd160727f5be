/* From a graph to the weights of the post-filter. */
#ifndef UNECHO_POSTFILTER_MATCH_H
#define UNECHO_POSTFILTER_MATCH_H

#include "model/graph/graph.h"
#include "model/postfilter_weights.h"

/* Whether a graph says that it is a post-filter: by the width of its features. */
bool postfilter_is(const graph *g);

/*
 * Returns UNECHO_OK, UNECHO_ERROR_FORMAT, UNECHO_ERROR_MODEL or UNECHO_ERROR_MEMORY, with a message
 * that names file and node. Matrices are views into the file's bytes. On success the caller frees
 * weights->vectors.
 */
int postfilter_match(postfilter_weights *weights, graph *g);

#endif
