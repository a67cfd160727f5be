/*
 * The method `unecho` of PipeWire's echo-cancel module: what the module says and passes becomes a
 * configuration and calls of the library. Knows the public header only. docs/pipewire.md is the
 * manual.
 */
#include "unecho.h"

#include <spa/interfaces/audio/aec.h>
#include <spa/support/log.h>
#include <spa/support/plugin.h>
#include <spa/utils/names.h>
#include <spa/utils/string.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Frames that are processed at a time. */
enum { BLOCK = 1024 };

/* A change of the sample rate while the module runs is a new handle: it does not happen to one. */
typedef struct canceller {
    struct spa_handle handle;
    struct spa_audio_aec aec;
    char latency[32];
    struct spa_log *log;
    unecho *stream; /* NULL: it could not be opened, the microphone passes unchanged */
    unsigned mics, outs, fars;
    float spare[UNECHO_CHANNELS_MAX][BLOCK]; /* output of channels that the module does not take */
} canceller;

/* ---- aec.args --------------------------------------------------------------------------- */

#define PREFIX          "unecho."
#define ENGINE          PREFIX "engine"
#define SUPPRESSION     PREFIX "suppression"
#define NOISE_REDUCTION PREFIX "noise_reduction_db"
#define COMFORT_NOISE   PREFIX "comfort_noise"
#define LATE_REFERENCE  PREFIX "reference_late_ms"

static const char *const names[] = {ENGINE, SUPPRESSION, NOISE_REDUCTION, COMFORT_NOISE,
                                    LATE_REFERENCE};

/* Settings of other methods may stand beside these. */
static void reject_others(const canceller *c, const struct spa_dict *args)
{
    for (uint32_t i = 0; args && i < args->n_items; i++) {
        const char *const key = args->items[i].key;
        bool known = strncmp(key, PREFIX, strlen(PREFIX)) != 0;
        for (unsigned n = 0; n < SPA_N_ELEMENTS(names); n++)
            known = known || spa_streq(key, names[n]);
        if (!known)
            spa_log_warn(c->log,
                         "unecho: %s is no setting; there are " ENGINE ", " SUPPRESSION
                         ", " NOISE_REDUCTION ", " COMFORT_NOISE " and " LATE_REFERENCE,
                         key);
    }
}

static const char *const engines[] = {
    [UNECHO_ENGINE_NEURAL] = "neural",
    [UNECHO_ENGINE_LINEAR] = "linear",
    [UNECHO_ENGINE_LINEAR_NEURAL] = "linear+neural",
};

static const char *lookup(const struct spa_dict *args, const char *key)
{
    return args ? spa_dict_lookup(args, key) : NULL;
}

static void read_engine(const canceller *c, const struct spa_dict *args, unecho_engine *engine)
{
    const char *const text = lookup(args, ENGINE);
    if (!text)
        return;
    for (unsigned i = 0; i < SPA_N_ELEMENTS(engines); i++)
        if (spa_streq(text, engines[i])) {
            *engine = (unecho_engine)i;
            return;
        }
    spa_log_warn(c->log,
                 "unecho: " ENGINE " is '%s', neither linear+neural, linear nor neural; it "
                 "counts as %s",
                 text, engines[*engine]);
}

static void read_number(const canceller *c, const struct spa_dict *args, const char *key,
                        unsigned most, unsigned *number)
{
    const char *const text = lookup(args, key);
    uint32_t value;
    if (!text)
        return;
    if (spa_atou32(text, &value, 10) && value <= most)
        *number = value;
    else
        spa_log_warn(c->log, "unecho: %s is '%s', not a whole number from 0 to %u; it counts as %u",
                     key, text, most, *number);
}

static void read_strength(const canceller *c, const struct spa_dict *args, float *strength)
{
    const char *const text = lookup(args, SUPPRESSION);
    float value;
    if (!text)
        return;
    if (spa_atof(text, &value) && value >= 0.0f && value <= (float)UNECHO_SUPPRESSION_MAX)
        *strength = value;
    else
        spa_log_warn(c->log,
                     "unecho: " SUPPRESSION " is '%s', not a number from 0 to %d; it counts as "
                     "%g",
                     text, UNECHO_SUPPRESSION_MAX, (double)*strength);
}

static void read_switch(const canceller *c, const struct spa_dict *args, const char *key, int *on)
{
    const char *const text = lookup(args, key);
    if (!text)
        return;
    if (spa_streq(text, "true") || spa_streq(text, "false"))
        *on = spa_streq(text, "true");
    else
        spa_log_warn(c->log, "unecho: %s is '%s', neither true nor false; it counts as %s", key,
                     text, *on ? "true" : "false");
}

/* ---- Methods ---------------------------------------------------------------------------- */

/* As large as the module's buffers are for that rate; it needs a whole number of frames. */
static void set_latency(canceller *c, uint32_t rate)
{
    if (rate >= 100)
        snprintf(c->latency, sizeof c->latency, "%u/%u", rate / 100, rate);
}

static void open_stream(canceller *c, const struct spa_dict *args,
                        const struct spa_audio_info_raw *mic, const struct spa_audio_info_raw *far)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.sample_rate = mic->rate < INT_MAX ? (int)mic->rate : INT_MAX;
    config.mic_channels = mic->channels;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    config.far_channels = far->channels;
    reject_others(c, args);
    read_engine(c, args, &config.engine);
    read_strength(c, args, &config.suppression);
    read_switch(c, args, COMFORT_NOISE, &config.comfort_noise);
    read_number(c, args, NOISE_REDUCTION, UNECHO_NOISE_REDUCTION_MAX_DB,
                &config.noise_reduction_db);
    read_number(c, args, LATE_REFERENCE, UNECHO_REFERENCE_LATE_MAX_MS, &config.reference_late_ms);

    unecho_close(&c->stream);
    if (far->rate != mic->rate)
        snprintf(message, sizeof message, "microphone and far end have %u and %u Hz", mic->rate,
                 far->rate);
    else if (unecho_open(&c->stream, &config) == UNECHO_OK)
        return;
    spa_log_warn(c->log, "unecho: %s; the microphone passes unchanged", message);
}

/* The header names the formats in another order than the module passes them. */
static int init2(void *object, const struct spa_dict *args, struct spa_audio_info_raw *mic,
                 struct spa_audio_info_raw *out, struct spa_audio_info_raw *far)
{
    canceller *const c = object;
    c->mics = mic->channels;
    c->outs = out->channels;
    c->fars = far->channels;
    set_latency(c, mic->rate);
    open_stream(c, args, mic, far);
    return 0;
}

static int init(void *object, const struct spa_dict *args, const struct spa_audio_info_raw *info)
{
    struct spa_audio_info_raw mic = *info, out = *info, far = *info;
    return init2(object, args, &mic, &out, &far);
}

/* False: not done. Every channel of the output is the same signal. */
static bool cancel(canceller *c, const float *const *mic, const float *const *far,
                   float *const *out, uint32_t from, uint32_t n)
{
    const float *mics[UNECHO_CHANNELS_MAX], *fars[UNECHO_CHANNELS_MAX];
    float *outs[UNECHO_CHANNELS_MAX];
    if (!c->stream || c->outs == 0)
        return false;
    for (unsigned i = 0; i < c->mics; i++) {
        mics[i] = mic[i] + from;
        outs[i] = i < c->outs ? out[i] + from : c->spare[i];
    }
    for (unsigned i = 0; far && i < c->fars; i++)
        fars[i] = far[i] + from;
    if (unecho_process_planar(c->stream, mics, far ? fars : NULL, outs, n) < 0)
        return false;
    for (unsigned i = c->mics; i < c->outs; i++)
        memcpy(out[i] + from, outs[0], n * sizeof **out);
    return true;
}

/* A channel that the microphone has not repeats its last. */
static void pass(const canceller *c, const float *const *mic, float *const *out, uint32_t from,
                 uint32_t n)
{
    for (unsigned i = 0; i < c->outs; i++)
        if (c->mics > 0)
            memmove(out[i] + from, mic[SPA_MIN(i, c->mics - 1)] + from, n * sizeof **out);
        else
            memset(out[i] + from, 0, n * sizeof **out);
}

static int run(void *object, const float *mic[], const float *far[], float *out[],
               uint32_t n_samples)
{
    canceller *const c = object;
    for (uint32_t from = 0, n; from < n_samples; from += n) {
        n = SPA_MIN(n_samples - from, (uint32_t)BLOCK);
        if (!cancel(c, mic, far, out, from, n))
            pass(c, mic, out, from, n);
    }
    return 0;
}

/* All methods up to version 3, whose last one older headers do not have. Modules from before it
 * call init. */
static const struct {
    uint32_t version;
    int (*add_listener)(void *, struct spa_hook *, const struct spa_audio_aec_events *, void *);
    int (*init)(void *, const struct spa_dict *, const struct spa_audio_info_raw *);
    int (*run)(void *, const float *[], const float *[], float *[], uint32_t);
    int (*set_props)(void *, const struct spa_dict *);
    int (*activate)(void *);
    int (*deactivate)(void *);
    int (*enum_props)(void *, int, struct spa_pod_builder *);
    int (*get_params)(void *, struct spa_pod_builder *);
    int (*set_params)(void *, const struct spa_pod *);
    int (*init2)(void *, const struct spa_dict *, struct spa_audio_info_raw *,
                 struct spa_audio_info_raw *, struct spa_audio_info_raw *);
} methods = {.version = 3, .init = init, .run = run, .init2 = init2};

/* ---- The handle ------------------------------------------------------------------------- */

static int get_interface(struct spa_handle *handle, const char *type, void **interface)
{
    canceller *const c = (canceller *)handle;
    if (!spa_streq(type, SPA_TYPE_INTERFACE_AUDIO_AEC))
        return -ENOENT;
    *interface = &c->aec;
    return 0;
}

static int clear(struct spa_handle *handle)
{
    unecho_close(&((canceller *)handle)->stream);
    return 0;
}

static size_t get_size(const struct spa_handle_factory *factory, const struct spa_dict *params)
{
    (void)factory;
    (void)params;
    return sizeof(canceller);
}

static int handle_init(const struct spa_handle_factory *factory, struct spa_handle *handle,
                       const struct spa_dict *info, const struct spa_support *support,
                       uint32_t n_support)
{
    canceller *const c = (canceller *)handle;
    (void)factory;
    (void)info;
    memset(c, 0, sizeof *c);
    c->handle.version = SPA_VERSION_HANDLE;
    c->handle.get_interface = get_interface;
    c->handle.clear = clear;
    c->aec.iface =
        SPA_INTERFACE_INIT(SPA_TYPE_INTERFACE_AUDIO_AEC, SPA_VERSION_AUDIO_AEC, &methods, c);
    c->aec.name = "unecho";
    c->aec.latency = c->latency;
    set_latency(c, 48000);
    c->log = spa_support_find(support, n_support, SPA_TYPE_INTERFACE_Log);
    return 0;
}

static const struct spa_interface_info interfaces[] = {{.type = SPA_TYPE_INTERFACE_AUDIO_AEC}};

static int enum_interfaces(const struct spa_handle_factory *factory,
                           const struct spa_interface_info **info, uint32_t *index)
{
    (void)factory;
    if (*index >= SPA_N_ELEMENTS(interfaces))
        return 0;
    *info = &interfaces[(*index)++];
    return 1;
}

static const struct spa_handle_factory factory = {
    .version = SPA_VERSION_HANDLE_FACTORY,
    .name = SPA_NAME_AEC,
    .get_size = get_size,
    .init = handle_init,
    .enum_interface_info = enum_interfaces,
};

UNECHO_API int spa_handle_factory_enum(const struct spa_handle_factory **found, uint32_t *index)
{
    if (*index > 0)
        return 0;
    *found = &factory;
    (*index)++;
    return 1;
}
