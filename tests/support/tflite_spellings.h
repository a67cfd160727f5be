/* A TFLite model as another converter, or the same with other options, would write it. */
#ifndef UNECHO_TEST_TFLITE_SPELLINGS_H
#define UNECHO_TEST_TFLITE_SPELLINGS_H

#include "tflite_writer.h"

typedef struct tflite_spelling {
    const char *name;
    void (*change)(tflite_model *m);
    int int8;          /* of a model whose matrices are */
    int other_weights; /* it holds other weights than before */
    int first_only;    /* stage 2 has nothing to be spelled so */
} tflite_spelling;

extern const tflite_spelling tflite_spellings[];
extern const size_t tflite_spellings_count;

/* The first layer's input matrix with a scale for each output. */
void use_scale_per_output(tflite_model *m);
/* The second layer's recurrent matrix as float16, which an operator makes float32. */
void use_float16(tflite_model *m);

#endif
