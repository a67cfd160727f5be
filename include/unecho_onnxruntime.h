/*
 * unecho on ONNX Runtime, a library that is loaded when the first such stream is opened and stays
 * loaded. It is slower than the native backend and not real-time safe; its use is comparison.
 *
 *     unecho_onnxruntime settings = {sizeof settings};
 *     settings.library = "/opt/onnxruntime/libonnxruntime.so";
 *     config.backend = UNECHO_BACKEND_ONNXRUNTIME;
 *     config.onnxruntime = &settings;                  // read by unecho_open, not kept
 *
 * Models must come from ONNX files; the built-in one does. No setting changes the output.
 *
 * unecho_open sets the environment variable ORT_DISABLE_TELEMETRY to 1 unless it is set: ONNX
 * Runtime would report what it runs to its maker.
 */
#ifndef UNECHO_PUBLIC_ONNXRUNTIME_H
#define UNECHO_PUBLIC_ONNXRUNTIME_H

#include "unecho.h"

#ifdef __cplusplus
extern "C" {
#endif

#define UNECHO_ONNXRUNTIME_THREADS_MAX 64

/* 0 and NULL are the defaults. */
struct unecho_onnxruntime {
    size_t size; /* sizeof(unecho_onnxruntime) */
    /* Path of libonnxruntime, 1.14 or later; NULL: the one that the environment variable
     * UNECHO_ONNXRUNTIME names, else the one that the system's loader finds. */
    const char *library;
    /* Path of a profile written by `unecho tune`, whose settings replace those below. */
    const char *profile;
    unsigned stage_threads[2]; /* threads for each of the model's files, 1 to 64; 0: 1 */
    int spinning;              /* whether waiting threads spin, which occupies cores */
    int reserved;              /* 0 */
};

#ifdef __cplusplus
}
#endif

#endif
