/* A matrix as an ONNX tensor of a given storage, for graph_write.c. */
#ifndef UNECHO_MODEL_TENSOR_WRITE_H
#define UNECHO_MODEL_TENSOR_WRITE_H

#include "message.h"
#include "network/weights.h"
#include "protobuf_write.h"

#include "unecho_model.h"

#include <stdbool.h>

/* A matrix of a network and how it is stored: in float32 as tensor NAME; otherwise as NAME/stored,
 * from which a node makes NAME, in int8 with NAME/scale. */
typedef struct stored {
    const char *name;
    const matrix *m;
    const size_t *gate_row; /* rows in the order of GATE_*; NULL: as they are */
    bool recurrent;         /* as [1, out, in], as GRU takes it, not [in, out] */
    matrix_type type;       /* in which it is stored */
    /* int8, [rows] each: the factor of the integers, and the factor that made integers of the
     * weights; 0: they were integers. */
    float *scales, *inverses;
} stored;

/* The type in which a matrix is stored. exact: its rounding would go straight into the output. */
matrix_type stored_type(const matrix *m, unecho_storage storage, bool exact);

/* Fill in the scales, and check that every number fits. name: of the model, for messages. */
int stored_prepare(stored *s, const char *name, const message *to);

/* TensorProto of the matrix; of the scales. */
void stored_put(pb_out *out, const stored *s);
void stored_put_scales(pb_out *out, const stored *s);

/* TensorProto of a few floats or integers. */
void tensor_put_floats(pb_out *out, const char *name, const float *x, size_t n);
/* [1, 2 n]: first, then second. */
void tensor_put_row(pb_out *out, const char *name, const float *first, const float *second,
                    size_t n);
void tensor_put_ints(pb_out *out, const char *name, const int64_t *x, size_t n);

#endif
