/* Sample-rate conversion for the doctor's analyses, any ratio. It does not know what is heard. */
#ifndef UNECHO_CLI_DOCTOR_RESAMPLE_H
#define UNECHO_CLI_DOCTOR_RESAMPLE_H

#include <stddef.h>

/*
 * out_n samples, the i-th from the place start + i * step of the n samples x, beyond which there is
 * silence; what would alias is taken out. To be freed by the caller; NULL: out of memory.
 */
float *resample(const float *x, size_t n, double start, double step, size_t out_n);

#endif
