/*
 * The settings of ONNX Runtime, and the profile in which `unecho tune` stores the best ones for a
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
    bool parallel;       /* run independent branches of the graph in parallel */
    bool memory_pattern; /* plan the memory of intermediate tensors after the first run */
    bool arena;          /* keep that memory between runs */
    bool untuned;        /* library defaults, as a baseline for benchmarks; overrides all others */
} ort_settings;

/*
 * Replace the settings that the profile names. Returns UNECHO_OK, UNECHO_ERROR_FILE (it cannot be
 * read) or UNECHO_ERROR_FORMAT (the message names the line); on failure *settings is unchanged.
 */
int ort_profile_read(ort_settings *settings, const char *path, const message *to);

/* The same from memory; name: for messages. */
int ort_profile_parse(ort_settings *settings, const char *text, size_t size, const char *name,
                      const message *to);

#endif
