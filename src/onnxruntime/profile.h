/*
 * How ONNX Runtime is set up, and the profile that `unecho tune` leaves of what was best on a
 * machine: a text file of `key value` lines.
 */
#ifndef UNECHO_ORT_PROFILE_H
#define UNECHO_ORT_PROFILE_H

#include "message.h"
#include "unecho_onnxruntime.h"

#include <stdbool.h>

typedef struct ort_settings {
    unsigned threads[2]; /* per stage, 1 to UNECHO_ONNXRUNTIME_THREADS_MAX */
    bool spinning;       /* waiting threads spin */
    bool parallel;       /* branches of the graph side by side instead of one after the other */
    bool memory_pattern; /* plan the memory of the tensors inside after the first run */
    bool arena;          /* keep that memory instead of giving it back after each run */
    bool untuned;        /* as it comes, to measure what tuning gives: nothing else counts */
} ort_settings;

/*
 * Replace the settings that the profile names. Returns UNECHO_OK, UNECHO_ERROR_FILE (it cannot be
 * read) or UNECHO_ERROR_FORMAT (the message names the line); *settings is untouched then.
 */
int ort_profile_read(ort_settings *settings, const char *path, const message *to);

/* The same from memory; name: for messages. */
int ort_profile_parse(ort_settings *settings, const char *text, size_t size, const char *name,
                      const message *to);

#endif
