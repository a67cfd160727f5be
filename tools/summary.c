/*
 * The summary as lines and as JSON. It measures nothing itself.
 */
#include "summary.h"

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

void summary_print(const struct summary *summary, FILE *stream)
{
    fprintf(stream, "%s: %.2f s, %s\n", summary->output, summary->seconds, summary->format);
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
    if (summary->far_active_seconds > 0.0)
        fprintf(stream, "  ERLE     %.1f dB over the %.1f s with an active far end\n",
                summary->erle_db, summary->far_active_seconds);
    else
        fputs("  ERLE     none: the far end is never active\n", stream);
    if (summary->latency_samples)
        fprintf(stream, "  latency  %d samples left in the output\n", summary->latency_samples);
    if (summary->scale < 1.0)
        fprintf(stream, "  peak     %.3f, brought down to 0.99\n", summary->peak);
    if (summary->clipped_samples)
        fprintf(stream, "  clipped  %" PRIu64 " samples that the output's format cannot hold\n",
                summary->clipped_samples);
    if (summary->guarded_samples)
        fprintf(stream,
                "  guarded  %" PRIu64 " input samples that are no numbers or far out of range\n",
                summary->guarded_samples);
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

void summary_print_json(const struct summary *summary, FILE *stream)
{
    double erle = summary->far_active_seconds > 0.0 ? summary->erle_db : NAN;
    fputc('{', stream);
    print_number("seconds", 6, summary->seconds, stream);
    print_number("realtime", 3, ratio(summary->seconds, summary->wall_seconds), stream);
    print_number("cpu_seconds_per_audio_second", 6, ratio(summary->cpu_seconds, summary->seconds),
                 stream);
    fprintf(stream, "\"latency_samples\": %d, ", summary->latency_samples);
    print_number("mic_db", 3, summary->mic_db, stream);
    print_number("out_db", 3, summary->out_db, stream);
    print_number("erle_db", 3, erle, stream);
    fprintf(stream, "\"guarded_samples\": %" PRIu64 ", \"clipped_samples\": %" PRIu64 "}\n",
            summary->guarded_samples, summary->clipped_samples);
}

void json_print_string(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            fprintf(stream, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(stream, "\\u%04x", (unsigned)byte);
        else
            fputc(byte, stream);
    }
    fputc('"', stream);
}
