/*
 * The network's two stages on ONNX Runtime: the model's own files, run as they are, over the
 * canceller's buffers. Not real-time safe: ONNX Runtime allocates and locks as it likes.
 */
#ifndef UNECHO_ORT_BACKEND_H
#define UNECHO_ORT_BACKEND_H

#include "arena.h"
#include "model/model.h"
#include "profile.h"
#include "stream/backend.h"

/* All memory that is unecho's own. NULL while the arena measures. */
backend *ort_layout(arena *a, const unecho_model *model, size_t hops_at_once);

/*
 * Load the library, make the sessions and tie the tensors to the buffers. The model must outlive
 * the backend. On failure nothing is left to be closed. Returns UNECHO_OK or UNECHO_ERROR_BACKEND.
 */
int ort_start(backend *b, const unecho_model *model, const backend_buffers *buffers,
              const ort_settings *settings, const char *library, const message *to);

#endif
