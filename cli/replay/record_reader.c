#include "replay/record_reader.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Words read at a time: a false size costs no more memory than this. */
#define PIECE 16384
/* Of the header's content: far more than all fields need. */
#define HEADER_MOST 4096

__attribute__((__format__(__printf__, 2, 3))) static reader_result bad(record_reader *r,
                                                                       const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(r->message, sizeof(r->message), format, values);
    va_end(values);
    return READER_BAD;
}

/* ---- Words ------------------------------------------------------------------------------ */

static reader_result unreadable(record_reader *r)
{
    return bad(r, "cannot be read at offset %" PRIu64 ": %s", r->offset, strerror(errno));
}

static reader_result cut_off(record_reader *r, uint64_t got, uint64_t wanted, const char *what)
{
    if (ferror(r->file))
        return unreadable(r);
    return bad(r,
               "cut off at offset %" PRIu64 ", in entry %" PRIu64 ": %" PRIu64
               " bytes of its %s are there, expected %" PRIu64,
               r->offset, r->entry, got, what, wanted);
}

/* Reads up to PIECE words; returns the number of bytes read. */
static size_t take(record_reader *r, uint32_t *words, size_t count)
{
    static unsigned char bytes[4 * PIECE];
    const size_t got = fread(bytes, 1, 4 * count, r->file);
    r->offset += got;
    for (size_t i = 0; i < got / 4; i++)
        words[i] = record_load(bytes + 4 * i);
    return got;
}

static reader_result take_content(record_reader *r, size_t count)
{
    for (size_t have = 0; have < count;) {
        const size_t n = count - have < PIECE ? count - have : PIECE;
        if (have + n > r->capacity) {
            const size_t capacity = 2 * r->capacity > have + n ? 2 * r->capacity : have + n;
            uint32_t *words = realloc(r->words, capacity * sizeof(*words));
            if (!words)
                return bad(r, "out of memory at offset %" PRIu64, r->offset);
            r->words = words;
            r->capacity = capacity;
        }
        const size_t got = take(r, r->words + have, n);
        if (got < 4 * n)
            return cut_off(r, 4 * have + got, 4 * (uint64_t)count, "content");
        have += n;
    }
    return READER_GOOD;
}

/* What the head of a call may hold, by kind, besides its size. */
static const struct shape {
    uint32_t forms; /* the first so many */
    bool may_have[RECORD_SIGNALS];
    bool may_be_refused;
    uint64_t extra_most;
} shapes[RECORD_KINDS] = {
    [RECORD_PROCESS] = {RECORD_FORMS, {true, true, true}, true, 0},
    [RECORD_MANY] = {1, {true, true, true}, false, 0},
    [RECORD_WHOLE] = {1, {true, true, true}, false, UNECHO_KEEP_LATENCY | UNECHO_NORMALIZE_PEAK},
    [RECORD_PUSH] = {RECORD_FORMS, {[RECORD_FAR] = true}, true, 0},
    [RECORD_GAP] = {.forms = 1},
    [RECORD_RESET] = {.forms = 1},
    [RECORD_LOST] = {.forms = 1, .extra_most = UINT64_MAX},
    [RECORD_SETTING] = {.forms = 1, .extra_most = UINT64_MAX},
    [RECORD_NEXT_CALL] = {.forms = 1},
};

bool recorded_refusal(int32_t status)
{
    return status == UNECHO_ERROR_ARGUMENT || status == UNECHO_ERROR_CHUNK;
}

static bool has_samples(const record_head *h)
{
    return shapes[h->kind].may_have[RECORD_FAR];
}

/* Whether form, extra, status and numbers of frames are possible for the kind. */
static bool is_possible(const record_head *h)
{
    const struct shape *shape = &shapes[h->kind];
    const bool together = h->kind == RECORD_PROCESS || h->kind == RECORD_MANY;
    if (h->form >= shape->forms || h->extra > shape->extra_most || h->status > 0)
        return false;
    const bool counts = has_samples(h) || h->kind == RECORD_GAP || h->kind == RECORD_LOST;
    if (!counts && (h->n > 0 || h->far_n > 0))
        return false;
    if (!has_samples(h))
        return h->status == UNECHO_OK;
    if (recorded_refusal(h->status))
        return shape->may_be_refused;
    return (shape->may_have[RECORD_MIC] || h->n == 0) &&
           (!together || h->far_n == 0 || h->far_n == h->n);
}

/* A call has all its signals, or none if it was refused. */
static bool has_its_signals(const record_head *h)
{
    const bool expected = has_samples(h) && !recorded_refusal(h->status);
    const uint64_t frames[RECORD_SIGNALS] = {h->n, h->far_n, h->n};
    for (int i = 0; i < RECORD_SIGNALS; i++)
        if ((h->coding[i] != RECORD_NONE) != (expected && frames[i] > 0))
            return false;
    return true;
}

/* The words of a record's signals; frames that they cannot have are reported. */
static reader_result count_words(record_reader *r, const record_head *h, uint64_t at,
                                 uint64_t *words)
{
    const uint64_t channels[RECORD_SIGNALS] = {r->config.mic_channels, r->config.far_channels, 1};
    const uint64_t frames[RECORD_SIGNALS] = {h->n, h->far_n, h->n};
    *words = 0;
    for (int i = 0; i < RECORD_SIGNALS; i++) {
        const uint32_t coding = h->coding[i];
        if (coding >= RECORD_CODINGS || (coding == RECORD_AS_FLOAT && h->form == RECORD_INT16))
            return bad(r,
                       "entry %" PRIu64 " at offset %" PRIu64 " has samples of kind %" PRIu32
                       ", which it cannot have",
                       r->entry, at, coding);
        if (coding == RECORD_NONE)
            continue;
        if (frames[i] > (coding == RECORD_SILENT ? RECORD_SILENCE / channels[i] : UINT32_MAX))
            return bad(r, "entry %" PRIu64 " at offset %" PRIu64 " cannot have %" PRIu64 " frames",
                       r->entry, at, frames[i]);
        *words += record_words(coding, frames[i] * channels[i]);
    }
    return READER_GOOD;
}

/* The head of entry 0, except the version of the format, which may be newer. */
static reader_result check_header(record_reader *r, const record_head *h, uint64_t at)
{
    if (h->kind != RECORD_HEADER)
        return bad(r,
                   "entry 0 at offset %" PRIu64 " is of kind %" PRIu32 ", expected 1, the header",
                   at, h->kind);
    if (h->words < RECORD_HEAD + RECORD_SUM + RECORD_SOURCE || h->words > HEADER_MOST)
        return bad(r, "the header at offset %" PRIu64 " cannot have %" PRIu32 " words", at,
                   h->words);
    return READER_GOOD;
}

/* Whether the head fits its kind, and the size that it states is right. */
static reader_result check_head(record_reader *r, const record_head *h, uint64_t at)
{
    uint64_t words = 0;
    if (r->entry == 0)
        return check_header(r, h, at);
    if (h->kind <= RECORD_HEADER || h->kind >= RECORD_KINDS)
        return bad(
            r, "entry %" PRIu64 " at offset %" PRIu64 " is of kind %" PRIu32 ", expected 2 to 9",
            r->entry, at, h->kind);
    if (!is_possible(h))
        return bad(r,
                   "entry %" PRIu64 " at offset %" PRIu64 " is of kind %" PRIu32
                   ", which cannot have form %" PRIu32 ", %" PRIu64 " and %" PRIu64
                   " frames, extra %" PRIu64 " and status %" PRId32,
                   r->entry, at, h->kind, h->form, h->n, h->far_n, h->extra, h->status);
    if (count_words(r, h, at, &words) != READER_GOOD)
        return READER_BAD;
    if (!has_its_signals(h))
        return bad(r,
                   "entry %" PRIu64 " at offset %" PRIu64 " of %" PRIu64 " and %" PRIu64
                   " frames has too few or too many signals",
                   r->entry, at, h->n, h->far_n);
    words += RECORD_HEAD + RECORD_SUM;
    if (h->words == words)
        return READER_GOOD;
    return bad(
        r, "entry %" PRIu64 " at offset %" PRIu64 " states %" PRIu32 " words, expected %" PRIu64,
        r->entry, at, h->words, words);
}

/* Head and content of the next entry, and whether their checksum is right. */
static reader_result take_record(record_reader *r, record_head *head)
{
    const uint64_t at = r->offset;
    uint32_t words[RECORD_HEAD];
    uint64_t sum = HASH_BASIS;
    const size_t got = take(r, words, RECORD_HEAD);
    if (got == 0 && r->entry > 0 && !ferror(r->file))
        return READER_END;
    if (got < sizeof(words))
        return cut_off(r, got, sizeof(words), "head");
    *head = record_unpack(words);
    reader_result result = check_head(r, head, at);
    const size_t count = head->words - RECORD_HEAD;
    if (result == READER_GOOD)
        result = take_content(r, count);
    if (result != READER_GOOD)
        return result;
    for (size_t i = 0; i < count - RECORD_SUM; i++)
        sum = hash_word(sum, r->words[i]);
    for (int i = 0; i < RECORD_HEAD; i++)
        sum = hash_word(sum, words[i]);
    const uint32_t *stored = r->words + count - RECORD_SUM;
    if (sum == (stored[0] | (uint64_t)stored[1] << 32))
        return READER_GOOD;
    return bad(r,
               "entry %" PRIu64 " at offset %" PRIu64
               " is damaged: its content does not have the checksum %08" PRIx32 "%08" PRIx32,
               r->entry, at, stored[1], stored[0]);
}

/* ---- The header ------------------------------------------------------------------------- */

/* size bytes of text, and a terminator. */
static const uint32_t *take_text(char *text, size_t size, const uint32_t *words)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)(words[i / 4] >> 8 * (i % 4));
        text[i] = (char)(c == 0 || isprint(c) ? c : '?');
    }
    text[size] = '\0';
    return words + size / 4;
}

static uint64_t long_at(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

static double real_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* No config has a value that does not fit its type: -2 is refused in every field. */
static int64_t integer_of(uint64_t bits)
{
    return bits <= UINT32_MAX || ~bits <= INT32_MAX ? (int64_t)bits : -2;
}

static bool set_field(record_reader *r, uint32_t key, uint64_t value)
{
    switch (key) {
#define SET_INTEGER(number, type, name)                                                            \
    case number:                                                                                   \
        r->config.name = (type)integer_of(value);                                                  \
        return true;
#define SET_REAL(number, type, name)                                                               \
    case number:                                                                                   \
        r->config.name = (type)real_of(value);                                                     \
        return true;
#define SET_ONNXRUNTIME(number, type, name)                                                        \
    case number:                                                                                   \
        r->onnxruntime.name = (type)integer_of(value);                                             \
        return true;
        RECORD_INTEGERS(SET_INTEGER)
        RECORD_ONNXRUNTIME(SET_ONNXRUNTIME)
        RECORD_REALS(SET_REAL)
    default:
        return false;
    }
}

static reader_result take_header(record_reader *r, const record_head *head)
{
    const uint32_t *at = r->words;
    if (head->n != RECORD_FORMAT)
        return bad(r, "is of version %" PRIu64 " of the format, expected %d", head->n,
                   RECORD_FORMAT);
    at = take_text(r->version, RECORD_VERSION, at);
    at = take_text(r->kernels, RECORD_KERNELS, at);
    char name[RECORD_MODEL + 1];
    at = take_text(name, RECORD_MODEL, at);
    memcpy(r->model.name, name, sizeof(r->model.name) - 1);
    r->model.units = at[0];
    r->model.parameters = long_at(at + 1);
    r->model.hash = long_at(at + 3);
    const uint32_t count = at[5];
    const uint32_t there = head->words - RECORD_HEAD - RECORD_SUM - RECORD_SOURCE;
    if (there % RECORD_FIELD != 0 || count != there / RECORD_FIELD)
        return bad(r, "the header has %" PRIu32 " words of settings, expected %d each for %" PRIu32,
                   there, RECORD_FIELD, count);
    for (at += 6; at < r->words + RECORD_SOURCE + there; at += RECORD_FIELD)
        if (!set_field(r, at[0], long_at(at + 1)))
            return bad(r,
                       "was recorded by unecho %s, with a setting (%" PRIu32 " = %" PRIu64
                       ") that unecho %s does not know",
                       r->version, at[0], long_at(at + 1), unecho_version());
    if (r->config.mic_channels < 1 || r->config.mic_channels > UNECHO_CHANNELS_MAX ||
        r->config.far_channels < 1 || r->config.far_channels > UNECHO_CHANNELS_MAX ||
        r->config.sample_rate < UNECHO_RATE_MIN || r->config.sample_rate > UNECHO_RATE_MAX)
        return bad(r, "the header states %d Hz, %u and %u channels, which no stream has",
                   r->config.sample_rate, r->config.mic_channels, r->config.far_channels);
    return READER_GOOD;
}

reader_result record_reader_open(record_reader *r, FILE *file)
{
    uint32_t magic[2] = {0};
    record_head head;
    memset(r, 0, sizeof(*r));
    unecho_config_init(&r->config);
    r->onnxruntime.size = sizeof(r->onnxruntime);
    r->config.onnxruntime = &r->onnxruntime;
    r->file = file;
    const size_t got = take(r, magic, 2);
    if (ferror(file))
        return unreadable(r);
    if (got < sizeof(magic) || magic[0] != record_load((const unsigned char *)RECORD_MAGIC) ||
        magic[1] != record_load((const unsigned char *)RECORD_MAGIC + 4))
        return bad(r,
                   "is not a record of a stream: expected \"unecho\" and a line end at offset 0");
    const reader_result result = take_record(r, &head);
    return result == READER_GOOD ? take_header(r, &head) : result;
}

void record_reader_close(record_reader *r)
{
    free(r->words);
    r->words = NULL;
}

/* ---- Calls ------------------------------------------------------------------------------ */

static float sample_of(uint32_t coding, const uint32_t *words, size_t i)
{
    float x = 0.0f;
    if (coding == RECORD_AS_FLOAT)
        memcpy(&x, &words[i], sizeof(x));
    else if (coding == RECORD_AS_INT16) {
        const int32_t half = (int32_t)(words[i / 2] >> 16 * (i % 2) & 0xffff);
        x = (float)(half < 0x8000 ? half : half - 0x10000) * (1.0f / 32768.0f);
    }
    return x;
}

static bool decode(recorded_signal *s, uint32_t coding, const uint32_t *words, size_t count)
{
    s->there = coding != RECORD_NONE;
    if (!s->there)
        return true;
    if (count > s->capacity || !s->samples) {
        free(s->samples);
        s->samples = malloc(count * sizeof(*s->samples) + 1);
        s->capacity = s->samples ? count : 0;
        if (!s->samples)
            return false;
    }
    for (size_t i = 0; i < count; i++)
        s->samples[i] = sample_of(coding, words, i);
    return true;
}

reader_result record_reader_next(record_reader *r, recorded_call *call)
{
    record_head *head = &call->head;
    r->entry++;
    const reader_result result = take_record(r, head);
    if (result != READER_GOOD)
        return result;
    const size_t counts[RECORD_SIGNALS] = {(size_t)head->n * r->config.mic_channels,
                                           (size_t)head->far_n * r->config.far_channels,
                                           (size_t)head->n};
    const uint32_t *words = r->words;
    for (int i = 0; i < RECORD_SIGNALS; i++) {
        if (!decode(&call->signals[i], head->coding[i], words, counts[i]))
            return bad(r, "out of memory at offset %" PRIu64, r->offset);
        words += record_words(head->coding[i], counts[i]);
    }
    return READER_GOOD;
}

void recorded_call_free(recorded_call *call)
{
    for (int i = 0; i < RECORD_SIGNALS; i++)
        free(call->signals[i].samples);
    memset(call, 0, sizeof(*call));
}
