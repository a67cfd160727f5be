#include "process/summary.h"

#include "files/json.h"

#include <inttypes.h>
#include <math.h>

static double ratio(double a, double b)
{
    return b > 0.0 ? a / b : NAN;
}

static void print_level(double db, FILE *stream)
{
    if (isfinite(db))
        fprintf(stream, "%.1f dB", db);
    else
        fputs("silence", stream);
}

#define HOP_S ((double)UNECHO_HOP / UNECHO_SAMPLE_RATE)

/* Below this the library sees no echo path. */
#define LEAST_CONFIDENCE 0.3

static void print_erle(const struct summary *summary, FILE *stream)
{
    const unecho_stats *stats = &summary->stream;
    if (summary->unfit) {
        fputs("  ERLE     says nothing about these recordings: see the note\n", stream);
        return;
    }
    if (stats->far_active_seconds <= 0.0f) {
        fputs("  ERLE     none: the far end is never active\n", stream);
        return;
    }
    fprintf(stream, "  ERLE     %.1f dB over the %.1f s with an active far end",
            (double)stats->erle_db, (double)stats->far_active_seconds);
    if (summary->engine == UNECHO_ENGINE_LINEAR_NEURAL)
        fprintf(stream, ", %.1f dB of it by the linear filter", (double)stats->linear_erle_db);
    fputc('\n', stream);
}

/* Rounded first: no "-0.0". */
static double tenths(double db)
{
    return 0.1 * round(10.0 * db) + 0.0;
}

static void print_alone(const struct summary *summary, FILE *stream)
{
    const struct level_change *far = &summary->far_alone, *near = &summary->near_alone;
    if (far->seconds > 0.0)
        fprintf(stream, "  echo     %+.1f dB over the %.1f s in which only the far end is heard\n",
                tenths(far->db), far->seconds);
    if (near->seconds > 0.0)
        fprintf(stream, "  voice    %+.1f dB over the %.1f s in which only the near end is heard\n",
                tenths(near->db), near->seconds);
}

static void print_delay(const struct summary *summary, FILE *stream)
{
    const unecho_stats *stats = &summary->stream;
    if (summary->align == UNECHO_ALIGN_OFF)
        return;
    if (summary->align == UNECHO_ALIGN_FIXED) {
        fprintf(stream, "  delay    %.1f ms, as given\n", (double)stats->delay_ms);
        return;
    }
    if (!stats->aligned) {
        fputs("  delay    none found; the two ends are used as they are\n", stream);
        return;
    }
    fprintf(stream, "  delay    %.1f ms, drift %+.0f ppm, confidence %.2f", (double)stats->delay_ms,
            (double)stats->drift_ppm, (double)stats->confidence);
    /* The first alignment is no change. */
    if (stats->realignments > 1)
        fprintf(stream, ", changed %" PRIu32 " time%s", stats->realignments - 1,
                stats->realignments == 2 ? "" : "s");
    fputs((double)stats->confidence < LEAST_CONFIDENCE ? "; no echo visible at the end\n" : "\n",
          stream);
}

static void print_input(const struct summary *summary, FILE *stream)
{
    const unecho_stats *stats = &summary->stream;
    if (summary->mic_clipped_samples || summary->far_clipped_samples)
        fprintf(stream,
                "  peaks    %" PRIu64 " samples of the microphone and %" PRIu64
                " of the far end are at full scale or beyond: clipped?\n",
                summary->mic_clipped_samples, summary->far_clipped_samples);
    if (stats->far_silent_seconds >= 0.05f)
        fprintf(stream,
                "  silent   %.1f s of the microphone passed unchanged, as the far end was silent\n",
                (double)stats->far_silent_seconds);
    if (stats->guarded_samples)
        fprintf(stream, "  guarded  %" PRIu64 " input samples are not finite or far out of range\n",
                stats->guarded_samples);
}

static void print_output(const struct summary *summary, FILE *stream)
{
    const unecho_stats *stats = &summary->stream;
    if (stats->limited_hops)
        fprintf(stream, "  limited  %.2f s turned down, as they were louder than the microphone\n",
                HOP_S * (double)stats->limited_hops);
    if (stats->failed_hops)
        fprintf(stream,
                "  failed   %.2f s in which the network gave no usable numbers: the model is "
                "unsuitable\n",
                HOP_S * (double)stats->failed_hops);
    if (summary->latency_samples)
        fprintf(stream, "  latency  %d samples left in the output\n", summary->latency_samples);
    if (summary->scale < 1.0)
        fprintf(stream, "  peak     %.3f, scaled to 0.99\n", summary->peak);
    if (summary->clipped_samples)
        fprintf(stream, "  clipped  %" PRIu64 " samples that the output's format cannot hold\n",
                summary->clipped_samples);
}

void summary_print(const struct summary *summary, FILE *stream)
{
    fprintf(stream, "%s: %.2f s, %s, %d Hz, ", summary->output, summary->seconds, summary->format,
            summary->mic_rate);
    if (summary->channels == 1)
        fputs("mono\n", stream);
    else
        fprintf(stream, "%u channels with the same voice\n", summary->channels);
    if (summary->seconds <= 0.0)
        return;
    fprintf(stream, "  speed    %.1f x real time (%.2f s), %.4f CPU seconds per second of audio\n",
            ratio(summary->seconds, summary->wall_seconds), summary->wall_seconds,
            summary->cpu_seconds / summary->seconds);
    fputs("  level    ", stream);
    print_level(summary->mic_db, stream);
    fputs(" before, ", stream);
    print_level(summary->out_db, stream);
    fputs(" after\n", stream);
    print_alone(summary, stream);
    print_erle(summary, stream);
    print_delay(summary, stream);
    print_input(summary, stream);
    print_output(summary, stream);
}

static void print_number(const char *key, int decimals, double value, FILE *stream)
{
    fprintf(stream, "\"%s\": ", key);
    if (isfinite(value))
        fprintf(stream, "%.*f", decimals, value);
    else
        fputs("null", stream);
    fputs(", ", stream);
}

static void print_change(const char *db_key, const char *seconds_key,
                         const struct level_change *change, FILE *stream)
{
    print_number(db_key, 3, change->seconds > 0.0 ? change->db : (double)NAN, stream);
    print_number(seconds_key, 3, change->seconds, stream);
}

static void print_count(const char *key, uint64_t value, FILE *stream)
{
    fprintf(stream, "\"%s\": %" PRIu64 ", ", key, value);
}

void summary_print_members(const struct summary *summary, FILE *stream)
{
    const unecho_stats *stats = &summary->stream;
    const bool followed = summary->align != UNECHO_ALIGN_OFF && stats->aligned;
    print_number("seconds", 6, summary->seconds, stream);
    print_number("sample_rate", 0, summary->mic_rate, stream);
    print_number("far_rate", 0, summary->far_rate, stream);
    print_number("realtime", 3, ratio(summary->seconds, summary->wall_seconds), stream);
    print_number("cpu_seconds_per_audio_second", 6, ratio(summary->cpu_seconds, summary->seconds),
                 stream);
    print_number("latency_samples", 0, summary->latency_samples, stream);
    print_number("mic_db", 3, summary->mic_db, stream);
    print_number("out_db", 3, summary->out_db, stream);
    print_change("echo_change_db", "echo_seconds", &summary->far_alone, stream);
    print_change("voice_change_db", "voice_seconds", &summary->near_alone, stream);
    print_number("erle_db", 3, stats->far_active_seconds > 0.0f ? (double)stats->erle_db : NAN,
                 stream);
    if (summary->engine != UNECHO_ENGINE_NEURAL)
        print_number("linear_erle_db", 3,
                     stats->far_active_seconds > 0.0f ? (double)stats->linear_erle_db : NAN,
                     stream);
    print_number("far_active_seconds", 3, (double)stats->far_active_seconds, stream);
    print_number("delay_ms", 3, followed ? (double)stats->delay_ms : NAN, stream);
    print_number("drift_ppm", 2, followed ? (double)stats->drift_ppm : NAN, stream);
    print_number("confidence", 3, (double)stats->confidence, stream);
    fprintf(stream, "\"unfit\": %s, ", summary->unfit ? "true" : "false");
    print_count("realignments", stats->realignments, stream);
    print_number("far_silent_seconds", 3, (double)stats->far_silent_seconds, stream);
    const bool told = stats->near_end_active >= 0.0f;
    print_number("near_end_active", 3, told ? (double)stats->near_end_active : NAN, stream);
    print_number("near_end_seconds", 3, told ? (double)stats->near_end_seconds : NAN, stream);
    print_count("mic_clipped_samples", summary->mic_clipped_samples, stream);
    print_count("far_clipped_samples", summary->far_clipped_samples, stream);
    print_count("guarded_samples", stats->guarded_samples, stream);
    print_count("limited_hops", stats->limited_hops, stream);
    print_count("failed_hops", stats->failed_hops, stream);
    fprintf(stream, "\"clipped_samples\": %" PRIu64, summary->clipped_samples);
}

void summary_print_json(const struct summary *summary, FILE *stream)
{
    fputs("{\"output\": ", stream);
    json_print_string(summary->output, stream);
    fputs(", \"microphone\": ", stream);
    json_print_string(summary->mic, stream);
    fputs(", \"far_end\": ", stream);
    json_print_string(summary->far, stream);
    fputs(", ", stream);
    print_number("channels", 0, summary->channels, stream);
    summary_print_members(summary, stream);
    fputs("}\n", stream);
}
