/* Replaces ort_stages.c in builds without the ONNX Runtime backend. */
#include "ort_stages.h"

static dtln_stages absent;

dtln_stages *ort_layout(arena *a, const unecho_model *model, size_t hops_at_once)
{
    (void)a;
    (void)model;
    (void)hops_at_once;
    return &absent;
}

int ort_start(dtln_stages *b, const unecho_model *model, const dtln_buffers *buffers,
              const ort_settings *settings, const char *library, const message *to)
{
    (void)b;
    (void)model;
    (void)buffers;
    (void)settings;
    (void)library;
    return message_fail(to, UNECHO_ERROR_BACKEND,
                        "this build of unecho has no ONNX Runtime backend (build option "
                        "'onnxruntime', on systems with dlopen)");
}
