/*
 * What a CPU can do with the instructions of one kernel set, one loop for each thing. The kernels'
 * figures are compared with these.
 */
#ifndef UNECHO_PEAK_H
#define UNECHO_PEAK_H

#include <stddef.h>

typedef struct peak {
    const char *name; /* of the kernel set */
    /* `steps` steps of a format with everything in registers. Return the multiply-adds done. */
    double (*f32)(size_t steps);
    double (*bf16)(size_t steps);
    double (*int8)(size_t steps);
    /* Read n floats once; a multiple of 256. The result keeps the loads. */
    float (*read)(const float *x, size_t n);
} peak;

#endif
