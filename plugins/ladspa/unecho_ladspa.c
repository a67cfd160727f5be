/*
 * The LADSPA plugins `unecho` (mono) and `unecho_stereo`: ports and blocks of the host become a
 * configuration and calls of the library. Knows the public header only. docs/ladspa.md is the
 * manual.
 */
#include "unecho_ladspa.h"

#include <ladspa.h>

#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* The ports: every channel of the microphone, of the far end, of the output; then the controls. */
enum { MIC, FAR, OUT, SIGNALS };
enum { ENGINE, SUPPRESSION, NOISE_REDUCTION, LATE_REFERENCE, LATENCY, CONTROLS };

enum { CHANNELS_MAX = 2 };

/* LADSPA cannot express 20 as a default other than as the middle of a range. */
#define NOISE_REDUCTION_MAX_DB (2 * UNECHO_NOISE_REDUCTION_DB)

/* What the control ports say. */
typedef struct settings {
    unsigned engine, noise_reduction_db, reference_late_ms;
    float suppression;
} settings;

typedef struct plugin {
    unsigned long rate;
    unsigned channels;
    unecho *stream; /* NULL: it could not be opened, the microphone passes unchanged */
    int status;     /* of unecho_open */
    settings current;
    LADSPA_Data latency;
    LADSPA_Data *audio[SIGNALS][CHANNELS_MAX];
    LADSPA_Data *controls[CONTROLS];
    /* run() fills the statistics when it is asked to, and nobody reads them before it is done. */
    atomic_int asked;
    unecho_stats stats;
} plugin;

enum { NOT_ASKED, ASKED, ANSWERED };

/* For unecho_ladspa_stats. */
static _Atomic(plugin *) newest;

/* The host may not have set it, and may ignore its range. */
static float control(const plugin *p, int which, float most, float fallback)
{
    const LADSPA_Data *const value = p->controls[which];
    return !value || isnan(*value) ? fallback : fminf(fmaxf(*value, 0.0f), most);
}

static unsigned integer(const plugin *p, int which, unsigned most, unsigned fallback)
{
    return (unsigned)lrintf(control(p, which, (float)most, (float)fallback));
}

static settings read_controls(const plugin *p)
{
    return (settings){
        .engine = integer(p, ENGINE, UNECHO_ENGINE_LINEAR_NEURAL, UNECHO_ENGINE_LINEAR_NEURAL),
        .noise_reduction_db =
            integer(p, NOISE_REDUCTION, NOISE_REDUCTION_MAX_DB, UNECHO_NOISE_REDUCTION_DB),
        .reference_late_ms = integer(p, LATE_REFERENCE, UNECHO_REFERENCE_LATE_MAX_MS, 0),
        .suppression = control(p, SUPPRESSION, UNECHO_SUPPRESSION_MAX, 1.0f),
    };
}

/* Whether a stream that was opened with `a` can run with `b`. */
static bool alike(const settings *a, const settings *b)
{
    return a->engine == b->engine && a->reference_late_ms == b->reference_late_ms;
}

/* Real-time safe. */
static void change(plugin *p, const settings *to)
{
    if (to->suppression != p->current.suppression)
        unecho_set_suppression(p->stream, to->suppression);
    if (to->noise_reduction_db != p->current.noise_reduction_db)
        unecho_set_noise_reduction(p->stream, to->noise_reduction_db);
    p->current.suppression = to->suppression;
    p->current.noise_reduction_db = to->noise_reduction_db;
}

static void open_stream(plugin *p, const settings *wanted)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.sample_rate = p->rate < INT_MAX ? (int)p->rate : INT_MAX;
    config.mic_channels = config.far_channels = p->channels;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    config.engine = (unecho_engine)wanted->engine;
    config.suppression = wanted->suppression;
    config.noise_reduction_db = wanted->noise_reduction_db;
    config.reference_late_ms = wanted->reference_late_ms;

    unecho_close(&p->stream);
    p->status = unecho_open(&p->stream, &config);
    if (p->status < 0)
        fprintf(stderr, "unecho (LADSPA): %s; the microphone passes unchanged\n", message);
    p->current = *wanted;
    p->latency = p->stream ? (LADSPA_Data)unecho_latency(p->stream) : 0.0f;
}

static LADSPA_Handle instantiate(const LADSPA_Descriptor *descriptor, unsigned long rate)
{
    plugin *const p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->rate = rate;
    p->channels = (unsigned)(descriptor->PortCount - CONTROLS) / SIGNALS;
    /* Here rather than in activate, which hosts may call when sound already runs. No port is
     * connected yet: with the defaults. */
    const settings defaults = read_controls(p);
    open_stream(p, &defaults);
    newest = p;
    return p;
}

static void connect_port(LADSPA_Handle handle, unsigned long port, LADSPA_Data *data)
{
    plugin *const p = handle;
    const unsigned long audio = SIGNALS * p->channels;
    if (port < audio)
        p->audio[port / p->channels][port % p->channels] = data;
    else if (port < audio + CONTROLS)
        p->controls[port - audio] = data;
}

static void activate(LADSPA_Handle handle)
{
    plugin *const p = handle;
    /* No setting mends a rate; a model or memory may be there by now. */
    if (p->status == UNECHO_ERROR_SAMPLE_RATE)
        return;
    const settings wanted = read_controls(p);
    if (!p->stream || !alike(&wanted, &p->current)) {
        open_stream(p, &wanted);
        return;
    }
    unecho_reset(p->stream);
    change(p, &wanted);
}

/* A channel that the host left unconnected is taken from the other. False: there is none. */
static bool connected(const plugin *p, int signal, LADSPA_Data *channels[CHANNELS_MAX])
{
    LADSPA_Data *const *const ports = p->audio[signal];
    for (unsigned c = 0; c < p->channels; c++)
        channels[c] = ports[c] ? ports[c] : ports[p->channels - 1 - c];
    return channels[0] != NULL;
}

/* Frame by frame, as the host may use a buffer of one channel for the output of the other. */
static void pass_through(const plugin *p, LADSPA_Data *const *mic, LADSPA_Data *const *out,
                         unsigned long count)
{
    const unsigned last = p->channels - 1;
    for (unsigned long i = 0; i < count; i++) {
        const LADSPA_Data left = mic[0][i], right = mic[last][i];
        out[0][i] = left;
        out[last][i] = right;
    }
}

static void run(LADSPA_Handle handle, unsigned long count)
{
    plugin *const p = handle;
    LADSPA_Data *mic[CHANNELS_MAX] = {0}, *far[CHANNELS_MAX] = {0}, *out[CHANNELS_MAX] = {0};
    if (p->controls[LATENCY])
        *p->controls[LATENCY] = p->latency;
    if (!connected(p, MIC, mic) || !connected(p, OUT, out))
        return;
    const settings wanted = read_controls(p);
    if (p->stream)
        change(p, &wanted);
    const bool has_far = connected(p, FAR, far);
    if (!p->stream ||
        unecho_process_planar(p->stream, (const float *const *)mic,
                              has_far ? (const float *const *)far : NULL, out, count) < 0)
        pass_through(p, mic, out, count);
    if (atomic_load_explicit(&p->asked, memory_order_acquire) == ASKED) {
        p->stats = (unecho_stats){.size = sizeof p->stats};
        if (p->stream)
            unecho_get_stats(p->stream, &p->stats);
        atomic_store_explicit(&p->asked, ANSWERED, memory_order_release);
    }
}

static void cleanup(LADSPA_Handle handle)
{
    plugin *const p = handle;
    unecho_close(&p->stream);
    plugin *expected = p;
    atomic_compare_exchange_strong(&newest, &expected, NULL);
    free(p);
}

/* ---- Descriptors ------------------------------------------------------------------------ */

#define AUDIO_IN  (LADSPA_PORT_AUDIO | LADSPA_PORT_INPUT)
#define AUDIO_OUT (LADSPA_PORT_AUDIO | LADSPA_PORT_OUTPUT)

#define CONTROL_PORTS                                                                              \
    LADSPA_PORT_CONTROL | LADSPA_PORT_INPUT, LADSPA_PORT_CONTROL | LADSPA_PORT_INPUT,              \
        LADSPA_PORT_CONTROL | LADSPA_PORT_INPUT, LADSPA_PORT_CONTROL | LADSPA_PORT_INPUT,          \
        LADSPA_PORT_CONTROL | LADSPA_PORT_OUTPUT

/* Hosts know the port `latency` by its name. */
#define CONTROL_NAMES                                                                              \
    "Engine", "Suppression", "Noise reduction (dB)", "Late reference (ms)", "latency"

#define BOUNDED_INTEGER                                                                            \
    (LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_BOUNDED_ABOVE | LADSPA_HINT_INTEGER)

/* SoX asks for a default even of an output. */
#define CONTROL_HINTS                                                                              \
    {BOUNDED_INTEGER | LADSPA_HINT_DEFAULT_MAXIMUM, 0.0f, UNECHO_ENGINE_LINEAR_NEURAL},            \
        {LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_BOUNDED_ABOVE | LADSPA_HINT_DEFAULT_1, 0.0f,      \
         UNECHO_SUPPRESSION_MAX},                                                                  \
        {BOUNDED_INTEGER | LADSPA_HINT_DEFAULT_MIDDLE, 0.0f, NOISE_REDUCTION_MAX_DB},              \
        {BOUNDED_INTEGER | LADSPA_HINT_DEFAULT_0, 0.0f, UNECHO_REFERENCE_LATE_MAX_MS},             \
    {                                                                                              \
        LADSPA_HINT_BOUNDED_BELOW | LADSPA_HINT_INTEGER | LADSPA_HINT_DEFAULT_0, 0.0f, 0.0f        \
    }

static const LADSPA_PortDescriptor mono_ports[] = {AUDIO_IN, AUDIO_IN, AUDIO_OUT, CONTROL_PORTS};
static const char *const mono_names[] = {"Mic", "Far", "Out", CONTROL_NAMES};
static const LADSPA_PortRangeHint mono_hints[] = {{0}, {0}, {0}, CONTROL_HINTS};

static const LADSPA_PortDescriptor stereo_ports[] = {
    AUDIO_IN, AUDIO_IN, AUDIO_IN, AUDIO_IN, AUDIO_OUT, AUDIO_OUT, CONTROL_PORTS,
};
static const char *const stereo_names[] = {
    "Mic L", "Mic R", "Far L", "Far R", "Out L", "Out R", CONTROL_NAMES,
};
static const LADSPA_PortRangeHint stereo_hints[] = {
    {0}, {0}, {0}, {0}, {0}, {0}, CONTROL_HINTS,
};

/* Identifiers must be below 2^24: the bytes "une" and the next. They are not registered. */
static const LADSPA_Descriptor descriptors[] = {
    {
        .UniqueID = 0x756e65,
        .Label = "unecho",
        .Properties = LADSPA_PROPERTY_HARD_RT_CAPABLE,
        .Name = "unecho: acoustic echo canceller",
        .Maker = "unecho",
        .Copyright = "MIT",
        .PortCount = SIGNALS + CONTROLS,
        .PortDescriptors = mono_ports,
        .PortNames = mono_names,
        .PortRangeHints = mono_hints,
        .instantiate = instantiate,
        .connect_port = connect_port,
        .activate = activate,
        .run = run,
        .cleanup = cleanup,
    },
    {
        .UniqueID = 0x756e66,
        .Label = "unecho_stereo",
        .Properties = LADSPA_PROPERTY_HARD_RT_CAPABLE,
        .Name = "unecho: acoustic echo canceller, stereo",
        .Maker = "unecho",
        .Copyright = "MIT",
        .PortCount = SIGNALS * 2 + CONTROLS,
        .PortDescriptors = stereo_ports,
        .PortNames = stereo_names,
        .PortRangeHints = stereo_hints,
        .instantiate = instantiate,
        .connect_port = connect_port,
        .activate = activate,
        .run = run,
        .cleanup = cleanup,
    },
};

UNECHO_API const LADSPA_Descriptor *ladspa_descriptor(unsigned long index)
{
    return index < sizeof descriptors / sizeof *descriptors ? &descriptors[index] : NULL;
}

/* ---- Statistics ------------------------------------------------------------------------- */

UNECHO_API unecho_ladspa_stats_function unecho_ladspa_stats;

int unecho_ladspa_stats(unecho_stats *stats)
{
    plugin *const p = newest;
    if (!stats || stats->size != sizeof p->stats)
        return UNECHO_ERROR_ARGUMENT;
    if (!p)
        return 0;
    const int answered = atomic_load_explicit(&p->asked, memory_order_acquire) == ANSWERED;
    if (answered)
        *stats = p->stats;
    atomic_store_explicit(&p->asked, ASKED, memory_order_release);
    return answered;
}
