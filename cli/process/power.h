/* How loud samples are. */
#ifndef UNECHO_CLI_POWER_H
#define UNECHO_CLI_POWER_H

#include <stddef.h>

/* The sum of squares of n samples, for a mean, no exact figure: guards its input as unecho_process
 * does. */
double power_of(const float *samples, size_t n);

#endif
