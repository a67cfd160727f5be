/*
 * The audio filter "Echo cancellation (unecho)" for OBS Studio: another source of the scene is the
 * far end. Timestamps bring both to one timeline, the library finds the rest of the delay.
 * docs/obs.md is the manual.
 */
#include "timeline.h"
#include "unecho.h"

#include <obs-module.h>
#include <pthread.h>
#include <string.h>
#include <util/platform.h>

OBS_DECLARE_MODULE()

/* Names of the settings. */
#define REFERENCE       "reference"
#define SUPPRESSION     "suppression"
#define NOISE_REDUCTION "noise_reduction_db"
#define COMFORT_NOISE   "comfort_noise"
#define LATE_REFERENCE  "reference_late_ms"

/* Half of it for chunks that come late, half for timestamps that say too late a time. */
enum { LATE_REFERENCE_MS = 160 };
/* Of the far end; what is older than the latest echo is the library's to keep. */
enum { PAST_SECONDS = 4 };
/* Frames of the far end at a time. */
enum { PART = 256 };

typedef struct filter {
    obs_source_t *context;
    /* Whoever looks for the reference: the window and OBS' clock. Taken before the lock below. */
    pthread_mutex_t looking;
    pthread_mutex_t lock; /* of all that follows */
    unecho *stream;       /* NULL: the microphone passes unchanged */
    unsigned rate, channels;
    unsigned late_ms;
    uint64_t latency_ns;
    int64_t lag; /* frames by which the far end is read late, so that it has arrived */
    timeline mic, far;
    far_past past;
    char *name;                   /* of the reference; "": none */
    obs_weak_source_t *reference; /* NULL: not found yet */
    bool missed;                  /* told that it is not there */
} filter;

#define LOG(f, level, format, ...)                                                                 \
    blog(level, "[unecho] %s: " format, obs_source_get_name((f)->context), __VA_ARGS__)

/* ---- The far end ------------------------------------------------------------------------ */

/* Called by the reference's thread. What is muted in OBS still sounds in the room. */
static void hear(void *data, obs_source_t *source, const struct audio_data *audio, bool muted)
{
    (void)source;
    (void)muted;
    filter *const f = data;
    pthread_mutex_lock(&f->lock);
    const int64_t first =
        timeline_place(&f->far, f->rate, audio->timestamp, os_gettime_ns(), audio->frames);
    far_past_write(&f->past, first, (const float *const *)audio->data, audio->frames);
    pthread_mutex_unlock(&f->lock);
}

/* Without the lock: OBS holds one of its own while it calls hear. */
static void let_go(filter *f)
{
    pthread_mutex_lock(&f->lock);
    obs_weak_source_t *const weak = f->reference;
    f->reference = NULL;
    f->far = (timeline){0};
    pthread_mutex_unlock(&f->lock);
    obs_source_t *const source = obs_weak_source_get_source(weak);
    if (source) {
        obs_source_remove_audio_capture_callback(source, hear, f);
        obs_source_release(source);
    }
    obs_weak_source_release(weak);
}

static void complain(filter *f)
{
    if (!f->missed && *f->name)
        LOG(f, LOG_WARNING, "the reference \"%s\" is not there, no echo is cancelled until it is",
            f->name);
    else if (!f->missed)
        LOG(f, LOG_WARNING, "%s",
            "no reference is chosen, no echo is cancelled: choose one in the filter's settings");
    f->missed = true;
}

static void look_for_reference(filter *f)
{
    obs_source_t *const source = *f->name ? obs_get_source_by_name(f->name) : NULL;
    if (source && source != obs_filter_get_parent(f->context)) {
        pthread_mutex_lock(&f->lock);
        f->reference = obs_source_get_weak_source(source);
        pthread_mutex_unlock(&f->lock);
        obs_source_add_audio_capture_callback(source, hear, f);
        f->missed = false;
    } else {
        complain(f);
    }
    obs_source_release(source);
}

/* Sources come and go while OBS runs. */
static void follow_reference(filter *f)
{
    obs_source_t *const source = obs_weak_source_get_source(f->reference);
    /* A filter that was copied may name the source that it was copied to. */
    if (!source || source == obs_filter_get_parent(f->context)) {
        let_go(f);
        look_for_reference(f);
    }
    obs_source_release(source);
}

static void tick(void *data, float seconds)
{
    (void)seconds;
    filter *const f = data;
    pthread_mutex_lock(&f->looking);
    follow_reference(f);
    pthread_mutex_unlock(&f->looking);
}

/* OBS tells all settings anew for every step of a slider. A reference that is taken again begins at
 * another place, as its timestamps jitter: a jump for the canceller. */
static void name_reference(filter *f, const char *name)
{
    pthread_mutex_lock(&f->looking);
    if (strcmp(f->name, name) != 0) {
        let_go(f);
        bfree(f->name);
        f->name = bstrdup(name);
        f->missed = false;
    }
    follow_reference(f);
    pthread_mutex_unlock(&f->looking);
}

/* ---- The microphone --------------------------------------------------------------------- */

static void cancel(filter *f, float *const *planes, int64_t first, size_t frames)
{
    float far[UNECHO_CHANNELS_MAX][PART];
    float *mics[UNECHO_CHANNELS_MAX], *fars[UNECHO_CHANNELS_MAX];
    for (size_t done = 0, n; done < frames; done += n) {
        n = frames - done < PART ? frames - done : PART;
        for (unsigned c = 0; c < f->channels; c++) {
            mics[c] = planes[c] + done;
            fars[c] = far[c];
        }
        far_past_read(&f->past, first - f->lag + (int64_t)done, fars, n);
        unecho_process_planar(f->stream, (const float *const *)mics, (const float *const *)fars,
                              mics, n);
    }
}

static struct obs_audio_data *filter_audio(void *data, struct obs_audio_data *audio)
{
    filter *const f = data;
    pthread_mutex_lock(&f->lock);
    if (f->stream) {
        const int64_t first =
            timeline_place(&f->mic, f->rate, audio->timestamp, os_gettime_ns(), audio->frames);
        cancel(f, (float *const *)audio->data, first, audio->frames);
        audio->timestamp -= f->latency_ns;
    }
    pthread_mutex_unlock(&f->lock);
    return audio;
}

/* ---- Settings --------------------------------------------------------------------------- */

static unecho *open_stream(filter *f, obs_data_t *settings)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho *stream = NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.sample_rate = (int)f->rate;
    config.mic_channels = config.far_channels = f->channels;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    config.suppression = (float)obs_data_get_double(settings, SUPPRESSION);
    config.noise_reduction_db = (unsigned)obs_data_get_int(settings, NOISE_REDUCTION);
    config.comfort_noise = obs_data_get_bool(settings, COMFORT_NOISE);
    config.reference_late_ms = (unsigned)obs_data_get_int(settings, LATE_REFERENCE);
    if (unecho_open(&stream, &config) < 0)
        LOG(f, LOG_WARNING, "%s; the microphone passes unchanged", message);
    return stream;
}

/* The latency is another one. */
static void reopen(filter *f, obs_data_t *settings)
{
    unecho *const stream = open_stream(f, settings);
    pthread_mutex_lock(&f->lock);
    unecho_close(&f->stream);
    f->stream = stream;
    f->late_ms = (unsigned)obs_data_get_int(settings, LATE_REFERENCE);
    f->latency_ns = stream ? (uint64_t)unecho_latency(stream) * 1000000000 / f->rate : 0;
    f->lag = (int64_t)f->late_ms * f->rate / 2000;
    f->mic = (timeline){0};
    pthread_mutex_unlock(&f->lock);
}

static void change(filter *f, obs_data_t *settings)
{
    pthread_mutex_lock(&f->lock);
    unecho_set_suppression(f->stream, (float)obs_data_get_double(settings, SUPPRESSION));
    unecho_set_noise_reduction(f->stream, (unsigned)obs_data_get_int(settings, NOISE_REDUCTION));
    unecho_set_comfort_noise(f->stream, obs_data_get_bool(settings, COMFORT_NOISE));
    pthread_mutex_unlock(&f->lock);
}

static void update(void *data, obs_data_t *settings)
{
    filter *const f = data;
    if (f->stream && f->late_ms == (unsigned)obs_data_get_int(settings, LATE_REFERENCE))
        change(f, settings);
    else
        reopen(f, settings);
    name_reference(f, obs_data_get_string(settings, REFERENCE));
}

static void set_defaults(obs_data_t *settings)
{
    obs_data_set_default_string(settings, REFERENCE, "");
    obs_data_set_default_double(settings, SUPPRESSION, 1.0);
    obs_data_set_default_int(settings, NOISE_REDUCTION, UNECHO_NOISE_REDUCTION_DB);
    obs_data_set_default_bool(settings, COMFORT_NOISE, false);
    obs_data_set_default_int(settings, LATE_REFERENCE, LATE_REFERENCE_MS);
}

typedef struct choice {
    obs_property_t *list;
    obs_source_t *own;
} choice;

static bool offer(void *data, obs_source_t *source)
{
    const choice *const c = data;
    if (source != c->own && (obs_source_get_output_flags(source) & OBS_SOURCE_AUDIO)) {
        const char *const name = obs_source_get_name(source);
        obs_property_list_add_string(c->list, name, name);
    }
    return true;
}

static obs_properties_t *get_properties(void *data)
{
    filter *const f = data;
    obs_properties_t *const all = obs_properties_create();
    obs_property_t *const list =
        obs_properties_add_list(all, REFERENCE, "Reference: what the loudspeaker plays",
                                OBS_COMBO_TYPE_LIST, OBS_COMBO_FORMAT_STRING);
    obs_property_list_add_string(list, "None", "");
    obs_enum_sources(offer, &(choice){list, f ? obs_filter_get_parent(f->context) : NULL});
    obs_properties_add_float_slider(all, SUPPRESSION, "Suppression", 0.0, UNECHO_SUPPRESSION_MAX,
                                    0.1);
    obs_properties_add_int_slider(all, NOISE_REDUCTION, "Noise reduction (dB)", 0,
                                  UNECHO_NOISE_REDUCTION_MAX_DB, 1);
    obs_properties_add_bool(all, COMFORT_NOISE, "Comfort noise");
    obs_properties_add_int(all, LATE_REFERENCE,
                           "Late reference (ms): how late it may be, adds that latency", 0,
                           UNECHO_REFERENCE_LATE_MAX_MS, 10);
    return all;
}

/* ---- The filter ------------------------------------------------------------------------- */

static const char *get_name(void *unused)
{
    (void)unused;
    return "Echo cancellation (unecho)";
}

static void destroy(void *data)
{
    filter *const f = data;
    let_go(f);
    unecho_close(&f->stream);
    far_past_close(&f->past);
    pthread_mutex_destroy(&f->looking);
    pthread_mutex_destroy(&f->lock);
    bfree(f->name);
    bfree(f);
}

static void *create(obs_data_t *settings, obs_source_t *context)
{
    filter *const f = bzalloc(sizeof *f);
    f->context = context;
    f->rate = audio_output_get_sample_rate(obs_get_audio());
    f->channels = (unsigned)audio_output_get_channels(obs_get_audio());
    f->name = bstrdup("");
    pthread_mutex_init(&f->looking, NULL);
    pthread_mutex_init(&f->lock, NULL);
    if (!far_past_open(&f->past, (size_t)PAST_SECONDS * f->rate, f->channels)) {
        destroy(f);
        return NULL;
    }
    update(f, settings);
    return f;
}

bool obs_module_load(void)
{
    static const struct obs_source_info info = {
        .id = "unecho_filter",
        .type = OBS_SOURCE_TYPE_FILTER,
        .output_flags = OBS_SOURCE_AUDIO,
        .get_name = get_name,
        .create = create,
        .destroy = destroy,
        .update = update,
        .get_defaults = set_defaults,
        .get_properties = get_properties,
        .video_tick = tick,
        .filter_audio = filter_audio,
    };
    obs_register_source(&info);
    return true;
}
