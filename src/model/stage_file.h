/* From the bytes of a model file, ONNX or TFLite, to the weights in it. */
#ifndef UNECHO_STAGE_FILE_H
#define UNECHO_STAGE_FILE_H

#include "message.h"
#include "postfilter_weights.h"
#include "stage_weights.h"

#include "unecho_model.h"

/*
 * As stage_match; the content decides which format it is. The ports of a TFLite file have no names.
 */
int stage_file_read(stage_weights *weights, int stage, const unsigned char *bytes, size_t size,
                    const char *name, const message *to);

/* The same for a post-filter, as postfilter_match. */
int postfilter_file_read(postfilter_weights *weights, const unsigned char *bytes, size_t size,
                         const char *name, const message *to);

/* Read a file of either kind and fill in *info but its size. */
int model_file_inspect(unecho_model_file_info *info, const unsigned char *bytes, size_t size,
                       const char *name, const message *to);

#endif
