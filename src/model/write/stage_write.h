/* One stage as an ONNX file of our own spelling, that of the built-in model. */
#ifndef UNECHO_MODEL_STAGE_WRITE_H
#define UNECHO_MODEL_STAGE_WRITE_H

#include "message.h"
#include "model/stage_weights.h"

#include "unecho_model.h"

/*
 * At most room bytes; *size receives how many the file has. name: the model's, for messages and as
 * where the weights are from. Returns UNECHO_OK, UNECHO_ERROR_MEMORY, or UNECHO_ERROR_MODEL where a
 * weight does not fit the storage.
 */
int stage_write(const stage_weights *weights, int stage, unecho_storage storage, const char *name,
                unsigned char *bytes, size_t room, size_t *size, const message *to);

#endif
