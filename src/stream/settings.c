/* The settings that may change while a stream runs. */
#include "config.h"
#include "stream.h"

#include "dsp/decibels.h"

void stream_follow_settings(unecho *s)
{
    const suppressor_settings *const to = &s->canceller.settings;
    const suppressor_kind *const kind = s->canceller.suppressor->kind;
    canceller_set(&s->canceller);
    /* Above 8 kHz as below. */
    const int keep = to->noise_reduction_db < UNECHO_NOISE_REDUCTION_DB;
    output_set(&s->output,
               &(upper_noise){
                   .gain = kind->denoises ? gain_of_decibels(to->noise_reduction_db) : 1.0f,
                   .fill = kind->set && (keep || to->comfort_noise),
               });
}

/* Follow the new settings and record the one that changed, by its key. */
static int set(unecho *s, const suppressor_settings *to, unsigned key, float value)
{
    s->canceller.settings = *to;
    stream_follow_settings(s);
    if (s->recorder) {
        const record_head head = {.kind = RECORD_SETTING, .extra = record_setting(key, value)};
        recorder_note(s->recorder, &head, UNECHO_OK);
    }
    return UNECHO_OK;
}

int unecho_set_suppression(unecho *stream, float strength)
{
    if (!stream || !config_suppression_valid(strength))
        return UNECHO_ERROR_ARGUMENT;
    suppressor_settings to = stream->canceller.settings;
    to.suppression = strength;
    return set(stream, &to, RECORD_KEY_SUPPRESSION, strength);
}

int unecho_set_noise_reduction(unecho *stream, unsigned db)
{
    if (!stream || db > UNECHO_NOISE_REDUCTION_MAX_DB)
        return UNECHO_ERROR_ARGUMENT;
    suppressor_settings to = stream->canceller.settings;
    to.noise_reduction_db = db;
    return set(stream, &to, RECORD_KEY_NOISE_REDUCTION, (float)db);
}

int unecho_set_comfort_noise(unecho *stream, int on)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    suppressor_settings to = stream->canceller.settings;
    to.comfort_noise = on != 0;
    return set(stream, &to, RECORD_KEY_COMFORT_NOISE, (float)to.comfort_noise);
}
