/* A far end of several channels as one signal for all that hear one, as the library's aligner does.
 */
#ifndef UNECHO_CLI_LANES_H
#define UNECHO_CLI_LANES_H

#include <stdbool.h>
#include <stddef.h>

/* Energy of the mean of all channels, and of the same with every second one negative. */
struct lanes {
    double mean, side;
};

/*
 * Write the mean of n interleaved frames, or the side where the channels oppose each other. Adds to
 * *lanes.
 */
void lanes_mix(struct lanes *lanes, const float *frames, unsigned channels, float *samples,
               size_t n);

/* Whether opposite phases cancel each other in the mean. */
bool lanes_oppose(const struct lanes *lanes);

#endif
