/* When only the far end is heard in the microphone, and when only the near end. */
#ifndef UNECHO_CLI_STRETCHES_H
#define UNECHO_CLI_STRETCHES_H

#include "alignment/far_plan.h"
#include "alignment/track.h"

#include <stdbool.h>
#include <stddef.h>

enum stretch { STRETCH_OTHER, STRETCH_FAR, STRETCH_NEAR, STRETCH_KINDS };

struct stretches {
    unsigned char *kinds; /* [n] enum stretch, LEVELS_PER_S per second of the microphone */
    size_t n;
};

/* plan: of the far end. false: out of memory, reported. stretches_free in either case. */
bool stretches_find(struct stretches *stretches, const struct copies *copies,
                    const struct track *track, const struct far_plan *plan);
void stretches_free(struct stretches *stretches);

#endif
