/* One call of sixteen seconds: what the microphone and the far end hold, and what should be left.
 */
#ifndef UNECHO_TRAINING_SCENE_H
#define UNECHO_TRAINING_SCENE_H

#include "acoustics.h"

enum scene_kind { SCENE_ANY, SCENE_DOUBLE_TALK, SCENE_NEAR, SCENE_FAR };

/* What was drawn; written beside the features, as floats, in this order. */
typedef struct scene_facts {
    float near, far; /* whether there is one that talks; whether its echo comes back */
    float near_db;   /* level of the near end while it talks */
    float near_to_echo_db, near_to_noise_db;
    float delay_ms, ppm;
    float changes; /* whether the echo's path or delay changes */
    float hard;    /* loudspeaker with memory, processing, jumps */
    float music;
    float audible; /* full level of the microphone, to scale the loss by */
    float reserved[5];
} scene_facts;

typedef struct scene {
    scene_facts facts;
    /* [SCENE_BLOCK] each; the first SCENE_LEAD samples are not part of the call. */
    float *mic, *far;
    float *target; /* the near end in its room, and noise 20 dB lower */
    float *near;   /* the near end alone, as it is in the microphone */
} scene;

typedef struct studio studio;

studio *studio_new(const material *m);
/* Overwrites the scene that this studio drew before. */
const scene *studio_draw(studio *s, uint64_t seed, enum scene_kind kind);

#endif
