/*
 * unecho: acoustic echo cancellation.
 *
 * A microphone picks up what the loudspeaker plays. unecho takes the microphone signal and the
 * far-end (loopback) signal and returns the near-end voice alone.
 *
 *     unecho_config config;
 *     unecho *stream = NULL;
 *     unecho_config_init(&config);
 *     if (unecho_open(&stream, &config) < 0) ...
 *     for (;;) unecho_process(stream, mic, far, out, n);      // n samples in, n samples out
 *     unecho_close(&stream);
 *
 * Signals are float in [-1, 1] or int16, at 8 to 192 kHz, with one to eight channels, interleaved
 * or planar; microphone and far end need not have the same rate nor start together. The network,
 * which works at 16 kHz, is the two-stage LSTM canceller of N. L. Westhausen and B. T. Meyer,
 * "Acoustic echo cancellation with the dual-signal transformation LSTM network", ICASSP 2021.
 *
 * Threads: a stream belongs to one thread at a time, but for unecho_record_read; different streams
 * are independent. A model is immutable and may be shared by any number of streams and threads.
 *
 * Real time: unecho_process and its variants, unecho_push_far and its variants, unecho_notify_gap,
 * unecho_reset, unecho_record_read, unecho_latency and unecho_get_stats allocate nothing, take no
 * lock, make no system call, use no global or thread-local state, and take bounded time. Everything
 * else (loading, opening, closing, unecho_process_whole) is for other threads than the audio
 * callback, and so is every call on a stream that ONNX Runtime runs.
 *
 * Errors: functions that return int return UNECHO_OK (0) or a negative unecho_status. On failure
 * output parameters are left untouched unless the function says otherwise.
 */
#ifndef UNECHO_H
#define UNECHO_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#if defined(UNECHO_BUILD)
#define UNECHO_API __declspec(dllexport)
#elif defined(UNECHO_SHARED)
#define UNECHO_API __declspec(dllimport)
#else
#define UNECHO_API
#endif
#elif defined(__GNUC__)
#define UNECHO_API __attribute__((visibility("default")))
#else
#define UNECHO_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define UNECHO_VERSION_MAJOR 0
#define UNECHO_VERSION_MINOR 1
#define UNECHO_VERSION_PATCH 0

/* The sample rate of the network, in Hz, and of a stream unless its config says otherwise. */
#define UNECHO_SAMPLE_RATE 16000
/* The rates that streams can have, in Hz, and how many channels. */
#define UNECHO_RATE_MIN     8000
#define UNECHO_RATE_MAX     192000
#define UNECHO_CHANNELS_MAX 8
/* Samples per hop (8 ms at 16 kHz): the network advances in steps of one hop. */
#define UNECHO_HOP 128
/* Samples per block (32 ms): what the network sees at each hop. */
#define UNECHO_BLOCK 512
/* How far the echo may lag the far end to be found, in milliseconds. */
#define UNECHO_DELAY_MAX_MS 1000
/* Size that suits every message a loader writes, terminator included. */
#define UNECHO_MESSAGE_SIZE 512

typedef enum unecho_status {
    UNECHO_OK = 0,
    UNECHO_ERROR_ARGUMENT = -1,    /* null pointer, or a value outside its documented range */
    UNECHO_ERROR_MEMORY = -2,      /* an allocation failed */
    UNECHO_ERROR_FILE = -3,        /* a file cannot be opened or read */
    UNECHO_ERROR_FORMAT = -4,      /* a file is no model or no profile, damaged or truncated */
    UNECHO_ERROR_MODEL = -5,       /* a sound file, but not a network that unecho can run */
    UNECHO_ERROR_SAMPLE_RATE = -6, /* a sample rate that is not supported */
    UNECHO_ERROR_CHUNK = -7,       /* whole_hops was promised, n is not a multiple of UNECHO_HOP */
    UNECHO_ERROR_BACKEND = -8      /* ONNX Runtime is not there, is too old, or failed */
} unecho_status;

/* A short English sentence for a status; never NULL, also for values that are none. */
UNECHO_API const char *unecho_strerror(int status);

/* Version of the library that runs, "MAJOR.MINOR.PATCH"; the macros are that of the header. */
UNECHO_API const char *unecho_version(void);

/* ---- Instruction sets ------------------------------------------------------------------- */

/* Every set gives the same bits. The plain C kernels need none and are always there. */
#define UNECHO_CPU_PLAIN   0u
#define UNECHO_CPU_AVX2    1u  /* x86-64 with AVX2 and FMA */
#define UNECHO_CPU_AVXVNNI 2u  /* AVX-VNNI: int8 products in AVX2 registers */
#define UNECHO_CPU_AVX512  4u  /* AVX-512 F, BW, DQ, VL and VNNI (Ice Lake, Zen 4) */
#define UNECHO_CPU_BF16    8u  /* AVX-512 BF16 (Sapphire Rapids, Zen 4) */
#define UNECHO_CPU_NEON    16u /* 64-bit ARM */
#define UNECHO_CPU_DOTPROD 32u /* ARMv8.2 DotProd: int8 products */
#define UNECHO_CPU_ALL     0xffffffffu

/* The sets (UNECHO_CPU_*, or-ed) that both this build and the CPU it runs on have. */
UNECHO_API uint32_t unecho_cpu_features(void);

/* ---- Models ----------------------------------------------------------------------------- */

/* The immutable weights of one network. Reference-counted; safe to share between threads. */
typedef struct unecho_model unecho_model;

/*
 * The model built into the library. Needs no file.
 * message: as in unecho_model_load.
 */
UNECHO_API int unecho_model_default(unecho_model **model, char *message, size_t message_size);

/*
 * Load PREFIX_1.onnx and PREFIX_2.onnx, or, where there is no PREFIX_1.onnx, PREFIX_1.tflite and
 * PREFIX_2.tflite.
 *
 * Every DTLN-aec export whose data flow is that of the published network is accepted, whatever its
 * node and tensor names and its operators: 128, 256 or 512 units (any multiple of 4 up to 2048),
 * weights as float32, float16, bfloat16, or int8 with a scale for each matrix or each output. These
 * count as the float32 that they stand for: which precision the engine works in is the choice of
 * unecho_config, and in int8 it computes with the file's own integers and scales. docs/models.md
 * lists what is read and what is refused.
 *
 * message receives one line that names file, node or tensor, what was expected and what was found
 * (always terminated, cut to message_size; emptied on success). May be NULL with size 0.
 *
 * Errors: ARGUMENT, MEMORY, FILE, FORMAT, MODEL.
 */
UNECHO_API int unecho_model_load(unecho_model **model, const char *prefix, char *message,
                                 size_t message_size);

/*
 * The same from two explicit files, stage 1 and stage 2. The content of each tells its format; one
 * may be ONNX and the other TFLite.
 */
UNECHO_API int unecho_model_load_files(unecho_model **model, const char *stage1, const char *stage2,
                                       char *message, size_t message_size);

/* The same from two such files in memory. The bytes are copied and may be freed afterwards. */
UNECHO_API int unecho_model_load_memory(unecho_model **model, const void *stage1,
                                        size_t stage1_size, const void *stage2, size_t stage2_size,
                                        char *message, size_t message_size);

/* Take one more reference; returns model. Any thread. */
UNECHO_API unecho_model *unecho_model_ref(unecho_model *model);

/* Give one reference back and set *model to NULL. Any thread; *model may be NULL. */
UNECHO_API void unecho_model_unref(unecho_model **model);

/* What a model is. Set size to sizeof(unecho_model_info) before the call. */
typedef struct unecho_model_info {
    size_t size;
    unsigned units;      /* LSTM units per layer */
    uint64_t parameters; /* trained weights of both stages */
    char name[64];       /* "unecho-128" for the built-in model, else the name of stage 1's file */
    char producer[64];   /* who wrote the file, as it says itself; may be empty */
    uint64_t hash;       /* of both files' bytes: tells models apart */
} unecho_model_info;

UNECHO_API int unecho_model_get_info(const unecho_model *model, unecho_model_info *info);

/* What one file of a model is. Set size to sizeof(unecho_model_file_info) before the call. */
typedef struct unecho_model_file_info {
    size_t size;
    int stage;                  /* 1 or 2 */
    unsigned units;             /* LSTM units per layer */
    uint64_t parameters;        /* trained weights */
    uint64_t bytes;             /* of the file */
    unsigned version;           /* opset of an ONNX file, schema of a TFLite file */
    unsigned operators;         /* how many nodes the file has, constants left out */
    char format[16];            /* "ONNX" or "TFLite" */
    char storage[32];           /* types of the matrices: "fp32", "fp16", "bf16, int8", ... */
    char producer[64];          /* who wrote it, as it says itself; may be empty */
    char operator_counts[1024]; /* "MatMul 7, Add 9, ..." */
} unecho_model_file_info;

/*
 * Read a file as unecho_model_load_files would, whichever stage it is, and tell what it is; the
 * message and the errors are those of unecho_model_load.
 */
UNECHO_API int unecho_model_inspect_file(const char *path, unecho_model_file_info *info,
                                         char *message, size_t message_size);

/* As what unecho_model_write stores the matrices. Vectors are always float32. */
typedef enum unecho_storage {
    UNECHO_STORAGE_FP32 = 0, /* exact */
    UNECHO_STORAGE_FP16 = 1, /* half the size */
    /*
     * A third: int8 with a scale for each output; encoder and decoder as bfloat16. A stream with
     * UNECHO_PRECISION_INT8 gives the same samples, bit for bit, as with the model itself.
     */
    UNECHO_STORAGE_INT8 = 2
} unecho_storage;

/*
 * One stage (1 or 2) of a model as an ONNX file that unecho and ONNX Runtime read. Integers of a
 * model that holds int8 stay as they are in UNECHO_STORAGE_INT8.
 *
 * bytes: [room], receives the file, or as much as there is room for; NULL with room 0: only the
 * size is wanted. *size receives the size of the whole file. The same model gives the same bytes.
 * message: as in unecho_model_load. Errors: ARGUMENT; MEMORY; MODEL (a weight beyond float16).
 */
UNECHO_API int unecho_model_write(const unecho_model *model, int stage, unecho_storage storage,
                                  void *bytes, size_t room, size_t *size, char *message,
                                  size_t message_size);

/* ---- Streams ---------------------------------------------------------------------------- */

/* One conversation: all its state and scratch memory. */
typedef struct unecho unecho;

/* Who runs the network. */
typedef enum unecho_backend {
    UNECHO_BACKEND_NATIVE = 0,     /* unecho's own engine: real-time safe, no dependency */
    UNECHO_BACKEND_ONNXRUNTIME = 1 /* a libonnxruntime found at run time; not real-time safe */
} unecho_backend;

/* What cancels the echo. */
typedef enum unecho_engine {
    UNECHO_ENGINE_NEURAL = 0,       /* the network */
    UNECHO_ENGINE_LINEAR = 1,       /* the linear filter alone: no network, no latency of its own */
    UNECHO_ENGINE_LINEAR_NEURAL = 2 /* the linear filter, the network on what that leaves */
} unecho_engine;

/* How the native engine keeps and multiplies the network's matrices. */
typedef enum unecho_precision {
    UNECHO_PRECISION_FP32 = 0, /* exact: the reference implementation's output within rounding */
    UNECHO_PRECISION_BF16 = 1, /* half the memory; 52 dB or more from fp32 */
    UNECHO_PRECISION_INT8 = 2  /* a quarter; the difference is 34 dB or more below the mic */
} unecho_precision;

/* Who brings far end and echo together. */
typedef enum unecho_align {
    UNECHO_ALIGN_AUTO = 0,  /* the delay and the clock drift are found, and followed */
    UNECHO_ALIGN_FIXED = 1, /* the delay is config.delay_ms */
    UNECHO_ALIGN_OFF = 2    /* the two streams are taken as they come */
} unecho_align;

/* As unecho_config.mic_channel: the mean of all channels. */
#define UNECHO_CHANNEL_MEAN (-1)

/*
 * Set up by unecho_config_init; later versions add fields at the end and go by the size field.
 */
typedef struct unecho_config {
    size_t size;

    /* The network; NULL (default) for the built-in one. The stream takes its own reference. */
    unecho_model *model;

    /* Of microphone and output, in Hz, 8000 to 192000. Default 16000. */
    int sample_rate;

    /*
     * Promise that every call brings a multiple of UNECHO_HOP samples: latency 384 samples instead
     * of 512 (UNECHO_ENGINE_LINEAR: 0 instead of 128). For streams with 16 kHz on both sides.
     * Default 0: any number.
     */
    int whole_hops;

    /*
     * The most hops that go through the network at once, 1 to 64, default 16. More is faster for
     * long chunks and takes more memory; a live stream with chunks of one hop needs 1. The output
     * is the same for every value.
     */
    unsigned hops_at_once;

    /*
     * Instruction sets that may be used (UNECHO_CPU_*, or-ed). Default UNECHO_CPU_ALL. The
     * environment variable UNECHO_CPU, read by unecho_open, restricts it further to what the
     * kernels of that name need: "plain", "avx2", "avxvnni", "avx512", "avx512bf16", "neon",
     * "dotprod".
     */
    uint32_t cpu;

    /*
     * Where a stream's memory comes from; both NULL (default): malloc and free. allocate returns
     * memory aligned for any type, or NULL. A stream makes exactly one allocation, in unecho_open.
     */
    void *(*allocate)(void *user, size_t size);
    void (*release)(void *user, void *memory);
    void *user;

    /*
     * Where unecho_open leaves one line that says what went wrong, always terminated, emptied on
     * success. Default NULL with size 0.
     */
    char *message;
    size_t message_size;

    /* Default UNECHO_BACKEND_NATIVE. */
    unecho_backend backend;

    /*
     * Of the native engine. Default UNECHO_PRECISION_FP32. In each the output is the same bits on
     * every CPU, for any chunking and any batch of streams, whatever the model's files hold.
     */
    unecho_precision precision;

    /*
     * For UNECHO_BACKEND_ONNXRUNTIME, which takes models from ONNX files only.
     * library: path of libonnxruntime, 1.14 or later; NULL (default): $UNECHO_ONNXRUNTIME, then the
     * usual names where the system looks for libraries. Once loaded it stays in the process.
     * profile: path of a file written by `unecho tune`, whose settings replace the ones below;
     * NULL (default): none.
     * stage_threads: intra-op threads of each stage's own pool, 1 to 64; default 1 and 1.
     * spinning: whether waiting threads spin; default 0, as a spinning pool burns cores.
     * untuned: run it as it comes (fresh tensors each call, one thread, default logging), to
     * measure what tuning gives; default 0. Not together with a profile.
     * No setting changes the output. Opening such a stream sets the environment variable
     * ORT_DISABLE_TELEMETRY to 1 unless it is set: ONNX Runtime would report to its maker.
     */
    const char *onnxruntime_library;
    const char *onnxruntime_profile;
    unsigned onnxruntime_stage_threads[2];
    int onnxruntime_spinning;
    int onnxruntime_untuned;

    /* Of the far end, in Hz, 8000 to 192000. Default 0: sample_rate. Another needs far_queue_ms. */
    int far_rate;

    /*
     * How much far end may wait for the microphone, in milliseconds, 20 to 2000, for callers who
     * bring it by unecho_push_far. Default 0: far end and microphone come together, in
     * unecho_process.
     */
    unsigned far_queue_ms;

    /*
     * Channels of the microphone and of the output, 1 to 8; default 1. mic_channel: the one to
     * listen to, 0 to mic_channels - 1, or UNECHO_CHANNEL_MEAN; default 0. Every channel of the
     * output is the same near end.
     */
    unsigned mic_channels;
    int mic_channel;
    /* Channels of the far end, 1 to 8, of which the mean is taken; default 1. */
    unsigned far_channels;

    /*
     * Default UNECHO_ALIGN_AUTO: the echo is looked for from reference_late_ms before the far end
     * to UNECHO_DELAY_MAX_MS after it, the far end is moved to it, and both steps and clock drift
     * up to 300 ppm are followed. A pair whose delay the network copes with is left as it is.
     */
    unecho_align align;

    /*
     * For UNECHO_ALIGN_FIXED: by how much the echo lags the far end, in milliseconds,
     * -reference_late_ms to UNECHO_DELAY_MAX_MS. Default 0.
     */
    double delay_ms;

    /*
     * How late the far end may arrive after its echo, in milliseconds, 0 to 1000. Adds that much
     * latency. Default 0; for recordings, where latency is no matter, 200 is a good choice.
     */
    unsigned reference_late_ms;

    /*
     * Where the far end has been digitally silent for a second there is nothing to cancel: hand the
     * microphone through untouched, and spare the network's work. Default 1. With 0 every hop goes
     * through the network, as in the reference implementation.
     */
    int fail_open;

    /*
     * At other rates than 16 kHz: let what the network does not hear, above all the band over 8
     * kHz, follow what it does to the rest, so that near-end speech keeps its air. Default 1; with
     * 0 the output has the band from 0 to 7/16 of 16 kHz or of a lower rate.
     */
    int high_band;

    /*
     * The most magnitude of a cell of the network's LSTM layers, of the native engine; 0 or more.
     * The cells add up for as long as one kind of signal lasts, minutes of silence say, and it
     * takes them as long to forget. With 2 the published 128-unit model cancels better than without
     * a limit, and lets more of the near end through (docs/reliability.md). Default 0: no limit, as
     * in the reference implementation.
     */
    float cell_limit;

    /*
     * Default UNECHO_ENGINE_LINEAR_NEURAL. The linear filter (a partitioned Kalman filter,
     * docs/linear.md) takes out what the echo path does linearly and leaves near-end speech alone,
     * but not what small loudspeakers add; the network takes out the rest. UNECHO_ENGINE_NEURAL is
     * the reference implementation's network by itself. With UNECHO_ENGINE_LINEAR model, backend,
     * precision, cell_limit and fail_open are of no effect: no model is loaded, and where the far
     * end is silent the microphone comes through by itself.
     */
    unecho_engine engine;

    /*
     * How much of the echo path the linear filter models, in milliseconds, a multiple of 8 from 64
     * to 512; default 256. More is for rooms that reverberate for long, and takes more time and
     * memory.
     */
    unsigned linear_tail_ms;

    /*
     * Record what the stream is given and gives, for a report of what went wrong: bytes of memory
     * that the stream has for it, 4096 to 2^30, read by unecho_record_read. Default 0: nothing is
     * recorded. A call takes 44 bytes, its input in all channels as it comes and one channel of
     * output: 48 kHz float stereo on both sides 960 kB a second at most. Floats that fit in int16
     * and silence take less.
     */
    size_t record_room;
} unecho_config;

UNECHO_API void unecho_config_init(unecho_config *config);

/*
 * Open a stream. config NULL: the defaults.
 * Errors: ARGUMENT (a field out of range, one of the two hooks alone; no message where it is the
 * size), MEMORY, SAMPLE_RATE; with ONNX Runtime also BACKEND, and FILE and FORMAT for its profile.
 */
UNECHO_API int unecho_open(unecho **stream, const unecho_config *config);

/* Close a stream and set *stream to NULL; *stream may be NULL. */
UNECHO_API void unecho_close(unecho **stream);

/*
 * n frames of microphone and far end in, n frames of near end out; a frame is one sample of every
 * channel, interleaved.
 *
 * far NULL: the far end is silent; with far_queue_ms it must be NULL, and the far end is what
 * unecho_push_far has brought.
 * out may be mic itself, or far if that has as many channels; otherwise the buffers must not
 * overlap. Output frame t belongs to microphone frame t - unecho_latency(stream); the first frames
 * out of a fresh stream are those of the silence before it. The output depends on the samples
 * alone, bit for bit, never on how they are cut into calls.
 *
 * Samples that are not finite are taken as 0 and samples beyond +-100 as +-100; both are counted in
 * unecho_stats.guarded_samples. Samples below 1e-15 in magnitude are taken as 0.
 *
 * Real-time safe. Errors: ARGUMENT, CHUNK; nothing is consumed then. BACKEND (ONNX Runtime only):
 * the samples are consumed, all n of the output are silence, and the network starts anew with the
 * next hop.
 */
UNECHO_API int unecho_process(unecho *stream, const float *mic, const float *far, float *out,
                              size_t n);

/* The same for int16; full scale 32768, output rounded to nearest and saturated. */
UNECHO_API int unecho_process_int16(unecho *stream, const int16_t *mic, const int16_t *far,
                                    int16_t *out, size_t n);

/* The same with one buffer for each channel. */
UNECHO_API int unecho_process_planar(unecho *stream, const float *const *mic,
                                     const float *const *far, float *const *out, size_t n);

/*
 * For streams with far_queue_ms, whose far end comes apart from the microphone: at another rate, in
 * chunks of its own, or from another callback. n frames of far end, to be used by the calls of
 * unecho_process that follow. Like every call on a stream not to be made while another is going on.
 *
 * The first frame counts as played when the next microphone frame was recorded, and every further
 * one right after it. Frames wait in the queue until the microphone has come as far; where they
 * would be more than far_queue_ms, what waits is dropped, as the microphone must have stood still,
 * and again with every call until it goes on. Of a shorter pause unecho_notify_gap has to tell.
 * Where frames do not come in time the far end counts as silent, and after 100 ms without any, the
 * first that comes counts as played then.
 *
 * Real-time safe. Errors: ARGUMENT; nothing is consumed then.
 */
UNECHO_API int unecho_push_far(unecho *stream, const float *far, size_t n);
UNECHO_API int unecho_push_far_int16(unecho *stream, const int16_t *far, size_t n);
UNECHO_API int unecho_push_far_planar(unecho *stream, const float *const *far, size_t n);

/*
 * Between the last call and the next, mic_lost frames of the microphone and far_lost frames of the
 * far end were lost (an overrun, a gap in the packets): time went on without them. The streams are
 * moved against each other by the difference at once, which otherwise takes the aligner some
 * seconds to find; as far as the range of delays reaches. Where the far end is pushed, what it
 * played while the microphone was lost is passed over and need not be late: push it all the same.
 * Without effect with UNECHO_ALIGN_OFF.
 *
 * Real-time safe. Errors: ARGUMENT.
 */
UNECHO_API int unecho_notify_gap(unecho *stream, uint64_t mic_lost, uint64_t far_lost);

/*
 * unecho_process for `count` different streams at once: streams[i] takes n samples mic[i] and
 * far[i] and gives out[i]. For servers: the weights, which all share, are read once for many
 * streams instead of once for each, and every stream gets exactly what it would get alone.
 *
 * The streams must be native, with a network (not UNECHO_ENGINE_LINEAR), one model (pass one
 * unecho_model to all of them, not the default NULL), one precision and the same kernels. As many
 * go through at once as the largest hops_at_once among them says: open one with 16 or more, the
 * others with 1 to save memory. far NULL, or any far[i]: silence.
 *
 * Real-time safe. Errors: ARGUMENT, CHUNK; nothing is consumed then.
 */
UNECHO_API int unecho_process_many(unecho *const *streams, const float *const *mic,
                                   const float *const *far, float *const *out, size_t count,
                                   size_t n);

/*
 * The constant latency of unecho_process, in frames at sample_rate: at 16 kHz on both sides 384
 * with whole_hops, else 512; at other rates 34 to 45 ms; and reference_late_ms on top. With
 * UNECHO_ENGINE_LINEAR 24 ms less, in each case: 0, 128, 10 to 21 ms.
 */
UNECHO_API int unecho_latency(const unecho *stream);

/* Make the stream what it was when opened, bit for bit, statistics included. Real-time safe. */
UNECHO_API int unecho_reset(unecho *stream);

/*
 * The next bytes of the recording of a stream with record_room: up to `room` of them into buffer,
 * their number into *size, 0 where none have come since. All of them one after the other are the
 * file that `unecho replay` reads (docs/record.md). It holds the voices of the call.
 *
 * Every call that changes the stream is recorded, whole, before it returns. Where the next one does
 * not fit, because this function was not called in time, the recording ends: the file then says how
 * much was lost, and can be replayed up to there. The output of the stream does not depend on it.
 *
 * For one thread at a time, any; the only function that may be called while another thread calls
 * one on the same stream (but unecho_close). It waits for nothing and nothing waits for it;
 * real-time safe. Errors: ARGUMENT, also where the stream records nothing.
 */
UNECHO_API int unecho_record_read(unecho *stream, void *buffer, size_t room, size_t *size);

/* What a stream has seen since it was opened or reset. Set size before the call. */
typedef struct unecho_stats {
    size_t size;
    uint64_t samples;         /* taken in by unecho_process */
    uint64_t guarded_samples; /* mic or far-end samples that were not finite or beyond +-100 */
    float peak;               /* highest magnitude in the output */
    float mic_db; /* mean power, dB of full scale (sine of amplitude 1: -3); -inf: none */
    float far_db; /* of the far end */
    float out_db; /* of the output */
    /*
     * Echo return loss enhancement in dB: power of the microphone over power of the output, both
     * summed over the hops whose far end is above -50 dB of full scale (far-end-active), 0 where
     * there was none. Near-end speech in those hops lowers it.
     */
    float erle_db;
    float far_active_seconds; /* how much audio erle_db rests on */

    /* Samples at or beyond full scale, of all channels that are listened to. */
    uint64_t mic_clipped_samples, far_clipped_samples;
    uint64_t far_missing_frames; /* silence in place of far end that was not pushed in time */
    uint64_t far_dropped_frames; /* pushed, but dropped as the microphone stood still */
    uint32_t realignments;       /* how often the far end was moved, the first time included */
    /* Whether a delay was found (UNECHO_ALIGN_AUTO) or set (UNECHO_ALIGN_FIXED). */
    int aligned;
    /*
     * How sure the delay is, 0 to 1: how far the peak of the cross-correlation stands out. Below
     * 0.3: no echo path is seen; then also the figures below are old or 0.
     */
    float confidence;
    float delay_ms;           /* by how much the echo lags the far end as it came */
    float drift_ppm;          /* positive: the far end's clock is faster, and the delay shrinks */
    float far_silent_seconds; /* how much of the output was the microphone untouched (fail_open) */

    /* Of the engines with a linear filter: erle_db for its output, and how often it was worse than
     * none and began anew. */
    float linear_erle_db;
    uint32_t linear_diverged;
} unecho_stats;

UNECHO_API int unecho_get_stats(const unecho *stream, unecho_stats *stats);

/* The name of the kernels that a stream runs on: "plain", "avx2", ... ("onnxruntime": not ours). */
UNECHO_API const char *unecho_kernels(const unecho *stream);

/* ---- Whole signals ---------------------------------------------------------------------- */

/* Leave the network's own lag, if there is one, in the output: 24 ms, 384 samples at 16 kHz. */
#define UNECHO_KEEP_LATENCY 1u
/*
 * If the output's peak exceeds 1, scale all of it by 0.99 / peak (the reference implementation's
 * rule).
 */
#define UNECHO_NORMALIZE_PEAK 2u

/*
 * Cancel the echo in a whole recording and remove the latency: mic_n frames out, frame t for
 * microphone frame t. far_n counts frames at far_rate.
 *
 * Where a network runs the signal is preceded by 24 ms of silence, as in the reference
 * implementation's batch mode, so that the result equals that (with align OFF and fail_open 0; with
 * UNECHO_KEEP_LATENCY on its very timeline) except that the last incomplete hop is not lost. A far
 * end shorter than the microphone: silence follows; longer: the rest is left out. The stream is
 * reset first, whatever it was doing, and its statistics tell about this signal afterwards. out may
 * be mic itself, or far if that has as many channels and the same rate; otherwise the buffers must
 * not overlap.
 *
 * options: UNECHO_KEEP_LATENCY, UNECHO_NORMALIZE_PEAK, or-ed. Errors: ARGUMENT; BACKEND (ONNX
 * Runtime only): the output is silence, the stream is reset.
 */
UNECHO_API int unecho_process_whole(unecho *stream, const float *mic, size_t mic_n,
                                    const float *far, size_t far_n, float *out, unsigned options);

#ifdef __cplusplus
}
#endif

#endif
