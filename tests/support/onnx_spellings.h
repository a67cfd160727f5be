/*
 * Our own models as other exporters and quantisers would write them: the same network with other
 * operators. ONNX Runtime reads them as well.
 */
#ifndef UNECHO_TEST_ONNX_SPELLINGS_H
#define UNECHO_TEST_ONNX_SPELLINGS_H

#include "onnx_writer.h"

/* How the weights are rounded first, so that the spelling holds them exactly. */
typedef enum rounding {
    ROUND_NOTHING,
    ROUND_TO_HALF,
    ROUND_TO_INT8,           /* matrices to multiples of one number */
    ROUND_TO_INT8_PER_OUTPUT /* to multiples of one number for each output */
} rounding;

typedef struct spelling {
    const char *name;
    void (*change)(proto *model);
    rounding rounding;
} spelling;

extern const spelling spellings[];
extern const size_t spellings_count;

/* Our model with its weights rounded, in the usual spelling and in another one. */
proto *rounded_model(int stage, rounding how);
proto *spelled_model(int stage, const spelling *s);
/* The same with the smallest number of units allowed. */
proto *small_spelled_model(int stage, const spelling *s);

#endif
