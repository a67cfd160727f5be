/*
 * The peak rates of the CPU with the instructions of one kernel set, one loop for each, for
 * comparison with the kernels.
 */
#ifndef UNECHO_PEAK_H
#define UNECHO_PEAK_H

#include <stddef.h>

typedef struct peak {
    const char *name; /* of the kernel set */
    /* Run `steps` steps of a format with everything in registers; return the multiply-adds done. */
    double (*f32)(size_t steps);
    double (*bf16)(size_t steps);
    double (*int8)(size_t steps);
    /* Read n floats once, a multiple of 256. Returns their sum, so that no load is removed. */
    float (*read)(const float *x, size_t n);
} peak;

#endif
