/*
 * The two stages on ONNX Runtime: runs the model's files as they are, over the suppressor's
 * buffers. Not real-time safe: ONNX Runtime allocates and locks.
 */
#ifndef UNECHO_ORT_STAGES_H
#define UNECHO_ORT_STAGES_H

#include "arena.h"
#include "model/model.h"
#include "onnxruntime/profile.h"
#include "stages.h"

/* Lay out unecho's own memory. NULL while the arena measures. */
dtln_stages *ort_layout(arena *a, const unecho_model *model, size_t hops_at_once);

/*
 * Load the library, create the sessions and bind the tensors to the buffers. The model must outlive
 * the stages. On failure nothing is left to close. Returns UNECHO_OK or UNECHO_ERROR_BACKEND.
 */
int ort_start(dtln_stages *s, const unecho_model *model, const dtln_buffers *buffers,
              const ort_settings *settings, const char *library, const message *to);

#endif
