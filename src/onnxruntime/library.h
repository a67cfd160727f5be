/* libonnxruntime, loaded at run time, never linked. */
#ifndef UNECHO_ORT_LIBRARY_H
#define UNECHO_ORT_LIBRARY_H

#include "api.h"
#include "message.h"

typedef struct ort_library {
    void *handle;
    const ort_api *api;
} ort_library;

/*
 * path: of the library's file; NULL: $UNECHO_ONNXRUNTIME, then the usual names on the system's
 * library path. On failure *library is unchanged, and the message says how to get the library.
 * Returns UNECHO_OK or UNECHO_ERROR_BACKEND.
 */
int ort_library_open(ort_library *library, const char *path, const message *to);
void ort_library_close(ort_library *library);

#endif
