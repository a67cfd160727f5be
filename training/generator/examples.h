/*
 * What the network is trained on: the post-filter's own features behind a whole stream, what the
 * loss needs of error and target, and whether the near end talks, in bytes.
 */
#ifndef UNECHO_TRAINING_EXAMPLES_H
#define UNECHO_TRAINING_EXAMPLES_H

#include "scene.h"
#include "suppress/postfilter/bands.h"

enum {
    EXAMPLE_HOPS = SCENE_SAMPLES / UNECHO_HOP,
    /* The features' rows, then weight, gain and level of the target. */
    EXAMPLE_ROWS = BANDS_ROWS + 3,
    EXAMPLE_TALK = EXAMPLE_ROWS * POSTFILTER_BANDS, /* where a hop has 1 if the near end talks */
    EXAMPLE_BYTES = EXAMPLE_TALK + 1,
};

typedef struct examples examples;

/* NULL: the stream could not be opened. */
examples *examples_new(void);

/* to [EXAMPLE_HOPS][EXAMPLE_BYTES]: a hop's rows [EXAMPLE_ROWS][POSTFILTER_BANDS], then its talk.
 */
void examples_make(examples *e, const scene *from, unsigned char *to);

#endif
