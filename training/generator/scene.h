/* One call of sixteen seconds: what the microphone and the far end hold, and what should be left.
 */
#ifndef UNECHO_TRAINING_SCENE_H
#define UNECHO_TRAINING_SCENE_H

#include "acoustics.h"

enum scene_kind { SCENE_ANY, SCENE_DOUBLE_TALK, SCENE_NEAR, SCENE_FAR, SCENE_MUSIC };

typedef struct scene {
    /* [SCENE_BLOCK] each; the first SCENE_LEAD samples are not part of the call. */
    float *mic, *far;
    float *target; /* the near end in its room, and noise 20 dB lower */
    float *near;   /* the near end alone, as it is in the microphone */
    float audible; /* the level that a listener would set the volume by */
} scene;

typedef struct studio studio;

studio *studio_new(const material *m);
/* Overwrites the scene that this studio drew before. */
const scene *studio_draw(studio *s, uint64_t seed, enum scene_kind kind);

#endif
