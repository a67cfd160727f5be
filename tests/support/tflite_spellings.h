/* A TFLite model as another converter, or the same one with other options, would write it. */
#ifndef UNECHO_TEST_TFLITE_SPELLINGS_H
#define UNECHO_TEST_TFLITE_SPELLINGS_H

#include "tflite_writer.h"

typedef struct tflite_spelling {
    const char *name;
    void (*change)(tflite_model *m);
    int int8;          /* for a model with int8 matrices */
    int other_weights; /* the weights differ from before */
    int first_only;    /* stage 2 has nothing to spell this way */
} tflite_spelling;

extern const tflite_spelling tflite_spellings[];
extern const size_t tflite_spellings_count;

/* The first layer's input matrix with a scale for each output. */
void use_scale_per_output(tflite_model *m);
/* The second layer's recurrent matrix as float16, converted to float32 by an operator. */
void use_float16(tflite_model *m);

#endif
