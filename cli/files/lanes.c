#include "files/lanes.h"

/* From so much more energy on the side is heard. */
#define LOUDER 4.0

/* Returns the energy. */
static double mix(const float *frames, unsigned channels, float sign, float *samples, size_t n)
{
    const float scale = 1.0f / (float)channels;
    double energy = 0.0;
    for (size_t i = 0; i < n; i++) {
        const float *const frame = frames + i * channels;
        float sum = 0.0f;
        for (unsigned c = 0; c < channels; c++)
            sum += c % 2 ? sign * frame[c] : frame[c];
        samples[i] = scale * sum;
        energy += (double)samples[i] * (double)samples[i];
    }
    return energy;
}

void lanes_mix(struct lanes *lanes, const float *frames, unsigned channels, float *samples,
               size_t n)
{
    struct lanes here = {0};
    if (channels > 1)
        here.side = mix(frames, channels, -1.0f, samples, n);
    here.mean = mix(frames, channels, 1.0f, samples, n);
    if (lanes_oppose(&here))
        mix(frames, channels, -1.0f, samples, n);
    lanes->mean += here.mean;
    lanes->side += here.side;
}

bool lanes_oppose(const struct lanes *lanes)
{
    return lanes->side > LOUDER * lanes->mean;
}
