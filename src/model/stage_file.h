/* From the bytes of a model file, ONNX or TFLite, to the weights of one stage. */
#ifndef UNECHO_STAGE_FILE_H
#define UNECHO_STAGE_FILE_H

#include "message.h"
#include "stage_weights.h"

#include "unecho_model.h"

/*
 * As onnx_stage_read; the content tells which format it is. The ports of a TFLite file have no
 * names.
 */
int stage_file_read(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                    const char *name, const message *to);

/* The same of whichever stage it is, and *info of it but its size. */
int stage_file_inspect(stage_weights *weights, unecho_model_file_info *info,
                       const unsigned char *bytes, size_t size, const char *name,
                       const message *to);

#endif
