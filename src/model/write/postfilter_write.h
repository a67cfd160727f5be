/* The post-filter as an ONNX file of our own spelling, that of the built-in model. */
#ifndef UNECHO_MODEL_POSTFILTER_WRITE_H
#define UNECHO_MODEL_POSTFILTER_WRITE_H

#include "message.h"
#include "model/postfilter_weights.h"

#include "unecho_model.h"

/* As stage_write. */
int postfilter_write(const postfilter_weights *weights, unecho_storage storage, const char *name,
                     unsigned char *bytes, size_t room, size_t *size, const message *to);

#endif
