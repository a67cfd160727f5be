/*
 * Lowers the sample rate by a whole factor, for a search: cheaper than a converter, and not as
 * clean beside the new rate's limit (flat up to 7/16 of it, -50 dB from 9/16 on).
 */
#ifndef UNECHO_CLI_DECIMATOR_H
#define UNECHO_CLI_DECIMATOR_H

#include <stddef.h>

struct decimator;

/* most: what is pushed at a time. The first output lies at the first input. NULL: out of memory. */
struct decimator *decimator_new(unsigned factor, size_t most);
void decimator_free(struct decimator *d);

/* Push n inputs once decimator_pull has nothing more to give. */
void decimator_push(struct decimator *d, const float *x, size_t n);

/* Pull at most n outputs, as many as are ready; returns how many. An output needs 12 * factor
 * inputs that follow it. */
size_t decimator_pull(struct decimator *d, float *y, size_t n);

#endif
