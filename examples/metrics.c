#include "metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Text ------------------------------------------------------------------------------- */

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
put(metrics_text *t, const char *format, ...)
{
    const size_t left = t->length < t->size ? t->size - t->length : 0;
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(left > 0 ? t->text + t->length : NULL, left, format, list);
    va_end(list);
    t->length += length > 0 ? (size_t)length : 0;
}

/* A label's value: three characters have a special meaning in it. */
static void put_value(metrics_text *t, const char *value)
{
    for (;;) {
        const size_t plain = strcspn(value, "\\\"\n");
        put(t, "%.*s", (int)plain, value);
        value += plain;
        if (!*value)
            return;
        put(t, "\\%c", *value == '\n' ? 'n' : *value);
        value++;
    }
}

void metrics_head(metrics_text *t, const char *name, metrics_type type, const char *help)
{
    static const char *const types[] = {"gauge", "counter", "histogram"};
    put(t, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

void metrics_sample(metrics_text *t, const char *name, const char *label, const char *value,
                    double number)
{
    put(t, "%s", name);
    if (label) {
        put(t, "{%s=\"", label);
        put_value(t, value);
        put(t, "\"}");
    }
    if (isfinite(number))
        put(t, " %.15g\n", number);
    else
        put(t, " %s\n", isnan(number) ? "NaN" : number > 0.0 ? "+Inf" : "-Inf");
}

/* ---- Streams ---------------------------------------------------------------------------- */

typedef enum field_type { FLOAT, INT, UINT32, UINT64 } field_type;

/* When there is a sample: without a delay, or where nothing tells (-1), there is none. */
typedef enum sample_rule { ALWAYS, WITH_DELAY, UNLESS_NEGATIVE } sample_rule;

typedef struct metric {
    const char *name;
    metrics_type type;
    sample_rule rule;
    size_t at; /* in unecho_stats */
    field_type field;
    double unit; /* of the field, in that of the metric: Prometheus wants seconds and ratios */
    const char *help;
} metric;

#define FIELD(type, name) offsetof(unecho_stats, name), type

/* "of the call": since it began. */
static const metric metrics[] = {
    {"unecho_erle_decibels", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, erle_now_db), 1.0,
     "Echo return loss enhancement of the last 3 s in which the far end was active."},
    {"unecho_call_erle_decibels", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, erle_db), 1.0,
     "Echo return loss enhancement of the call."},
    {"unecho_call_linear_erle_decibels", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, linear_erle_db), 1.0,
     "The part of it that is due to the linear filter."},
    {"unecho_microphone_level_decibels", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, mic_now_db), 1.0,
     "Level of the microphone in the last 0.3 s, relative to full scale."},
    {"unecho_far_level_decibels", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, far_now_db), 1.0,
     "Level of the far end in the last 0.3 s, relative to full scale."},
    {"unecho_output_level_decibels", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, out_now_db), 1.0,
     "Level of the output in the last 0.3 s, relative to full scale."},
    {"unecho_output_peak_ratio", METRICS_GAUGE, ALWAYS, FIELD(FLOAT, peak), 1.0,
     "Highest magnitude of the output of the call, relative to full scale."},
    {"unecho_aligned", METRICS_GAUGE, ALWAYS, FIELD(INT, aligned), 1.0,
     "1 if the delay of the echo is known."},
    {"unecho_delay_seconds", METRICS_GAUGE, WITH_DELAY, FIELD(FLOAT, delay_ms), 1e-3,
     "From a far-end sample's arrival to that of its echo."},
    {"unecho_delay_confidence_ratio", METRICS_GAUGE, WITH_DELAY, FIELD(FLOAT, confidence), 1.0,
     "How certain the delay is, 0 to 1; below 0.3 no echo is seen at present."},
    {"unecho_drift_ratio", METRICS_GAUGE, WITH_DELAY, FIELD(FLOAT, drift_ppm), 1e-6,
     "How much faster the far end's clock is than the microphone's."},
    {"unecho_realignments_total", METRICS_COUNTER, ALWAYS, FIELD(UINT32, realignments), 1.0,
     "How often the far end was shifted, the first time included."},
    {"unecho_filter_restarts_total", METRICS_COUNTER, ALWAYS, FIELD(UINT32, linear_diverged), 1.0,
     "How often the linear filter made things worse and restarted."},
    {"unecho_frames_total", METRICS_COUNTER, ALWAYS, FIELD(UINT64, frames), 1.0,
     "Frames that were processed."},
    {"unecho_far_active_seconds_total", METRICS_COUNTER, ALWAYS, FIELD(FLOAT, far_active_seconds),
     1.0, "Audio in which the far end was active."},
    {"unecho_far_silent_seconds_total", METRICS_COUNTER, ALWAYS, FIELD(FLOAT, far_silent_seconds),
     1.0, "Output that is the unchanged microphone."},
    {"unecho_near_end_active_ratio", METRICS_GAUGE, UNLESS_NEGATIVE, FIELD(FLOAT, near_end_active),
     1.0, "Probability that the near end's talker speaks, 0 to 1."},
    {"unecho_near_end_seconds_total", METRICS_COUNTER, ALWAYS, FIELD(FLOAT, near_end_seconds), 1.0,
     "Audio in which the near end's talker spoke."},
    {"unecho_guarded_samples_total", METRICS_COUNTER, ALWAYS, FIELD(UINT64, guarded_samples), 1.0,
     "Input samples that were not finite or far out of range."},
    {"unecho_microphone_clipped_samples_total", METRICS_COUNTER, ALWAYS,
     FIELD(UINT64, mic_clipped_samples), 1.0, "Samples of the microphone at full scale."},
    {"unecho_far_clipped_samples_total", METRICS_COUNTER, ALWAYS,
     FIELD(UINT64, far_clipped_samples), 1.0, "Samples of the far end at full scale."},
    {"unecho_far_missing_frames_total", METRICS_COUNTER, ALWAYS, FIELD(UINT64, far_missing_frames),
     1.0, "Silence in place of far end that did not come in time."},
    {"unecho_far_dropped_frames_total", METRICS_COUNTER, ALWAYS, FIELD(UINT64, far_dropped_frames),
     1.0, "Far end that was dropped as the microphone had stopped."},
    {"unecho_limited_hops_total", METRICS_COUNTER, ALWAYS, FIELD(UINT64, limited_hops), 1.0,
     "Hops of output that were turned down, as they were louder than the microphone."},
    {"unecho_failed_hops_total", METRICS_COUNTER, ALWAYS, FIELD(UINT64, failed_hops), 1.0,
     "Hops in which the network gave no usable numbers."},
};

size_t metrics_count(void)
{
    return sizeof metrics / sizeof *metrics;
}

static double value_of(const metric *m, const unecho_stats *stats)
{
    const char *const at = (const char *)stats + m->at;
    double value = 0.0;
    float f;
    int i;
    uint32_t u;
    uint64_t w;
    switch (m->field) {
    case FLOAT:
        memcpy(&f, at, sizeof f);
        value = (double)f;
        break;
    case INT:
        memcpy(&i, at, sizeof i);
        value = i;
        break;
    case UINT32:
        memcpy(&u, at, sizeof u);
        value = u;
        break;
    case UINT64:
        memcpy(&w, at, sizeof w);
        value = (double)w;
        break;
    }
    return value * m->unit;
}

static int has_sample(const metric *m, const unecho_stats *stats)
{
    return m->rule == ALWAYS || (m->rule == WITH_DELAY && stats->aligned) ||
           (m->rule == UNLESS_NEGATIVE && value_of(m, stats) >= 0.0);
}

void metrics_of_calls(metrics_text *t, size_t metric_index, const metrics_call *calls, size_t count)
{
    const metric *const m = &metrics[metric_index];
    metrics_head(t, m->name, m->type, m->help);
    for (size_t i = 0; i < count; i++)
        if (has_sample(m, &calls[i].stats))
            metrics_sample(t, m->name, "call", calls[i].name, value_of(m, &calls[i].stats));
}
