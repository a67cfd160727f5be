#include "record/recorder.h"

#include <string.h>

void recorder_layout(recorder *r, arena *a, size_t capacity)
{
    r->size = capacity / 4 * 4;
    r->ring = arena_take(a, r->size);
}

/* ---- Words into the ring ---------------------------------------------------------------- */

static size_t after(const recorder *r, size_t at, size_t bytes)
{
    return at + bytes < r->size ? at + bytes : at + bytes - r->size;
}

static void put(recorder *r, uint32_t word)
{
    record_store(r->ring + r->at, word);
    r->at = after(r, r->at, 4);
    r->sum = hash_word(r->sum, word);
}

static void put_long(recorder *r, uint64_t value)
{
    put(r, (uint32_t)value);
    put(r, (uint32_t)(value >> 32));
}

static void put_text(recorder *r, const char *text, size_t size)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < size; i += 4) {
        unsigned char four[4] = {0};
        for (size_t k = 0; k < 4 && i + k < length; k++)
            four[k] = (unsigned char)text[i + k];
        put(r, record_load(four));
    }
}

static size_t room_left(recorder *r)
{
    const size_t read = atomic_load_explicit(&r->read, memory_order_acquire);
    const size_t used = r->at >= read ? r->at - read : r->at + r->size - read;
    return r->size - used - 4; /* one word stays free: a full ring would look empty */
}

/* Begin a record; close_record writes its head, once its size is known. */
static void open_record(recorder *r, const record_head *head)
{
    r->head = *head;
    r->begin = r->at;
    r->at = after(r, r->at, 4 * (size_t)RECORD_HEAD);
    r->sum = HASH_BASIS;
    r->open = 1;
}

/* Complete the record and publish it to the reader. */
static void close_record(recorder *r)
{
    uint32_t words[RECORD_HEAD];
    const size_t end = r->at;
    const size_t bytes = end >= r->begin ? end - r->begin : end + r->size - r->begin;
    r->head.words = (uint32_t)(bytes / 4 + RECORD_SUM);
    record_pack(words, &r->head);
    r->at = r->begin;
    for (int i = 0; i < RECORD_HEAD; i++)
        put(r, words[i]);
    r->at = end;
    put_long(r, r->sum);
    r->open = 0;
    atomic_store_explicit(&r->written, r->at, memory_order_release);
}

/* ---- The header ------------------------------------------------------------------------- */

static void put_integer(recorder *r, uint32_t key, int64_t value)
{
    put(r, key);
    put_long(r, (uint64_t)value);
}

static void put_real(recorder *r, uint32_t key, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(r, key);
    put_long(r, bits);
}

void recorder_start(recorder *r, const unecho_config *config, const char *kernels,
                    const unecho_model_info *model)
{
#define KEY(key, type, name) (key),
    static const uint32_t keys[] = {RECORD_INTEGERS(KEY) RECORD_ONNXRUNTIME(KEY) RECORD_REALS(KEY)};
    static const unecho_model_info none = {0};
    const unecho_model_info *const m = model ? model : &none;
    const record_head head = {.kind = RECORD_HEADER, .n = RECORD_FORMAT};
    put_text(r, RECORD_MAGIC, sizeof RECORD_MAGIC - 1);
    open_record(r, &head);
    put_text(r, unecho_version(), RECORD_VERSION);
    put_text(r, kernels, RECORD_KERNELS);
    put_text(r, m->name, RECORD_MODEL);
    put(r, m->units);
    put_long(r, m->parameters);
    put_long(r, m->hash);
    put(r, sizeof keys / sizeof *keys);
#define PUT_INTEGER(key, type, name) put_integer(r, key, (int64_t)config->name);
#define PUT_REAL(key, type, name)    put_real(r, key, (double)config->name);
    RECORD_INTEGERS(PUT_INTEGER)
#define PUT_ONNXRUNTIME(key, type, name) put_integer(r, key, (int64_t)config->onnxruntime->name);
    RECORD_ONNXRUNTIME(PUT_ONNXRUNTIME)
    RECORD_REALS(PUT_REAL)
    close_record(r);
}

/* ---- Samples ---------------------------------------------------------------------------- */

static uint32_t bits_of(const samples *s, unsigned channel, size_t i)
{
    uint32_t bits;
    memcpy(&bits, (const float *)s->channel[channel] + i * s->stride, sizeof bits);
    return bits;
}

/* *value := the sample as int16, or 0. Returns whether that preserves its bits. */
static int as_int16(const samples *s, unsigned channel, size_t i, int16_t *value)
{
    if (s->format == SAMPLES_INT16) {
        *value = ((const int16_t *)s->channel[channel])[i * s->stride];
        return 1;
    }
    *value = 0;
    const uint32_t bits = bits_of(s, channel, i);
    float x;
    memcpy(&x, &bits, sizeof x);
    /* Written so that NaN does not fit. */
    if (!(x >= -1.0f && x < 1.0f))
        return 0;
    *value = (int16_t)(x * 32768.0f);
    x = (float)*value * (1.0f / 32768.0f);
    uint32_t back; /* compare bits: -0 must not become 0 */
    memcpy(&back, &x, sizeof back);
    return back == bits;
}

static uint32_t coding_of(const samples *s, size_t n)
{
    const size_t count = n * s->channels;
    if (count == 0)
        return RECORD_NONE;
    int silent = count <= RECORD_SILENCE;
    for (size_t i = 0; i < n; i++)
        for (unsigned c = 0; c < s->channels; c++) {
            int16_t x;
            if (!as_int16(s, c, i, &x))
                return RECORD_AS_FLOAT;
            silent = silent && x == 0;
            if (!silent && s->format == SAMPLES_INT16)
                return RECORD_AS_INT16;
        }
    return silent ? RECORD_SILENT : RECORD_AS_INT16;
}

static void put_samples(recorder *r, uint32_t coding, const samples *s, size_t n)
{
    uint32_t half = 0;
    int halves = 0;
    if (coding != RECORD_AS_INT16 && coding != RECORD_AS_FLOAT)
        return;
    for (size_t i = 0; i < n; i++)
        for (unsigned c = 0; c < s->channels; c++) {
            int16_t x;
            if (coding == RECORD_AS_FLOAT) {
                put(r, bits_of(s, c, i));
                continue;
            }
            as_int16(s, c, i, &x);
            if (halves)
                put(r, half | (uint32_t)(uint16_t)x << 16);
            half = (uint16_t)x;
            halves = !halves;
        }
    if (halves)
        put(r, half);
}

/* ---- Calls ------------------------------------------------------------------------------ */

static void lose(recorder *r, const record_head *call)
{
    if (call->kind != RECORD_GAP) {
        atomic_fetch_add_explicit(&r->lost_frames, (size_t)call->n, memory_order_relaxed);
        atomic_fetch_add_explicit(&r->lost_far_frames, (size_t)call->far_n, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&r->lost_calls, 1, memory_order_release);
}

/* Whether `words` words fit; if not, the record of the stream ends here for good. */
static int make_room(recorder *r, const record_head *call, uint64_t words)
{
    if (atomic_load_explicit(&r->lost_calls, memory_order_relaxed) == 0 &&
        words <= room_left(r) / 4)
        return 1;
    lose(r, call);
    return 0;
}

void recorder_begin(recorder *r, const record_head *call, const samples *mic, const samples *far)
{
    const size_t n = (size_t)call->n, far_n = (size_t)call->far_n;
    record_head head = *call;
    head.coding[RECORD_MIC] = coding_of(mic, n);
    head.coding[RECORD_FAR] = coding_of(far, far_n);
    const uint64_t words = RECORD_HEAD + RECORD_SUM +
                           record_words(head.coding[RECORD_MIC], (uint64_t)n * mic->channels) +
                           record_words(head.coding[RECORD_FAR], (uint64_t)far_n * far->channels) +
                           record_words(RECORD_AS_FLOAT, n); /* the output's upper bound */
    if (!make_room(r, &head, words))
        return;
    open_record(r, &head);
    put_samples(r, head.coding[RECORD_MIC], mic, n);
    put_samples(r, head.coding[RECORD_FAR], far, far_n);
}

void recorder_end(recorder *r, const samples *out, int status)
{
    if (!r->open)
        return;
    const size_t n = (size_t)r->head.n;
    r->head.coding[RECORD_OUT] = coding_of(out, n);
    r->head.status = status;
    put_samples(r, r->head.coding[RECORD_OUT], out, n);
    close_record(r);
}

void recorder_note(recorder *r, const record_head *call, int status)
{
    if (!make_room(r, call, RECORD_HEAD + RECORD_SUM))
        return;
    open_record(r, call);
    r->head.status = status;
    close_record(r);
}

/* ---- Reading ---------------------------------------------------------------------------- */

/* Prepare a record that says how much was lost so far; in a file the last one counts. */
static void write_notice(recorder *r, size_t calls)
{
    const record_head head = {
        .kind = RECORD_LOST,
        .words = RECORD_HEAD + RECORD_SUM,
        .n = atomic_load_explicit(&r->lost_frames, memory_order_relaxed),
        .far_n = atomic_load_explicit(&r->lost_far_frames, memory_order_relaxed),
        .extra = calls,
    };
    uint32_t words[RECORD_HEAD + RECORD_SUM];
    uint64_t sum = HASH_BASIS;
    record_pack(words, &head);
    for (int i = 0; i < RECORD_HEAD; i++)
        sum = hash_word(sum, words[i]);
    words[RECORD_HEAD] = (uint32_t)sum;
    words[RECORD_HEAD + 1] = (uint32_t)(sum >> 32);
    for (size_t i = 0; i < sizeof r->notice / 4; i++)
        record_store(r->notice + 4 * i, words[i]);
    r->notice_left = sizeof r->notice;
    r->noticed = calls;
}

static size_t read_notice(recorder *r, unsigned char *to, size_t capacity, size_t lost)
{
    if (r->notice_left == 0 && lost != r->noticed)
        write_notice(r, lost);
    const size_t n = r->notice_left < capacity ? r->notice_left : capacity;
    memcpy(to, r->notice + sizeof r->notice - r->notice_left, n);
    r->notice_left -= n;
    return n;
}

size_t recorder_read(recorder *r, unsigned char *to, size_t capacity)
{
    /* Load lost_calls before `written`: if it is not 0, the ring gets nothing more. */
    const size_t lost = atomic_load_explicit(&r->lost_calls, memory_order_acquire);
    const size_t written = atomic_load_explicit(&r->written, memory_order_acquire);
    size_t read = atomic_load_explicit(&r->read, memory_order_relaxed), done = 0;
    while (done < capacity && read != written) {
        const size_t there = (written > read ? written : r->size) - read;
        const size_t n = there < capacity - done ? there : capacity - done;
        memcpy(to + done, r->ring + read, n);
        read = after(r, read, n);
        done += n;
    }
    atomic_store_explicit(&r->read, read, memory_order_release);
    if (done < capacity && lost > 0)
        done += read_notice(r, to + done, capacity - done, lost);
    return done;
}
