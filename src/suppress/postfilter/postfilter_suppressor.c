#include "postfilter_suppressor.h"

#include "absence.h"
#include "dsp/decibels.h"
#include "evidence.h"
#include "features.h"
#include "noise.h"
#include "peaks.h"
#include "postfilter_model.h"

#include <string.h>

enum { HISTORY = TRANSFORM_BLOCK - TRANSFORM_HOP, POWER_ROW = SIGNALS * POSTFILTER_BANDS };
/* Rows that gain from weights read once: more only push each other's memory out of the caches. */
enum { ROWS_MOST = 4 };
/* What a run needs is on the stack, where it stays in the caches whichever stream runs; but for
 * what a row of networks of more than about 170 units needs. */
enum { ROOM_ON_STACK = 9 * 1024 };

/* Exponents of the network's gains at suppression 1, as it was trained to preserve the voice and
 * leaves some echo: while the near end talks, and while it does not. */
static const float exponent_near = 3.1f, exponent_far = 10.0f;
/* Where the model cannot tell who talks. */
static const float exponent_either = 1.8f;
/* The exponent follows the near end's first word at once, and its end over 0.4 s. Per hop. */
static const float talk_release = 0.02f;
/* A network that hears a talker while hardly anything exceeds the noise has taken noise that set in
 * for a voice, and would go on. Smoothing per hop: 0.4 s. */
static const float mistake_smoothing = 0.02f, mistake_exceeds = 0.04f, mistake_talk = 0.6f;
/* Held notes are no noise, though they may be as steady: from that share of them in the error on.
 */
static const float mistake_tonal = 0.35f;
/* The exponents would take all of the noise in pauses, which then fall silent. With a talker at the
 * near end it goes down by this at most, in dB, unless the settings ask for more. */
static const unsigned noise_reduction_most = 24;
/* A network takes what hums for a held note. Of noise that has lasted its gains are at most this:
 * -20 dB with the exponent of talk. */
static const float lasting_noise_most = 0.476f;
/* A talker is there after 0.8 s of talk, and leaves over 8 s. Per hop. */
static const float presence_rise = 0.01f, presence_fall = 0.001f;

/* What a row of a run passes from its analysis to its synthesis. */
typedef struct run_row {
    _Alignas(ARENA_ALIGNMENT) float error[2 * TRANSFORM_ROW]; /* the error's spectrum */
    /* Of the signals in the bands, [SIGNALS][POSTFILTER_BANDS]: */
    float power[POWER_ROW];
    float tonal[POWER_ROW]; /* what tones have of the wider ones, for the error and the far end */
} run_row;

/* Scratch for a run. */
typedef struct scratch {
    run_row *rows;
    network_rows network;
} scratch;

typedef struct postfilter_suppressor {
    suppressor base;
    const postfilter *net;
    const fft *fft;
    suppressor_lines lines;
    void *room;   /* for the network's rows; NULL: on the stack */
    float *heard; /* as in postfilter_listen, or NULL */
    features_memory features;
    network_memory network;
    noise_memory noise;
    evidence_memory evidence;
    absence_memory absence;
    float suppression;
    float talk;             /* whether the near end talks or did of late, 0 to 1 */
    float exceeded, called; /* by how much the noise is, and the talk, over 0.4 s */
    float presence;         /* whether a talker is at the near end at all, 0 to 1 */
    noise_target noise_target;
    float *tail;       /* [TRANSFORM_HOP]: the newest hop, still incomplete */
    float *near_end;   /* [rows], as in suppressor; NULL: the model cannot tell */
    float *near_share; /* [TRANSFORM_HOP + 1], as in suppressor */
} postfilter_suppressor;

static postfilter_suppressor *own(suppressor *s)
{
    return (postfilter_suppressor *)s;
}

/* ---- Opening ---------------------------------------------------------------------------- */

static int prepare(suppressor_plan *plan, const message *to)
{
    if (!plan->filtered)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "the model is a post-filter, which needs the linear filter: expected "
                            "engine UNECHO_ENGINE_LINEAR_NEURAL");
    const unecho_precision precision = plan->config->precision;
    plan->network = postfilter_of_model(
        plan->model, plan->kernels_index,
        precision == UNECHO_PRECISION_AUTO ? POSTFILTER_INT8 : (postfilter_precision)precision);
    return plan->network ? UNECHO_OK : message_fail(to, UNECHO_ERROR_MEMORY, "out of memory");
}

static suppressor *layout(arena *a, const suppressor_plan *plan)
{
    postfilter_suppressor unused;
    postfilter_suppressor *const taken = arena_take(a, sizeof *taken);
    postfilter_suppressor *const p = taken ? taken : &unused;
    p->net = plan->network;
    p->base = (suppressor){
        .kind = plan->kind,
        .kernels = p->net->k->name,
        .rows = plan->config->hops_at_once < ROWS_MOST ? plan->config->hops_at_once : ROWS_MOST,
    };
    const int fits = network_room(p->net, 1) <= ROOM_ON_STACK;
    p->room = fits ? NULL : arena_take(a, network_room(p->net, p->base.rows));
    p->heard = NULL;
    features_memory_layout(&p->features, a);
    network_memory_layout(&p->network, a, p->net);
    noise_layout(&p->noise, a);
    evidence_layout(&p->evidence, a);
    absence_layout(&p->absence, a);
    p->tail = arena_floats(a, TRANSFORM_HOP);
    p->base.near_share = p->near_share = arena_floats(a, TRANSFORM_HOP + 1);
    p->base.held = &p->evidence.held;
    p->near_end = NULL;
    if (network_tells_near_end(p->net))
        p->base.near_end = p->near_end = arena_floats(a, p->base.rows);
    return taken ? &taken->base : NULL;
}

static int start(suppressor *s, const suppressor_plan *plan, const suppressor_lines *lines,
                 const fft *points, const message *to)
{
    (void)plan;
    (void)to;
    own(s)->lines = *lines;
    own(s)->fft = points;
    return UNECHO_OK;
}

static void close(suppressor *s)
{
    (void)s;
}

static void set(suppressor *s, const suppressor_settings *to)
{
    postfilter_suppressor *const p = own(s);
    p->suppression = to->suppression;
    const unsigned db = to->noise_reduction_db;
    /* As much noise reduction as the network does needs no synthetic noise. */
    const int fill = db < UNECHO_NOISE_REDUCTION_DB || to->comfort_noise;
    const unsigned most = fill || db > noise_reduction_most ? db : noise_reduction_most;
    p->noise_target = (noise_target){.gain = gain_of_decibels(most), .fill = fill};
}

/* ---- Running ---------------------------------------------------------------------------- */

static bins spectrum(float *at)
{
    return (bins){at, at + TRANSFORM_ROW};
}

/* Compute the features of hop t, and what `synthesise` needs. */
static void analyse(postfilter_suppressor *p, size_t t, float *features, run_row *row)
{
    const postfilter *const net = p->net;
    const bins error = spectrum(row->error);
    const size_t at = t * TRANSFORM_HOP;
    float others[SIGNALS - 1][2 * TRANSFORM_ROW], rows[BANDS_ROWS * TRANSFORM_ROW];
    float block[TRANSFORM_BLOCK];
    bins all[SIGNALS] = {[SIGNAL_ERROR] = error};
    for (size_t i = 1; i < SIGNALS; i++)
        all[i] = spectrum(others[i - 1]);
    const float *const from[SIGNALS] = {[SIGNAL_ERROR] = p->lines.error + at,
                                        [SIGNAL_ECHO] = p->lines.echo + at,
                                        [SIGNAL_FAR] = p->lines.far + at};
    for (size_t i = 0; i < SIGNALS; i++)
        if (from[i])
            transform_forward(&net->transform, net->k, p->fft, all[i], from[i], block);
    /* The microphone without the rumble that was cut from the error. */
    for (size_t k = 0; k < FFT_BINS; k++) {
        all[SIGNAL_MIC].re[k] = error.re[k] + all[SIGNAL_ECHO].re[k];
        all[SIGNAL_MIC].im[k] = error.im[k] + all[SIGNAL_ECHO].im[k];
    }
    features_run(&p->features, net->k, &net->bands, features, row->power, all, rows);
    /* A whistle moves, and notes last. */
    peaks_of_bands(&net->bands, rows, row->tonal);
    peaks_of_bands(&net->bands, p->features.power[SIGNAL_FAR],
                   row->tonal + SIGNAL_FAR * POSTFILTER_BANDS);
}

/* The exponent of a row's gains. */
static float exponent_of(postfilter_suppressor *p, const float *gains)
{
    if (!p->near_end)
        return exponent_either;
    const float now = gains[POSTFILTER_NEAR_END];
    p->talk = now > p->talk ? now : p->talk + talk_release * (now - p->talk);
    return exponent_far + (exponent_near - exponent_far) * p->talk;
}

/* What is left of the noise at least, a factor of amplitude. */
static float least_of_noise(postfilter_suppressor *p, const float *gains)
{
    const float now = p->near_end ? gains[POSTFILTER_NEAR_END] : 0.0f;
    p->presence += (now > p->presence ? presence_rise : presence_fall) * (now - p->presence);
    return p->noise_target.fill ? p->noise_target.gain : p->presence * p->noise_target.gain;
}

/* Begin the network anew where it takes noise for a talker: noise that a call begins with it knows.
 */
static void forget_mistake(postfilter_suppressor *p, const float *gains)
{
    if (!p->near_end)
        return;
    const float exceeded = p->evidence.tones.tonal > mistake_tonal ? 1.0f : p->evidence.exceeded;
    p->exceeded += mistake_smoothing * (exceeded - p->exceeded);
    p->called += mistake_smoothing * (gains[POSTFILTER_NEAR_END] - p->called);
    if (p->exceeded >= mistake_exceeds || p->called <= mistake_talk || p->evidence.held > 0.0f)
        return;
    network_memory_reset(&p->network);
    p->called = 0.0f;
}

/* What the network makes of the error, at the filter's bins, which are twice as wide. */
static void share_of_near_end(postfilter_suppressor *p, const float *gains)
{
    float of_bins[TRANSFORM_ROW];
    bands_interpolate(&p->net->bands, of_bins, gains);
    for (size_t k = 0; k <= TRANSFORM_HOP; k++)
        p->near_share[k] = of_bins[2 * k];
}

/* Correct the gains of a row, apply them to its spectrum, keep or add noise, and transform back. */
static void synthesise(postfilter_suppressor *p, const scratch *s, size_t row, float *out)
{
    const postfilter *const net = p->net;
    const noise_target *const target = &p->noise_target;
    float of_bins[TRANSFORM_ROW], block[TRANSFORM_BLOCK];
    const bins error = spectrum(s->rows[row].error);
    const float *const power = s->rows[row].power;
    float *const gains = s->network.gains + row * GAINS_ROW;
    share_of_near_end(p, gains);
    noise_advance(&p->noise, &net->bands, power + SIGNAL_ERROR * POSTFILTER_BANDS,
                  power + SIGNAL_ECHO * POSTFILTER_BANDS);
    evidence_raise(&p->evidence, power, s->rows[row].tonal,
                   s->network.features + row * FEATURES_ROW, p->noise.floor,
                   p->near_end ? gains[POSTFILTER_NEAR_END] : 0.0f, gains);
    if (absence_next(&p->absence, power, p->noise.floor))
        network_memory_reset(&p->network);
    forget_mistake(p, gains);
    const float *const lasting = tones_lasting_noise(&p->evidence.tones);
    if (lasting)
        noise_bound(&p->noise, lasting, lasting_noise_most, gains);
    net->k->raise(gains, gains, p->suppression * exponent_of(p, gains), POSTFILTER_BANDS);
    noise_keep(&p->noise, least_of_noise(p, gains), gains);
    bands_interpolate(&net->bands, of_bins, gains);
    net->k->multiply(error.re, error.re, of_bins, FFT_BINS);
    net->k->multiply(error.im, error.im, of_bins, FFT_BINS);
    if (target->fill) {
        float missing[POSTFILTER_BANDS];
        noise_missing(&p->noise, target, gains, missing);
        bands_interpolate(&net->bands, of_bins, missing);
        noise_add(&p->noise, of_bins, error.re, error.im);
    }
    transform_inverse(&net->transform, net->k, p->fft, out, p->tail, error, block);
}

/* None of the next four is inlined: what else runs needs the stack, too, and a live stream not that
 * of a crowd. */
static __attribute__((noinline)) void run_network_once(const postfilter *net, const scratch *s,
                                                       void *room, network_memory *const *memory)
{
    _Alignas(ARENA_ALIGNMENT) unsigned char own_room[ROOM_ON_STACK];
    network_run(net, &s->network, room ? room : own_room, memory, 1, 1);
}

static __attribute__((noinline)) void run_network(const postfilter *net, const scratch *s,
                                                  void *room, network_memory *const *memories,
                                                  size_t count)
{
    _Alignas(ARENA_ALIGNMENT) unsigned char own_room[ROWS_MOST * ROOM_ON_STACK];
    network_run(net, &s->network, room ? room : own_room, memories, count, 1);
}

/* Hop t of each stream. */
static void run_hop(const postfilter_suppressor *host, const scratch *s, suppressor *const *all,
                    float *const *out, size_t count, size_t t)
{
    network_memory *memories[ROWS_MOST] = {NULL};
    for (size_t i = 0; i < count; i++) {
        postfilter_suppressor *const p = own(all[i]);
        float *const features = s->network.features + i * FEATURES_ROW;
        memories[i] = &p->network;
        analyse(p, t, features, &s->rows[i]);
        if (p->heard)
            memcpy(p->heard, features, POSTFILTER_FEATURES * sizeof *features);
    }
    if (count == 1)
        run_network_once(host->net, s, host->room, memories);
    else
        run_network(host->net, s, host->room, memories, count);
    for (size_t i = 0; i < count; i++) {
        postfilter_suppressor *const p = own(all[i]);
        if (p->near_end)
            p->near_end[t] = s->network.gains[i * GAINS_ROW + POSTFILTER_NEAR_END];
        synthesise(p, s, i, out[i] + t * TRANSFORM_HOP);
    }
}

static __attribute__((noinline)) void run_one(const postfilter_suppressor *host,
                                              suppressor *const *all, float *const *out, size_t t)
{
    _Alignas(ARENA_ALIGNMENT) float features[FEATURES_ROW];
    _Alignas(ARENA_ALIGNMENT) float gains[GAINS_ROW];
    run_row row;
    const scratch s = {&row, {features, gains}};
    run_hop(host, &s, all, out, 1, t);
}

static __attribute__((noinline)) void run_some(const postfilter_suppressor *host,
                                               suppressor *const *all, float *const *out,
                                               size_t count, size_t t)
{
    _Alignas(ARENA_ALIGNMENT) float features[ROWS_MOST * FEATURES_ROW];
    _Alignas(ARENA_ALIGNMENT) float gains[ROWS_MOST * GAINS_ROW];
    run_row rows[ROWS_MOST];
    const scratch s = {rows, {features, gains}};
    run_hop(host, &s, all, out, count, t);
}

/* One hop after the other: the network may have to forget what it made of the last one. */
static int run(suppressor *host, suppressor *const *all, float *const *out, size_t count,
               size_t hops)
{
    for (size_t t = 0; t < hops; t++) {
        if (count == 1)
            run_one(own(host), all, out, t);
        else
            run_some(own(host), all, out, count, t);
    }
    return UNECHO_OK;
}

static void skip(suppressor *s, size_t hops)
{
    (void)hops;
    memset(own(s)->tail, 0, TRANSFORM_HOP * sizeof *own(s)->tail);
}

/* The network was trained with jumps of the far end, which it detects from the coherences. */
static void restart(suppressor *s)
{
    (void)s;
}

/* How the devices and the room sound is kept, and what was of the last call is forgotten. */
static void next_call(suppressor *s)
{
    postfilter_suppressor *const p = own(s);
    evidence_reset(&p->evidence);
    absence_reset(&p->absence);
    p->talk = p->presence = p->exceeded = p->called = 0.0f;
}

static void reset(suppressor *s)
{
    postfilter_suppressor *const p = own(s);
    memset(p->features.all, 0, p->features.all_count * sizeof *p->features.all);
    network_memory_reset(&p->network);
    noise_reset(&p->noise);
    next_call(s);
    skip(s, 1);
}

static int together(const suppressor *a, const suppressor *b)
{
    return ((const postfilter_suppressor *)a)->net == ((const postfilter_suppressor *)b)->net;
}

void postfilter_listen(suppressor *s, float *heard)
{
    own(s)->heard = heard;
}

const suppressor_kind postfilter_native = {
    .history = HISTORY,
    .latency = TRANSFORM_HOP,
    .tells = 1,
    .denoises = 1,
    .prepare = prepare,
    .layout = layout,
    .start = start,
    .close = close,
    .set = set,
    .run = run,
    .skip = skip,
    .restart = restart,
    .reset = reset,
    .next_call = next_call,
    .together = together,
};
