/*
 * Models of unecho: loading, inspecting and writing them. A stream needs none of this unless it
 * runs another network than the built-in one, or shares one with other streams:
 *
 *     unecho_model *model = NULL;
 *     char message[UNECHO_MESSAGE_SIZE];
 *     if (unecho_model_load(&model, "models/dtln_aec_256", message, sizeof message) < 0) ...
 *     config.model = model;                  // every stream takes its own reference
 *     ...
 *     unecho_model_unref(&model);
 *
 * A model is immutable and may be used by any number of streams and threads. No function here is
 * real-time safe.
 *
 * message, where a function has it, receives one line that names file, node or tensor, what was
 * expected and what was found: at most message_size bytes, always terminated, empty on success. It
 * may be NULL with size 0.
 */
#ifndef UNECHO_PUBLIC_MODEL_H
#define UNECHO_PUBLIC_MODEL_H

#include "unecho.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The networks that can be loaded. The content of a file tells which one it is. */
typedef enum unecho_model_kind {
    /*
     * DTLN-aec, two files (stage 1 and stage 2): N. L. Westhausen and B. T. Meyer, "Acoustic echo
     * cancellation with the dual-signal transformation LSTM network", ICASSP 2021.
     */
    UNECHO_MODEL_DTLN_AEC = 1,
    /*
     * unecho's own post-filter, one file: gains in bands behind the linear filter, so for
     * UNECHO_ENGINE_LINEAR_NEURAL and UNECHO_BACKEND_NATIVE only. docs/postfilter.md defines it.
     */
    UNECHO_MODEL_POSTFILTER = 2
} unecho_model_kind;

/* ---- Loading ---------------------------------------------------------------------------- */

/*
 * Get the model of that kind that comes with unecho; all callers share one. The post-filter
 * "unecho-post" is built into the library; "unecho-128", a DTLN-aec of 128 units, is two files,
 * which unecho_model_load finds by that name. A stream without a model gets the post-filter if it
 * can run one, else the DTLN-aec.
 *
 * Errors: ARGUMENT, MEMORY; of unecho-128 also FILE, FORMAT, MODEL.
 */
UNECHO_API int unecho_model_builtin(unecho_model **model, unecho_model_kind kind, char *message,
                                    size_t message_size);

/*
 * Load PREFIX_1.onnx and PREFIX_2.onnx or, if there is no PREFIX_1.onnx, PREFIX_1.tflite and
 * PREFIX_2.tflite; or else a model of one file, PREFIX.onnx or PREFIX itself. If there is none and
 * prefix is a name without a folder, such as "unecho-128", look in the folder of the models that
 * come with unecho: the one that the environment variable UNECHO_MODELS names, or else models
 * beside the library or share/unecho/models of its installation.
 *
 * It accepts every DTLN-aec export whose data flow is that of the published network, whatever its
 * names and operators: 128, 256 or 512 units (any multiple of 4 up to 2048); weights as float32,
 * float16, bfloat16, or int8 with a scale per matrix or per output. docs/models.md lists what is
 * read and what is refused. unecho_config.precision selects the precision in which a stream
 * computes; in int8 it uses the integers and scales of an int8 file.
 *
 * Errors: ARGUMENT, MEMORY, FILE, FORMAT, MODEL.
 */
UNECHO_API int unecho_model_load(unecho_model **model, const char *prefix, char *message,
                                 size_t message_size);

/*
 * The same from files by name. The content of each tells its format: one may be ONNX and the other
 * TFLite. file2 NULL: a model of one file, a post-filter.
 */
UNECHO_API int unecho_model_load_files(unecho_model **model, const char *file1, const char *file2,
                                       char *message, size_t message_size);

/* The same from memory, which is copied. file2 NULL with size 0: a model of one file. */
UNECHO_API int unecho_model_load_memory(unecho_model **model, const void *file1, size_t file1_size,
                                        const void *file2, size_t file2_size, char *message,
                                        size_t message_size);

/* Take another reference and return model, which may be NULL. Any thread. */
UNECHO_API unecho_model *unecho_model_ref(unecho_model *model);

/* Give a reference back and set *model to NULL; *model may be NULL. Any thread. */
UNECHO_API void unecho_model_unref(unecho_model **model);

/* ---- Inspecting ------------------------------------------------------------------------- */

typedef struct unecho_model_info {
    size_t size; /* set to sizeof(unecho_model_info) before the call */
    unecho_model_kind kind;
    unsigned files;       /* how many it consists of: unecho_model_write writes 1 to files */
    char description[64]; /* the kind for people: "DTLN-aec, 128 units" */
    char name[64];        /* the PREFIX of its files, without folder: "unecho-128" */
    char producer[64];    /* what wrote file 1, as it says itself; may be empty */
    uint64_t parameters;  /* trained weights */
    uint64_t hash;        /* of the bytes of all files: tells models apart */
    unsigned units;       /* LSTM or GRU units per layer */
    unsigned reserved;    /* 0 */
} unecho_model_info;

/* Fill *info, as much of it as info->size says. The hash takes up to milliseconds, unless the size
 * ends before it. Errors: ARGUMENT. */
UNECHO_API int unecho_model_get_info(const unecho_model *model, unecho_model_info *info);

typedef struct unecho_model_file_info {
    size_t size; /* set to sizeof(unecho_model_file_info) before the call */
    unecho_model_kind kind;
    int file;                   /* which of the model's files it is, from 1: the stage */
    uint64_t bytes;             /* of the file */
    uint64_t parameters;        /* trained weights */
    char format[16];            /* "ONNX" or "TFLite" */
    char storage[32];           /* types of the matrices: "fp32", "fp16", "bf16, int8", ... */
    char producer[64];          /* what wrote it, as it says itself; may be empty */
    unsigned units;             /* LSTM or GRU units per layer */
    unsigned version;           /* opset of an ONNX file, schema of a TFLite file */
    unsigned operators;         /* how many nodes it has, constants left out */
    unsigned reserved;          /* 0 */
    char operator_counts[1024]; /* "MatMul 7, Add 9, ..." */
} unecho_model_file_info;

/* Read a file as unecho_model_load_files does, and fill *info as above. Errors: those of loading.
 */
UNECHO_API int unecho_model_inspect_file(const char *path, unecho_model_file_info *info,
                                         char *message, size_t message_size);

/* ---- Writing ---------------------------------------------------------------------------- */

/* How unecho_model_write stores matrices. Vectors are always float32. */
typedef enum unecho_storage {
    UNECHO_STORAGE_FP32 = 0, /* exact */
    UNECHO_STORAGE_FP16 = 1, /* half the size */
    /*
     * A third: int8 with a scale per output; encoder and decoder of DTLN-aec as bfloat16. A stream
     * with UNECHO_PRECISION_INT8 gives the same samples, bit for bit, as with the model itself.
     */
    UNECHO_STORAGE_INT8 = 2
} unecho_storage;

/*
 * Write one of a model's files, 1 to unecho_model_info.files, as ONNX that unecho and ONNX Runtime
 * read. UNECHO_STORAGE_INT8 keeps the integers of a model that has int8. The same model gives the
 * same bytes.
 *
 * bytes: receives the file, at most `capacity` bytes of it; NULL with capacity 0: only the size is
 * wanted. *size receives the size of the whole file.
 *
 * Errors: ARGUMENT; MEMORY; MODEL (a weight beyond float16).
 */
UNECHO_API int unecho_model_write(const unecho_model *model, int file, unecho_storage storage,
                                  void *bytes, size_t capacity, size_t *size, char *message,
                                  size_t message_size);

#ifdef __cplusplus
}
#endif

#endif
