/* One stage as an ONNX file, written as the built-in model is. */
#ifndef UNECHO_MODEL_STAGE_WRITE_H
#define UNECHO_MODEL_STAGE_WRITE_H

#include "message.h"
#include "model/stage_weights.h"

#include "unecho_model.h"

/*
 * Write at most room bytes; *size receives the size of the file. name: of the model, for messages
 * and for the origin in the file. Returns UNECHO_OK, UNECHO_ERROR_MEMORY, or UNECHO_ERROR_MODEL if
 * a weight does not fit the storage.
 */
int stage_write(const stage_weights *weights, int stage, unecho_storage storage, const char *name,
                unsigned char *bytes, size_t room, size_t *size, const message *to);

#endif
