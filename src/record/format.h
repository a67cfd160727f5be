/*
 * The file format of recorded streams (docs/record.md): eight bytes of magic, then records, all in
 * 32-bit little-endian words.
 */
#ifndef UNECHO_RECORD_FORMAT_H
#define UNECHO_RECORD_FORMAT_H

#include "hash.h"

#include <stdint.h>
#include <string.h>

/* Ends in \r\n so that a transfer in text mode damages it detectably. */
#define RECORD_MAGIC "unecho\r\n"

enum {
    RECORD_FORMAT = 1,      /* the format's version: n of the header */
    RECORD_HEAD = 9,        /* words before a record's content */
    RECORD_SUM = 2,         /* words after it: the hash of content, then head */
    RECORD_SILENCE = 65536, /* maximum samples of RECORD_SILENT */
    RECORD_VERSION = 16,    /* bytes of the header's texts, padded with zeros */
    RECORD_KERNELS = 16,
    RECORD_MODEL = 64,
    /* words of the header's content before its fields: the texts; the model's units, parameters
     * and hash; the number of fields */
    RECORD_SOURCE = (RECORD_VERSION + RECORD_KERNELS + RECORD_MODEL) / 4 + 6,
    RECORD_FIELD = 3, /* words of a field: its key, and 64 bits of value */
};

typedef enum record_kind {
    RECORD_HEADER = 1, /* library, model and config; always the first record */
    RECORD_PROCESS,    /* unecho_process and its variants */
    RECORD_MANY,       /* one stream's share of unecho_process_many */
    RECORD_WHOLE,      /* unecho_process_whole; extra: its options */
    RECORD_PUSH,       /* unecho_push_far and its variants; n is 0 */
    RECORD_GAP,        /* unecho_notify_gap: n and far_n of its arguments */
    RECORD_RESET,
    RECORD_LOST,    /* calls from here on did not fit: `extra` in all, with n and far_n frames */
    RECORD_SETTING, /* unecho_set_*; extra: key and value, see record_setting */
    RECORD_NEXT_CALL,
    RECORD_KINDS
} record_kind;

typedef enum record_form { RECORD_FLOAT, RECORD_INT16, RECORD_PLANAR, RECORD_FORMS } record_form;

/* How samples are stored: losslessly, channels interleaved. Floats that are multiples of 1/32768
 * are stored as int16, two in a word. */
typedef enum record_coding {
    RECORD_NONE, /* nothing was given */
    RECORD_SILENT,
    RECORD_AS_INT16,
    RECORD_AS_FLOAT,
    RECORD_CODINGS
} record_coding;

/* The signals of a call in the order in which they are stored; only one channel of the output. */
enum { RECORD_MIC, RECORD_FAR, RECORD_OUT, RECORD_SIGNALS };

typedef struct record_head {
    uint32_t kind, form, coding[RECORD_SIGNALS];
    uint32_t words; /* of the whole record */
    uint64_t n;     /* frames of microphone and output */
    uint64_t far_n; /* frames of far end */
    uint64_t extra; /* by kind */
    int32_t status; /* what the call returned; a refused call has no samples */
} record_head;

static inline void record_pack(uint32_t words[RECORD_HEAD], const record_head *h)
{
    words[0] = h->kind | h->form << 8 | h->coding[RECORD_MIC] << 16 | h->coding[RECORD_FAR] << 20 |
               h->coding[RECORD_OUT] << 24;
    words[1] = h->words;
    const uint64_t longs[] = {h->n, h->far_n, h->extra};
    for (int i = 0; i < 3; i++) {
        words[2 + 2 * i] = (uint32_t)longs[i];
        words[3 + 2 * i] = (uint32_t)(longs[i] >> 32);
    }
    words[8] = (uint32_t)h->status;
}

static inline record_head record_unpack(const uint32_t words[RECORD_HEAD])
{
    return (record_head){
        .kind = words[0] & 0xff,
        .form = words[0] >> 8 & 0xff,
        .coding = {words[0] >> 16 & 0xf, words[0] >> 20 & 0xf, words[0] >> 24},
        .words = words[1],
        .n = words[2] | (uint64_t)words[3] << 32,
        .far_n = words[4] | (uint64_t)words[5] << 32,
        .extra = words[6] | (uint64_t)words[7] << 32,
        .status = (int32_t)words[8],
    };
}

/* The words that n samples take. */
static inline uint64_t record_words(uint32_t coding, uint64_t n)
{
    return coding == RECORD_AS_FLOAT ? n : coding == RECORD_AS_INT16 ? n / 2 + n % 2 : 0;
}

static inline void record_store(unsigned char *at, uint32_t word)
{
    for (int k = 0; k < 4; k++)
        at[k] = (unsigned char)(word >> 8 * k);
}

static inline uint32_t record_load(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/*
 * The fields of unecho_config that the header holds: key, type, name. A key never changes its
 * meaning; a new field gets a new key. Integers are stored as int64, reals as double.
 */
#define RECORD_INTEGERS(FIELD)                                                                     \
    FIELD(1, int, sample_rate)                                                                     \
    FIELD(2, int, whole_hops)                                                                      \
    FIELD(3, unsigned, hops_at_once)                                                               \
    FIELD(4, uint32_t, cpu)                                                                        \
    FIELD(5, unecho_backend, backend)                                                              \
    FIELD(6, unecho_precision, precision)                                                          \
    FIELD(11, int, far_rate)                                                                       \
    FIELD(12, unsigned, far_queue_ms)                                                              \
    FIELD(13, unsigned, mic_channels)                                                              \
    FIELD(14, int, mic_channel)                                                                    \
    FIELD(15, unsigned, far_channels)                                                              \
    FIELD(16, unecho_align, align)                                                                 \
    FIELD(17, unsigned, reference_late_ms)                                                         \
    FIELD(19, int, high_band)                                                                      \
    FIELD(20, unecho_engine, engine)                                                               \
    FIELD(21, unsigned, linear_tail_ms)                                                            \
    FIELD(22, unsigned, noise_reduction_db)                                                        \
    FIELD(23, int, comfort_noise)
/* Fields of unecho_onnxruntime. Keys 10 and 18 belong to removed fields. */
#define RECORD_ONNXRUNTIME(FIELD)                                                                  \
    FIELD(7, unsigned, stage_threads[0])                                                           \
    FIELD(8, unsigned, stage_threads[1])                                                           \
    FIELD(9, int, spinning)
#define RECORD_REALS(FIELD)                                                                        \
    FIELD(32, double, delay_ms)                                                                    \
    FIELD(33, float, cell_limit)                                                                   \
    FIELD(34, float, suppression)

/* Keys of the settings that may change while a stream runs. */
enum {
    RECORD_KEY_NOISE_REDUCTION = 22,
    RECORD_KEY_COMFORT_NOISE = 23,
    RECORD_KEY_SUPPRESSION = 34,
};

/* The `extra` of RECORD_SETTING: the key in the upper word, a float in the lower. */
static inline uint64_t record_setting(uint32_t key, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint64_t)key << 32 | bits;
}

static inline float record_setting_value(uint64_t extra)
{
    const uint32_t bits = (uint32_t)extra;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
