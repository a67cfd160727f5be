/* What a device does with its microphone before the canceller hears it. */
#ifndef UNECHO_TRAINING_DEVICE_H
#define UNECHO_TRAINING_DEVICE_H

#include "signal.h"

typedef struct device device;

device *device_new(void);
/* Draws the gains of one scene; level is that of the near end. */
void device_draw(device *d, chance *random, int hard, float level);
/* The parts x [parts][SCENE_BLOCK], the sum of which the device hears, in place. */
void device_process(device *d, chance *random, float *const *x, size_t parts);

#endif
