/* Streams on ONNX Runtime and on the native backend, for tests that compare them. */
#ifndef UNECHO_TEST_BACKENDS_H
#define UNECHO_TEST_BACKENDS_H

#include "signals.h"
#include "unecho_model.h"
#include "unecho_onnxruntime.h"

/*
 * Skip the test, saying why, unless UNECHO_ONNXRUNTIME names a library; fail it instead where CI is
 * "true".
 */
void need_onnxruntime(void);

/* models/NAME_{1,2}.onnx of the reference data; fails the test if they cannot be loaded. */
unecho_model *reference_model(const char *name);

/* Fails the test with the library's message if the stream cannot be opened. */
unecho *open_stream(const unecho_config *config);

/* A default config for a backend. */
unecho_config config_for(unecho_backend backend, unecho_model *model);

/* The whole signal in calls of `chunk` samples. Freed by the caller. */
float *stream_signal(unecho *stream, const signal_ *mic, const signal_ *far, size_t chunk);

#endif
