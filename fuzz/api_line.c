/* A stream of a script: opened with valid and invalid configs, queried, closed. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COST_OF_PLAIN = 32 };

static size_t held;

static void *allocate(void *user, size_t size)
{
    const int *const fails = user;
    if (*fails)
        return NULL;
    held++;
    return malloc(size);
}

static void release(void *user, void *memory)
{
    (void)user;
    held--;
    free(memory);
}

size_t hooks_hold(void)
{
    return held;
}

/* ---- Configs ---------------------------------------------------------------------------- */

/* Which fields of a config a script sets; one byte. */
enum {
    WHOLE_HOPS = 1,
    ANY_CPU = 2,
    HOOKS = 4,
    MESSAGE = 8,
    CELL_LIMIT = 16,
    RATES = 32,
    CHANNELS = 64,
    ENGINE = 128
};

/* What is wrong with a config; one byte, most of whose values mean nothing is wrong. */
typedef enum wrong {
    WRONG_RATE = 1,
    WRONG_BACKEND,
    WRONG_SIZE,
    WRONG_HOOKS,
    WRONG_NO_MEMORY,
    WRONG_POINTER,
    WRONG_FAR_RATE,
    WRONG_CHANNELS,
    WRONG_CHANNEL,
    WRONG_TAIL,
    WRONG_DELAY,
    WRONG_QUEUE,
    WRONG_HOPS,
    WRONG_PRECISION,
    WRONG_ALIGN,
    WRONG_ENGINE
} wrong;

static void set_rates(unecho_config *config, input *script)
{
    static const int rates[] = {8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000};
    const unsigned rate = take_byte(script), queue = take_byte(script), align = take_byte(script);
    config->sample_rate = rates[rate % 8];
    if (queue > 0) {
        config->far_rate = rates[rate / 8 % 8];
        config->far_queue_ms = 20 + queue * 8 % 1981;
    }
    config->align = (unecho_align)(align % 64 % 3);
    config->noise_reduction_db = align >> 6 & 1 ? 0 : UNECHO_NOISE_REDUCTION_DB;
    config->comfort_noise = (int)(align >> 6 & 1);
    config->high_band = (int)(align >> 7);
    config->delay_ms = take_byte(script) * 4.0;
    config->reference_late_ms = take_byte(script) * 5 % 1001;
}

static void set_channels(unecho_config *config, input *script)
{
    const unsigned counts = take_byte(script);
    config->mic_channels = 1 + counts % 8;
    config->far_channels = 1 + counts / 8 % 8;
    config->mic_channel = (int)(take_byte(script) % (config->mic_channels + 1)) - 1;
}

static void set_engine(unecho_config *config, input *script)
{
    config->engine = (unecho_engine)(take_byte(script) % 3);
    config->linear_tail_ms = 64 + take_byte(script) % 57 * 8;
}

static void spoil(unecho_config *config, wrong how, input *script)
{
    const unsigned any = take_short(script);
    if (how == WRONG_RATE)
        config->sample_rate = (int)any * 4 - 1000;
    if (how == WRONG_BACKEND)
        config->backend = (unecho_backend)(2 + any % 5); /* ONNX Runtime is not what is tried */
    if (how == WRONG_SIZE)
        config->size = any % 2 ? any % 24 : config->size - 1 - any % 7;
    if (how == WRONG_HOOKS)
        config->allocate = NULL;
    if (how == WRONG_FAR_RATE)
        config->far_rate = (int)any * 4 - 1000;
    if (how == WRONG_CHANNELS)
        *(any % 2 ? &config->mic_channels : &config->far_channels) = any / 2 % 12;
    if (how == WRONG_CHANNEL)
        config->mic_channel = (int)(any % 12) - 3;
    if (how == WRONG_TAIL)
        config->linear_tail_ms = any % 600;
    if (how == WRONG_DELAY)
        config->delay_ms = any == 0 ? NAN : (double)any - 1000.0;
    if (how == WRONG_QUEUE)
        config->far_queue_ms = any;
    if (how == WRONG_HOPS)
        config->hops_at_once = any % 70;
    if (how == WRONG_PRECISION)
        config->precision = (unecho_precision)(any % 5);
    if (how == WRONG_ALIGN)
        config->align = (unecho_align)(any % 5);
    if (how == WRONG_ENGINE)
        config->engine = (unecho_engine)(any % 5);
}

static int is_postfilter(unecho_model *model)
{
    unecho_model_info info = {.size = sizeof info};
    return unecho_model_get_info(model, &info) == UNECHO_OK && info.kind == UNECHO_MODEL_POSTFILTER;
}

/* Returns what is wrong. */
static wrong take_config(unecho_config *config, unecho_model *model, input *script)
{
    static int no = 0, yes = 1;
    const unsigned set = take_byte(script), numbers = take_byte(script);
    const wrong how = (wrong)take_byte(script);
    unecho_config_init(config);
    config->model = model;
    if (!is_postfilter(model))
        config->engine = UNECHO_ENGINE_NEURAL;
    config->whole_hops = (set & WHOLE_HOPS) != 0;
    config->hops_at_once = 1 + numbers % 64;
    config->precision = (unecho_precision)(numbers / 64 % 4);
    if (!(set & ANY_CPU))
        config->cpu = take_byte(script);
    if (set & HOOKS) {
        config->allocate = allocate;
        config->release = release;
        config->user = how == WRONG_NO_MEMORY ? &yes : &no;
    }
    if (set & CELL_LIMIT)
        config->cell_limit = (float)take_byte(script) / 16.0f - 1.0f;
    if (set & RATES)
        set_rates(config, script);
    if (set & CHANNELS)
        set_channels(config, script);
    if (set & ENGINE)
        set_engine(config, script);
    if (how >= WRONG_RATE && how <= WRONG_ENGINE)
        spoil(config, how, script);
    return how;
}

/* ---- Opening and closing ---------------------------------------------------------------- */

static void open_twin(line *l, const unecho_config *config, unsigned how)
{
    enum { OTHER_KERNELS = 64, AVX2_TOO = 128 };
    unecho_config other = *config;
    other.allocate = NULL;
    other.release = NULL;
    other.message = NULL;
    other.message_size = 0;
    /* With a pushed far end the capacity of the queue depends on hops_at_once. */
    if (!l->pushed)
        other.hops_at_once = 1 + how % 64;
    if (how & OTHER_KERNELS)
        other.cpu = how & AVX2_TOO ? UNECHO_CPU_AVX2 : UNECHO_CPU_PLAIN;
    expect(unecho_open(&l->twin, &other) == UNECHO_OK, "a config that opens once but not twice");
    l->pieces = how;
}

static int is_plain(const unecho *stream)
{
    return strcmp(unecho_kernels(stream), "plain") == 0;
}

void line_open(line *l, unecho_model *model, input *script)
{
    char text[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    const wrong how = take_config(&config, model, script);
    const unsigned twin = take_byte(script);
    const unsigned capacity = take_byte(script); /* 0: no message */
    config.message = capacity > 0 ? text : NULL;
    config.message_size = capacity;
    line_close(l);
    const size_t before = held;
    const int status = unecho_open(how == WRONG_POINTER ? NULL : &l->stream, &config);
    expect(status <= 0 && status >= UNECHO_STATUS_LAST, "an unknown status");
    expect((status == UNECHO_OK) == (l->stream != NULL), "status and stream disagree");
    expect(held == before + (l->stream && config.allocate ? 1 : 0), "not one allocation");
    if (capacity > 0 && config.size == sizeof config)
        expect(memchr(text, 0, capacity) != NULL &&
                   (text[0] == 0) == (status == UNECHO_OK || capacity == 1),
               "a failure without a message, or the reverse");
    if (!l->stream)
        return;
    l->mic_channels = config.mic_channels;
    l->far_channels = config.far_channels;
    l->rate = (unsigned)config.sample_rate;
    l->far_rate = config.far_rate ? (unsigned)config.far_rate : l->rate;
    l->whole_hops = config.whole_hops;
    l->pushed = config.far_queue_ms > 0;
    l->latency = unecho_latency(l->stream);
    /* As the header documents. */
    const double less = config.engine == UNECHO_ENGINE_LINEAR ? 24.0
                        : is_postfilter(model)                ? 16.0
                                                              : 0.0;
    const double late = config.reference_late_ms;
    const double ms = l->latency * 1000.0 / l->rate - late + less;
    if (l->rate == UNECHO_SAMPLE_RATE && l->far_rate == UNECHO_SAMPLE_RATE)
        expect(ms == (config.whole_hops ? 24.0 : 32.0), "another latency than the header's");
    else
        expect(ms >= 34.0 && ms <= 45.0, "another latency than the header's");
    if (twin > 0)
        open_twin(l, &config, twin);
    l->cost = is_plain(l->stream) || is_plain(l->twin) ? COST_OF_PLAIN : 1;
}

void line_close(line *l)
{
    if (l->stream)
        line_check(l);
    unecho_close(&l->stream);
    unecho_close(&l->twin);
    expect(!l->stream && !l->twin, "a pointer to a closed stream");
    *l = (line){.mic_channels = 1, .far_channels = 1, .rate = UNECHO_SAMPLE_RATE};
    l->far_rate = l->rate;
}

/* ---- Asking ----------------------------------------------------------------------------- */

static int is_db(float x)
{
    return isfinite(x) || x < 0; /* of silence: minus infinity */
}

static void check_stats(const unecho_stats *s, uint64_t frames)
{
    expect(s->frames == frames, "a wrong count of frames");
    expect(isfinite(s->peak) && s->peak >= 0.0f, "an invalid peak");
    expect(is_db(s->mic_db) && is_db(s->far_db) && is_db(s->out_db), "an invalid level");
    expect(isfinite(s->erle_db) && isfinite(s->linear_erle_db), "an ERLE that is not finite");
    expect(s->confidence >= 0.0f && s->confidence <= 1.0f, "a confidence beyond 0 to 1");
    expect(isfinite(s->delay_ms) && isfinite(s->drift_ppm), "a delay that is not finite");
    expect(s->far_active_seconds >= 0.0f && isfinite(s->far_active_seconds) &&
               s->far_silent_seconds >= 0.0f && isfinite(s->far_silent_seconds),
           "invalid seconds");
}

void line_check(const line *l)
{
    unecho_stats mine = {.size = sizeof mine}, other = {.size = sizeof other};
    expect(unecho_latency(l->stream) == l->latency, "a latency that changes");
    expect(unecho_kernels(l->stream)[0] != 0, "kernels without a name");
    expect(unecho_get_stats(l->stream, &mine) == UNECHO_OK, "no statistics");
    check_stats(&mine, l->frames);
    if (!l->twin)
        return;
    expect(unecho_get_stats(l->twin, &other) == UNECHO_OK, "no statistics");
    expect(mine.frames == other.frames && mine.guarded_samples == other.guarded_samples &&
               mine.mic_db == other.mic_db && mine.out_db == other.out_db &&
               mine.erle_db == other.erle_db && mine.peak == other.peak &&
               mine.realignments == other.realignments && mine.delay_ms == other.delay_ms &&
               mine.confidence == other.confidence && mine.drift_ppm == other.drift_ppm &&
               mine.far_missing_frames == other.far_missing_frames &&
               mine.linear_diverged == other.linear_diverged,
           "other statistics for the same samples in other pieces");
}
