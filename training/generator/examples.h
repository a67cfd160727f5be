/*
 * What the network is trained on: the post-filter's own features behind a whole stream, and what
 * the loss needs of error and target, in bytes.
 */
#ifndef UNECHO_TRAINING_EXAMPLES_H
#define UNECHO_TRAINING_EXAMPLES_H

#include "scene.h"
#include "suppress/postfilter/bands.h"

enum {
    EXAMPLE_HOPS = SCENE_SAMPLES / UNECHO_HOP,
    /* The features' rows, then weight, gain and level of the target. */
    EXAMPLE_ROWS = BANDS_ROWS + 3,
    EXAMPLE_BYTES = EXAMPLE_ROWS * POSTFILTER_BANDS,
};

typedef struct examples examples;

/* NULL: the stream could not be opened. */
examples *examples_new(void);

/* to [EXAMPLE_HOPS][EXAMPLE_ROWS][POSTFILTER_BANDS]. */
void examples_make(examples *e, const scene *from, unsigned char *to);

#endif
