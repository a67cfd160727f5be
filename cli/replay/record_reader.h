/*
 * Reads the record of a stream (docs/record.md) entry by entry. The file may be damaged or made to
 * do harm: reading takes no more memory than the file has bytes for, and what it returns as a call
 * is one that the library could have recorded.
 */
#ifndef UNECHO_CLI_RECORD_READER_H
#define UNECHO_CLI_RECORD_READER_H

#include "record/format.h"

#include "unecho_model.h"
#include "unecho_onnxruntime.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct record_reader {
    FILE *file;
    uint64_t offset; /* bytes read so far */
    uint64_t entry;  /* the number of the last one read; the header is 0 */
    char message[256];
    uint32_t *words; /* of that entry, after its head */
    size_t capacity;

    /* From the header; config: the fields of record/format.h, the rest has its default. The texts
     * are printable. */
    unecho_config config;
    unecho_onnxruntime onnxruntime; /* config points to it */
    char version[RECORD_VERSION + 1], kernels[RECORD_KERNELS + 1];
    unecho_model_info model; /* units 0: there was no network */
} record_reader;

/* Interleaved floats, which represent int16 samples exactly; capacity in samples. */
typedef struct recorded_signal {
    float *samples;
    size_t capacity;
    int there;
} recorded_signal;

typedef struct recorded_call {
    record_head head;
    recorded_signal signals[RECORD_SIGNALS];
} recorded_call;

/* Whether a call that returned this consumed and gave nothing. */
bool recorded_refusal(int32_t status);

typedef enum reader_result {
    READER_GOOD,
    READER_END,
    READER_BAD /* the message says why, and at which offset */
} reader_result;

/* Returns GOOD or BAD. The caller closes the file. record_reader_close in either case. */
reader_result record_reader_open(record_reader *r, FILE *file);

/* Read the next call into *call, which is zero at first and keeps its memory from call to call. */
reader_result record_reader_next(record_reader *r, recorded_call *call);

void record_reader_close(record_reader *r);
void recorded_call_free(recorded_call *call);

#endif
