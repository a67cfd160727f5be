/*
 * unecho: acoustic echo cancellation.
 *
 * A microphone picks up what the loudspeaker plays. unecho takes the microphone signal and the far
 * end, the signal that goes to the loudspeaker, and returns the near end: the microphone without
 * the echo.
 *
 *     char why[UNECHO_MESSAGE_SIZE];
 *     unecho_config config;
 *     unecho *stream = NULL;
 *     unecho_config_init(&config);                         // the defaults
 *     config.sample_rate = 48000;                          // of microphone, far end and output
 *     config.message = why;
 *     config.message_size = sizeof why;
 *     if (unecho_open(&stream, &config) < 0)
 *         fprintf(stderr, "unecho: %s\n", why);
 *     for (;;)
 *         unecho_process(stream, mic, far, out, n);        // n frames in, n frames out
 *     unecho_close(&stream);
 *
 * In a duplex callback, far is the chunk that goes to the loudspeaker in the same callback. Where
 * the two come from different callbacks, rates or devices, set far_queue_ms and call
 * unecho_push_far. Complete programs are in the folder examples; build with
 * `pkg-config --cflags --libs unecho`.
 *
 * The default engine aligns the far end with its echo, cancels the linear part of the echo with an
 * adaptive filter and removes the rest, and background noise, with a small neural network that is
 * built into the library, a post-filter. At 16 kHz its output is 256 samples (16 ms) behind its
 * input, at other rates 18 to 29 ms: see unecho_latency. A DTLN-aec network in its place, see
 * unecho_model.h, takes 16 ms more; without a network it is 8 ms less.
 *
 * Signals are float in [-1, 1] or int16, at 8 to 192 kHz, with 1 to 8 channels, interleaved or
 * planar. A frame is one sample of every channel. Microphone and far end may have different rates
 * and clocks, and need not start together.
 *
 * Threads: calls on one stream must not overlap, whichever threads make them; only
 * unecho_record_read may run beside another call. To show statistics elsewhere, call
 * unecho_get_stats where you call unecho_process and pass the struct on. Different streams are
 * independent. Functions without a stream may be called by any thread.
 *
 * Real time: a function marked "Real-time safe" allocates nothing, takes no lock, makes no system
 * call, uses no global or thread-local state and takes bounded time. Call the others from another
 * thread than the audio callback. No call on a stream that runs on ONNX Runtime is real-time safe.
 *
 * Errors: functions that return int return UNECHO_OK (0) or a negative unecho_status, which the
 * comments name without its prefix: ARGUMENT is UNECHO_ERROR_ARGUMENT. A function that fails leaves
 * its output parameters unchanged unless its comment says otherwise. On a stream of the native
 * backend unecho_process fails only if its arguments are wrong.
 *
 * unecho_model.h loads, writes and inspects models; unecho_onnxruntime.h runs them on ONNX Runtime.
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

/* The version of the library that runs, "MAJOR.MINOR.PATCH"; the macros are the header's. */
UNECHO_API const char *unecho_version(void);

typedef enum unecho_status {
    UNECHO_OK = 0,
    UNECHO_ERROR_ARGUMENT = -1,    /* a null pointer, or a value outside its documented range */
    UNECHO_ERROR_MEMORY = -2,      /* an allocation failed */
    UNECHO_ERROR_FILE = -3,        /* a file cannot be opened or read */
    UNECHO_ERROR_FORMAT = -4,      /* a file is not a model or profile, is damaged or truncated */
    UNECHO_ERROR_MODEL = -5,       /* an intact model file, but a network that unecho cannot run */
    UNECHO_ERROR_SAMPLE_RATE = -6, /* a sample rate outside 8 to 192 kHz */
    UNECHO_ERROR_CHUNK = -7,       /* whole_hops is set and n is not a multiple of UNECHO_HOP */
    UNECHO_ERROR_BACKEND = -8,     /* ONNX Runtime is missing, is too old, or failed */
    UNECHO_STATUS_LAST = UNECHO_ERROR_BACKEND /* the last one that this header knows */
} unecho_status;

/* A short English text for a status. Never NULL, not even for unknown values. */
UNECHO_API const char *unecho_strerror(int status);

/* ---- Configuration ---------------------------------------------------------------------- */

/* The default sample rate, at which the canceller works, and its step of 8 ms in samples. */
#define UNECHO_SAMPLE_RATE 16000
#define UNECHO_HOP         128

#define UNECHO_RATE_MIN               8000
#define UNECHO_RATE_MAX               192000
#define UNECHO_CHANNELS_MAX           8
#define UNECHO_DELAY_MAX_MS           1000
#define UNECHO_FAR_QUEUE_MIN_MS       20
#define UNECHO_FAR_QUEUE_MAX_MS       2000
#define UNECHO_REFERENCE_LATE_MAX_MS  1000
#define UNECHO_HOPS_AT_ONCE_MAX       64
#define UNECHO_NOISE_REDUCTION_DB     20 /* the default */
#define UNECHO_NOISE_REDUCTION_MAX_DB 60
#define UNECHO_SUPPRESSION_MAX        3
#define UNECHO_LINEAR_TAIL_MIN_MS     64
#define UNECHO_LINEAR_TAIL_MAX_MS     512
#define UNECHO_LEARN_FAR_SECONDS      2 /* see unecho_process_whole */
#define UNECHO_LEARN_SECONDS_MOST     10
#define UNECHO_RECORD_CAPACITY_MIN    4096
#define UNECHO_RECORD_CAPACITY_MAX    1073741824
#define UNECHO_MESSAGE_SIZE           512 /* enough unless paths are long: those messages are cut */

/* What cancels the echo. */
typedef enum unecho_engine {
    UNECHO_ENGINE_NEURAL = 0,       /* the network alone */
    UNECHO_ENGINE_LINEAR = 1,       /* the linear filter alone, no network */
    UNECHO_ENGINE_LINEAR_NEURAL = 2 /* the linear filter, then the network on what it leaves */
} unecho_engine;

/* How the far end is aligned with its echo. */
typedef enum unecho_align {
    UNECHO_ALIGN_AUTO = 0,  /* delay and clock drift are found and followed */
    UNECHO_ALIGN_FIXED = 1, /* the delay is unecho_config.delay_ms */
    UNECHO_ALIGN_OFF = 2    /* the signals are taken as they come */
} unecho_align;

/* The arithmetic of the network. */
typedef enum unecho_precision {
    UNECHO_PRECISION_FP32 = 0, /* exact within rounding */
    UNECHO_PRECISION_BF16 = 1, /* half the memory; error 52 dB or more below the output */
    UNECHO_PRECISION_INT8 = 2, /* a quarter; error 34 dB or more below the microphone */
    UNECHO_PRECISION_AUTO = 3  /* int8 for a post-filter, fp32 for a DTLN-aec network */
} unecho_precision;

/* What computes the network. */
typedef enum unecho_backend {
    UNECHO_BACKEND_NATIVE = 0,     /* the library itself: real-time safe, no dependency */
    UNECHO_BACKEND_ONNXRUNTIME = 1 /* a libonnxruntime found at run time; not real-time safe */
} unecho_backend;

/* For unecho_config.mic_channel: the mean of all channels. */
#define UNECHO_CHANNEL_MEAN (-1)

typedef struct unecho_model unecho_model;             /* see unecho_model.h */
typedef struct unecho_onnxruntime unecho_onnxruntime; /* see unecho_onnxruntime.h */

/*
 * The configuration of a stream. Call unecho_config_init first, then set what differs from the
 * defaults. Later versions add fields at the end.
 */
typedef struct unecho_config {
    size_t size; /* sizeof(unecho_config), set by unecho_config_init */

    char *message; /* receives one line: why unecho_open failed, "" if not; NULL (default): none */
    size_t message_size; /* of that buffer, in bytes */

    unecho_engine engine; /* default UNECHO_ENGINE_LINEAR_NEURAL */
    unecho_model *model;  /* NULL (default): the post-filter or, where it cannot run, unecho-128 */

    int sample_rate; /* of microphone and output, in Hz; default 16000 */
    int far_rate;    /* of the far end, in Hz; 0 (default): sample_rate */
    /* 0 (default): unecho_process takes microphone and far end together. 20 to 2000: the far end
     * comes by unecho_push_far, and this much of it, in milliseconds, may wait for the microphone.
     * Required if far_rate differs from sample_rate. */
    unsigned far_queue_ms;

    unsigned mic_channels; /* of microphone and output, 1 to 8; default 1 */
    int mic_channel;       /* the one to use, 0 (default) to 7, or UNECHO_CHANNEL_MEAN */
    unsigned far_channels; /* of the far end, 1 to 8, all of which are cancelled; default 1 */

    /* Default UNECHO_ALIGN_AUTO: finds echoes from reference_late_ms before the far end to
     * UNECHO_DELAY_MAX_MS after it, and follows jumps and up to 300 ppm of clock drift. */
    unecho_align align;
    double delay_ms; /* with UNECHO_ALIGN_FIXED: echo behind far end, -reference_late_ms to 1000 */
    /* How late the far end may arrive after its echo, 0 (default) to 1000 ms. Adds that latency. */
    unsigned reference_late_ms;

    /* 1: every call brings a multiple of UNECHO_HOP frames, which saves 128 samples (8 ms) of
     * latency. Both rates must be 16 kHz, reference_late_ms a multiple of 8. 0 (default): any n. */
    int whole_hops;
    /* The most hops in one pass, 1 to 64; default 16. More is faster for long chunks and takes more
     * memory; 1 suits a live stream. The output is the same. A stream with the post-filter passes
     * one hop at a time; there it is the most streams in one pass of unecho_process_many. */
    unsigned hops_at_once;

    unecho_precision precision; /* of the native backend; default UNECHO_PRECISION_AUTO */
    unecho_backend backend;     /* default UNECHO_BACKEND_NATIVE */
    /* How long an echo path the linear filter covers: 64 to 512 ms in steps of 8; default 256. */
    unsigned linear_tail_ms;
    /* How strongly the post-filter suppresses residual echo, 0 (not at all) to 3: an exponent of
     * its gains. Less preserves more of the near end, more removes more echo; default 1. */
    float suppression;
    /* How much background noise is reduced, in dB, 0 to 60; default 20. From 20 on a network
     * removes what it can; while somebody talks at the near end, or did recently, the post-filter
     * stops at 24, or at this value if it is more. Below 20 the post-filter lowers the noise by
     * this much, and synthetic noise replaces what is removed with the echo; a DTLN-aec network
     * does the same as with 20. 0: off; after a second of digital silence in the far end the
     * microphone passes unchanged except for mains hum, and the network rests. */
    unsigned noise_reduction_db;
    /* 1: from 20 dB on, too, the post-filter replaces noise that is removed with the echo. Default
     * 0. */
    int comfort_noise;
    /* 1 (default): at other rates than 16 kHz, frequencies above the network's range get gains of
     * their own, computed from what the far end has there (docs/high-band.md). 0: they are removed,
     * from 7 kHz on (7/16 of a rate below 16 kHz). */
    int high_band;
    /* Bytes of memory for a record of the stream's calls, which unecho_record_read reads: 4096 to
     * 2^30; 0 (default): no record. A second of 48 kHz float stereo on both sides takes 960 kB. */
    size_t record_capacity;

    /* The memory of a stream, one allocation by unecho_open, aligned for any type. Both NULL
     * (default): malloc and free. allocate may return NULL; user is passed to both. What streams
     * share, as a network, comes from malloc. */
    void *(*allocate)(void *user, size_t size);
    void (*release)(void *user, void *memory);
    void *user;

    const unecho_onnxruntime *onnxruntime; /* settings of that backend; NULL (default): none */
    /* Instruction sets that may be used, UNECHO_CPU_* or-ed; default UNECHO_CPU_ALL. The
     * environment variable UNECHO_CPU restricts them further: plain, avx2, avxvnni, avx512,
     * avx512bf16, neon or dotprod; unecho_open rejects other names. The output is the same. */
    uint32_t cpu;
    /* Limit of the magnitude of the network's LSTM cells, native backend only; 0 (default): none.
     * With 2 the network adapts sooner after long silence, and lets more near end through
     * (docs/reliability.md). */
    float cell_limit;
} unecho_config;

/* Set *config to the defaults. The macro passes on the size that the program was compiled with. */
#define unecho_config_init(config) unecho_config_init_size((config), sizeof *(config))
UNECHO_API void unecho_config_init_size(unecho_config *config, size_t size);

/* ---- Streams ---------------------------------------------------------------------------- */

/* One conversation. */
typedef struct unecho unecho;

/*
 * Open a stream; config NULL: the defaults. Not real-time safe. The config and all that it points
 * to may be freed afterwards: the stream takes a reference to the model. Reads the environment
 * variable UNECHO_CPU; unecho_onnxruntime.h says what ONNX Runtime adds. Environment variables have
 * no effect in a program that runs with the rights of another user.
 *
 * A config from an older header gets the defaults of newer fields; one from a newer header works as
 * long as the fields that the library does not know are 0. The same holds for unecho_onnxruntime.
 *
 * Errors: ARGUMENT (also a model that the engine or backend does not run), MEMORY, SAMPLE_RATE;
 * with ONNX Runtime also BACKEND, and FILE or FORMAT for its profile; without a model, where the
 * post-filter cannot run, FILE, FORMAT or MODEL for unecho-128, see unecho_model_builtin.
 * config->message says what is wrong, unless config->size is invalid: less than 3 * sizeof(size_t),
 * not a multiple of sizeof(size_t), or more than 4096 bytes too large.
 */
UNECHO_API int unecho_open(unecho **stream, const unecho_config *config);

/* Close a stream and set *stream to NULL; *stream may be NULL. Not real-time safe. */
UNECHO_API void unecho_close(unecho **stream);

/*
 * Take n frames of microphone and far end, and give n frames of near end, interleaved.
 *
 * far NULL: silence; with far_queue_ms it must be NULL. out may be mic, or far if that has as many
 * channels; otherwise the buffers must not overlap. Every channel of the output is the same signal.
 * Output frame t belongs to microphone frame t - unecho_latency(stream). So the output begins with
 * that much silence (at other rates than 16 kHz with some filter ripple at its end), and that much
 * silence must be fed to get the last frames. The output depends on the samples alone, bit for bit:
 * neither on n nor on the CPU, nor on whether it flushes subnormal numbers to 0. Rounding must be
 * to nearest and floating-point exceptions masked, as they are when a program starts.
 *
 * Samples that are not finite count as 0, samples beyond +-100 as +-100, below 1e-15 as 0. With a
 * linear filter, a hop with a sample of magnitude 4 or more, 12 dB beyond full scale, counts as
 * silence.
 *
 * Real-time safe. n: any, 0 included. Errors: ARGUMENT, CHUNK, and nothing is consumed; BACKEND
 * (ONNX Runtime), then the n frames are consumed, the output is silence and the network restarts.
 */
UNECHO_API int unecho_process(unecho *stream, const float *mic, const float *far, float *out,
                              size_t n);

/* The same for int16: full scale is 32768, the output is rounded to nearest and saturated. */
UNECHO_API int unecho_process_int16(unecho *stream, const int16_t *mic, const int16_t *far,
                                    int16_t *out, size_t n);

/* The same with one buffer per channel. */
UNECHO_API int unecho_process_planar(unecho *stream, const float *const *mic,
                                     const float *const *far, float *const *out, size_t n);

/*
 * Queue n frames of far end, for streams with far_queue_ms: at another rate than the microphone, in
 * chunks of another size, or from another callback. It must not run beside unecho_process: if the
 * callbacks run in different threads, pass the frames on through a queue, as does
 * examples/live_duplex.c.
 *
 * The first frame counts as played when the next microphone frame is recorded, and the following
 * ones without a gap. If frames are missing the far end counts as silent; after 100 ms without any
 * the next one counts as played at its arrival. If the missing ones come at once after all and the
 * echo shows that they had been played in time, this is corrected within half a second in which the
 * far end talks, at the beginning of a call after far_queue_ms plus 0.3 s.
 *
 * If more waits than the sum of far_queue_ms, reference_late_ms and a reserve of 34 to 80 ms
 * (without the post-filter 8 ms more for each further hop at once), the microphone must have
 * stopped, and what waits is dropped. unecho_stats counts both. A shorter stop is recognised by
 * what stays in the queue for far_queue_ms plus 0.3 s, or at once if it is reported with
 * unecho_notify_gap.
 *
 * Real-time safe. Errors: ARGUMENT, and nothing is consumed.
 */
UNECHO_API int unecho_push_far(unecho *stream, const float *far, size_t n);
UNECHO_API int unecho_push_far_int16(unecho *stream, const int16_t *far, size_t n);
UNECHO_API int unecho_push_far_planar(unecho *stream, const float *const *far, size_t n);

/*
 * Report that frames of microphone or far end were lost since the last call (an overrun, a gap in
 * the packets). The signals are shifted by the difference at once, as far as the range of delays
 * reaches; without a report the aligner finds it tenths of a second to seconds later. Report what
 * both lost at the same time for both, or not at all. No effect with UNECHO_ALIGN_OFF.
 *
 * If the far end is pushed, report its loss when frames come again, before or after pushing them:
 * the silence that took the place of the lost ones is not counted twice. What was played while the
 * microphone was lost is not lost: push it. Do not report what the queue drops. Frames that were
 * pushed and will never be played count as lost by the microphone: report as many, at its rate,
 * when playback is cut off.
 *
 * Real-time safe. Errors: ARGUMENT.
 */
UNECHO_API int unecho_notify_gap(unecho *stream, uint64_t mic_lost, uint64_t far_lost);

/*
 * The constant latency of unecho_process in frames at sample_rate. At 16 kHz on both sides 256, or
 * 128 with whole_hops; with a DTLN-aec network 512 or 384; with UNECHO_ENGINE_LINEAR 128 or 0; up
 * to 6 ms more if only far_rate is another. At other rates of the microphone 21 to 29, 37 to 45 and
 * 13 to 21 ms. reference_late_ms is added. Real-time safe. Errors: ARGUMENT.
 */
UNECHO_API int unecho_latency(const unecho *stream);

/* Return the stream to its state after opening, statistics included, but keep its settings.
 * Real-time safe. Errors: ARGUMENT. */
UNECHO_API int unecho_reset(unecho *stream);

/*
 * Begin another call on the same devices in the same room: like unecho_reset, but what the stream
 * has learned of them is kept: the delay, the drift of the clocks, the echo path, the noise. So the
 * echo is cancelled from the first word on, and the near end's first words beside it are kept.
 * Nothing changes for the latency and the settings. Takes as long as to process a second of
 * silence, a few milliseconds of CPU time; real-time safe otherwise. Errors: ARGUMENT; BACKEND
 * (ONNX Runtime).
 */
UNECHO_API int unecho_next_call(unecho *stream);

/*
 * Change a setting of unecho_config while the stream runs: suppression, noise_reduction_db,
 * comfort_noise. It applies from the next hop on, within 16 ms and without a click, and
 * unecho_reset keeps it. Real-time safe. Errors: ARGUMENT, and nothing changes.
 */
UNECHO_API int unecho_set_suppression(unecho *stream, float strength);
UNECHO_API int unecho_set_noise_reduction(unecho *stream, unsigned db);
UNECHO_API int unecho_set_comfort_noise(unecho *stream, int on);

/*
 * Cancel the echo in a whole recording without latency: mic_n frames in, mic_n frames out. far_n
 * counts frames at far_rate, also with far_queue_ms; a shorter far end is followed by silence, a
 * longer one is cut. The stream is reset first; afterwards its statistics are those of the
 * recording, until unecho_reset, which has to come before unecho_process goes on. out may be mic,
 * or far if that has as many channels and the same rate; otherwise the buffers must not overlap.
 * options: UNECHO_KEEP_LATENCY, UNECHO_NORMALIZE_PEAK, or-ed.
 *
 * Where a post-filter runs, the beginning is processed twice: second by second until
 * UNECHO_LEARN_FAR_SECONDS of an active far end were heard, or UNECHO_LEARN_SECONDS_MOST have
 * passed, then, after unecho_next_call, the whole with what was learned, if anything was heard.
 *
 * Where a DTLN network runs, 24 ms of silence come first, as in the batch mode of its reference
 * implementation, whose result is that of UNECHO_ENGINE_NEURAL with UNECHO_ALIGN_OFF and
 * UNECHO_KEEP_LATENCY; where a post-filter runs, 8 ms.
 *
 * Not real-time safe. Errors: ARGUMENT; BACKEND (ONNX Runtime): the output is silence and the
 * stream is reset.
 */
UNECHO_API int unecho_process_whole(unecho *stream, const float *mic, size_t mic_n,
                                    const float *far, size_t far_n, float *out, unsigned options);

/* Leave the network's lag in the output. */
#define UNECHO_KEEP_LATENCY 1u
/* If the peak of the output exceeds 1, scale the output by 0.99 / peak. */
#define UNECHO_NORMALIZE_PEAK 2u

/*
 * unecho_process for `count` streams at once, for servers: stream i takes mic[i] and far[i] and
 * gives out[i], n frames each. The weights are read once for many streams, and each stream gives
 * the bits that it would give alone. far, or any far[i], NULL: silence.
 *
 * The streams must be different ones on the native backend, with a network, and have the same model
 * (one unecho_model, or NULL for all), precision and kernels. The largest hops_at_once among them
 * is how many go through at once: open one with 16 or more, the others with 1 to save memory.
 *
 * Real-time safe. Errors: ARGUMENT, CHUNK, and nothing is consumed.
 */
UNECHO_API int unecho_process_many(unecho *const *streams, const float *const *mic,
                                   const float *const *far, float *const *out, size_t count,
                                   size_t n);

/* ---- Statistics ------------------------------------------------------------------------- */

/* Mean square of the far end, full scale being 1, above which a hop of 8 ms is far-end-active: -50
 * dB. */
#define UNECHO_FAR_ACTIVE_POWER 1e-5

/*
 * What a stream has seen since it was opened or reset, or since unecho_next_call. Levels in dB of
 * full scale. Levels, peak and ERLE are those of what the canceller works on, the band up to 8 kHz.
 */
typedef struct unecho_stats {
    size_t size;     /* set to sizeof(unecho_stats) before the call */
    uint64_t frames; /* taken by unecho_process */
    float mic_db;    /* mean power of the microphone; a full-scale sine has -3, silence -infinity */
    float far_db;    /* of the far end */
    float out_db;    /* of the output */
    float peak;      /* highest magnitude of the output */
    /*
     * Echo return loss enhancement in dB: power of the microphone over power of the output in
     * far-end-active hops, 0 if there were none. 20 and more is good while only the far end talks;
     * near-end speech in those hops lowers it.
     */
    float erle_db;
    float linear_erle_db;     /* the same for the output of the linear filter */
    float far_active_seconds; /* the length of those hops, for both ERLEs */
    float far_silent_seconds; /* how much of the output is the unchanged microphone */

    int aligned; /* a delay is found (AUTO) or set (FIXED) */
    /* How certain the delay is, 0 to 1. Below 0.3 no echo is seen at present; delay and drift are
     * then the last ones found. */
    float confidence;
    float delay_ms;           /* from a far-end sample's arrival to that of its echo */
    float drift_ppm;          /* positive: the far end's clock is faster, the delay shrinks */
    uint32_t realignments;    /* how often the far end was shifted, the first time included */
    uint32_t linear_diverged; /* how often the linear filter made things worse and restarted */

    uint64_t guarded_samples;     /* not finite or beyond +-100 */
    uint64_t mic_clipped_samples; /* at or beyond full scale, of the channels in use */
    uint64_t far_clipped_samples;
    uint64_t far_missing_frames; /* silence in place of far end that was not pushed in time */
    uint64_t far_dropped_frames; /* pushed, but dropped as the microphone had stopped */

    /* Hops of output that were turned down because they were louder than the microphone, by more
     * than 0.4 dB over up to 100 ms. With a linear filter and a network. */
    uint64_t limited_hops;
    /* Hops in which the network gave no usable numbers: the output was that of the linear filter,
     * or the microphone without one, and the network restarted. The model is unsuitable. */
    uint64_t failed_hops;

    /* For meters: the levels of about the last 0.3 s, and the ERLE of the last 3 s in which the far
     * end was active. Earlier sound fades exponentially. */
    float mic_now_db;
    float far_now_db;
    float out_now_db;
    float erle_now_db;

    /*
     * The probability, 0 to 1, that the near end's talker speaks in the newest hop of 8 ms, or did
     * within the 100 ms before. It is known as soon as the hop is in, ahead of the output. For
     * barge-in and turn-taking; 0.5 and more is speech; noise does not count. -1 if unknown: before
     * the first hop, with a model without this output (DTLN-aec, older post-filters), with the
     * engine linear, and while the network does not run.
     */
    float near_end_active;
    float near_end_seconds; /* the length of the hops in which it was at least 0.5 */
} unecho_stats;

/* Fill *stats, as much of it as stats->size says (fields that the library does not know with 0).
 * Real-time safe. Errors: ARGUMENT, also for a size that is invalid. */
UNECHO_API int unecho_get_stats(const unecho *stream, unecho_stats *stats);

/* ---- Record ----------------------------------------------------------------------------- */

/*
 * Read the next bytes of the record of a stream's calls: at most `capacity` into buffer, their
 * number into *size, 0 if there are none yet. All of them in order make the file that `unecho
 * replay` reads (docs/record.md). It contains the voices of the call.
 *
 * A call that does not fit, because nobody read in time, ends the record; the file states how much
 * is missing. The output of the stream does not depend on the record.
 *
 * One thread at a time may call this, also while another thread makes calls on the stream, except
 * for unecho_close. Real-time safe. Errors: ARGUMENT, also for a stream
 * without a record.
 */
UNECHO_API int unecho_record_read(unecho *stream, void *buffer, size_t capacity, size_t *size);

/* ---- Instruction sets ------------------------------------------------------------------- */

#define UNECHO_CPU_PLAIN   0u  /* plain C: always there */
#define UNECHO_CPU_AVX2    1u  /* x86-64: AVX2 and FMA */
#define UNECHO_CPU_AVXVNNI 2u  /* AVX-VNNI */
#define UNECHO_CPU_AVX512  4u  /* AVX-512 F, BW, DQ, VL and VNNI (Ice Lake, Zen 4) */
#define UNECHO_CPU_BF16    8u  /* AVX-512 BF16 (Sapphire Rapids, Zen 4) */
#define UNECHO_CPU_NEON    16u /* 64-bit ARM */
#define UNECHO_CPU_DOTPROD 32u /* ARMv8.2 DotProd */
#define UNECHO_CPU_ALL     0xffffffffu

/* The sets, or-ed, that both this build of the library and this CPU have. */
UNECHO_API uint32_t unecho_cpu_features(void);

/* The kernels that a stream runs on: "plain", "avx2", ..., or "onnxruntime"; of NULL: "". Real-time
 * safe. */
UNECHO_API const char *unecho_kernels(const unecho *stream);

#ifdef __cplusplus
}
#endif

#endif
