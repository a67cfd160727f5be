/* A diagnosis as text and as JSON. It draws no conclusions. */
#include "doctor/doctor.h"

#include "files/json.h"
#include "wrap.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void print_wrapped(const char *head, const char *text, FILE *stream)
{
    fputs(head, stream);
    wrap_print(text, strlen(head), 10, stream);
}

static void print_db(const char *label, double mic, double far, FILE *stream)
{
    fprintf(stream, "  %-24s", label);
    for (int i = 0; i < 2; i++) {
        const double db = i == 0 ? mic : far;
        if (isfinite(db) && db > (double)LEVEL_NONE)
            fprintf(stream, " %12.1f dB", db);
        else
            fprintf(stream, " %15s", "silence");
    }
    fputc('\n', stream);
}

static double to_db(double amplitude)
{
    return 20.0 * log10(amplitude);
}

static void print_ends(const struct analysis *a, FILE *stream)
{
    const struct measures *m = &a->mic.measures, *f = &a->far.measures;
    fprintf(stream, "\n  %-24s %15s %15s\n", "", "microphone", "far end");
    fprintf(stream, "  %-24s %13.2f s %13.2f s\n", "length", m->seconds, f->seconds);
    fprintf(stream, "  %-24s %12d Hz %12d Hz\n", "sample rate", a->input->mic.rate,
            a->input->far.rate);
    fprintf(stream, "  %-24s %13.2f s %13.2f s\n", "active", m->active_seconds, f->active_seconds);
    print_db("level while active", m->active_db, f->active_db, stream);
    print_db("noise floor", m->floor_db, f->floor_db, stream);
    print_db("peak", to_db(m->peak), to_db(f->peak), stream);
    fprintf(stream, "  %-24s %13.3f %% %13.3f %%\n", "clipped while active",
            100.0 * m->clipped_share, 100.0 * f->clipped_share);
    fprintf(stream, "  %-24s %13.2f %% %13.2f %%\n", "DC offset", 100.0 * m->offset,
            100.0 * f->offset);
    fprintf(stream, "  %-24s %15zu %15zu\n", "gaps within sound", m->gaps, f->gaps);
    fprintf(stream, "  %-24s %13.2f s %13.2f s\n", "digitally silent", m->silent_seconds,
            f->silent_seconds);
}

static void print_outcome(const struct analysis *a, FILE *stream)
{
    const unecho_stats *stats = &a->cancelled.stats;
    /* The first alignment is no change. */
    const uint32_t moves = stats->realignments > 0 ? stats->realignments - 1 : 0;
    fputc('\n', stream);
    if (a->line.found)
        fprintf(stream,
                "  delay of the echo          %.1f ms at the start, drift %+.1f ppm\n"
                "                             (%zu of %zu windows agree)\n",
                a->line.delay_ms, a->line.drift_ppm, a->line.fitting, a->line.windows);
    else if (isfinite(a->delay_ms))
        fprintf(stream, "  delay of the echo          %.1f ms, clear in few windows\n",
                a->delay_ms);
    else
        fprintf(stream, "  delay of the echo          none found (in %zu windows)\n",
                a->line.windows);
    if (!a->was_cancelled)
        return;
    if (stats->aligned)
        fprintf(
            stream,
            "  as the canceller sees it   %.1f ms at the end, drift %+.0f ppm, confidence %.2f,\n"
            "                             changed %" PRIu32 " time%s\n",
            (double)stats->delay_ms, (double)stats->drift_ppm, (double)stats->confidence, moves,
            moves == 1 ? "" : "s");
    if (isfinite(a->expected_erle_db))
        fprintf(stream,
                "  expected ERLE              %.1f dB for a linear filter%s, from the coherence\n",
                a->expected_erle_db, a->input->far.channels > 1 ? " of the mean" : "");
    if (stats->far_active_seconds > 0.0f)
        fprintf(stream, "  linear ERLE                %.1f dB by the linear filter alone\n",
                (double)stats->linear_erle_db);
    if (stats->far_active_seconds > 0.0f)
        fprintf(stream, "  achieved ERLE              %.1f dB over %.1f s with an active far end\n",
                (double)stats->erle_db, (double)stats->far_active_seconds);
    /* Rounded first: no "-0.0". */
    if (a->near_seconds >= 0.5)
        fprintf(stream, "  near end alone             %+.1f dB in the output, over %.1f s\n",
                0.1 * round(10.0 * a->near_db) + 0.0, a->near_seconds);
}

static void print_part(const struct analysis *a, FILE *stream)
{
    char part[160];
    if (!a->input->cut)
        return;
    if (a->input->mic.kept)
        snprintf(part, sizeof(part), "the first %d s, of a pipe", DOCTOR_LONGEST_S);
    else
        snprintf(part, sizeof(part),
                 "%.0f of %.0f s, from %" PRIu64 " s on, where most sound is; the levels of all",
                 a->aim.seconds, a->mic.measures.seconds, a->input->from);
    print_wrapped("examined", part, stream);
}

void doctor_print(const struct analysis *a, const struct diagnosis *d, FILE *stream)
{
    print_wrapped("verdict", d->verdict, stream);
    print_part(a, stream);
    for (size_t i = 0; i < d->count; i++) {
        fputc('\n', stream);
        print_wrapped(d->findings[i].problem ? "problem" : "note", d->findings[i].what, stream);
        if (*d->findings[i].advice)
            print_wrapped("  do", d->findings[i].advice, stream);
    }
    print_ends(a, stream);
    print_outcome(a, stream);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void number(const char *key, double value, FILE *stream)
{
    if (isfinite(value))
        fprintf(stream, "\"%s\": %.6g, ", key, value);
    else
        fprintf(stream, "\"%s\": null, ", key);
}

static double level(double db)
{
    return db > (double)LEVEL_NONE ? db : (double)NAN;
}

static void print_end_json(const char *key, const struct doctor_end *end, const struct measures *m,
                           FILE *stream)
{
    fprintf(stream, "\"%s\": {\"name\": ", key);
    json_print_string(end->name, stream);
    fprintf(stream, ", \"sample_rate\": %d, ", end->rate);
    number("seconds", m->seconds, stream);
    number("active_seconds", m->active_seconds, stream);
    number("active_db", level(m->active_db), stream);
    number("floor_db", level(m->floor_db), stream);
    number("peak_db", to_db(m->peak), stream);
    number("clipped_share", m->clipped_share, stream);
    number("offset", m->offset, stream);
    number("silent_seconds", m->silent_seconds, stream);
    number("gap_seconds", m->gap_seconds, stream);
    fprintf(stream, "\"gaps\": %zu}, ", m->gaps);
}

static void print_findings_json(const struct diagnosis *d, FILE *stream)
{
    fputs("\"findings\": [", stream);
    for (size_t i = 0; i < d->count; i++) {
        const struct finding *f = &d->findings[i];
        fprintf(stream, "%s{\"code\": \"%s\", \"problem\": %s, \"what\": ", i ? ", " : "", f->code,
                f->problem ? "true" : "false");
        json_print_string(f->what, stream);
        fputs(", \"advice\": ", stream);
        json_print_string(f->advice, stream);
        fputc('}', stream);
    }
    fputs("]", stream);
}

void doctor_print_members(const struct diagnosis *d, FILE *stream)
{
    fprintf(stream, "\"fine\": %s, \"verdict\": ", d->problems ? "false" : "true");
    json_print_string(d->verdict, stream);
    fputs(", ", stream);
    print_findings_json(d, stream);
}

void doctor_print_json(const struct analysis *a, const struct diagnosis *d, FILE *stream)
{
    const unecho_stats *stats = &a->cancelled.stats;
    const bool active = a->was_cancelled && stats->far_active_seconds > 0.0f;
    fputc('{', stream);
    doctor_print_members(d, stream);
    fputs(", ", stream);
    print_end_json("microphone", &a->input->mic, &a->mic.measures, stream);
    print_end_json("far_end", &a->input->far, &a->far.measures, stream);
    number("delay_ms", a->delay_ms, stream);
    number("drift_ppm", a->line.found ? a->line.drift_ppm : (double)NAN, stream);
    number("rate_factor", a->rate_factor, stream);
    number("confidence", a->was_cancelled ? (double)stats->confidence : (double)NAN, stream);
    number("realignments", a->was_cancelled ? (double)stats->realignments : (double)NAN, stream);
    number("expected_erle_db", a->expected_erle_db, stream);
    number("linear_erle_db", active ? (double)stats->linear_erle_db : (double)NAN, stream);
    number("achieved_erle_db", active ? (double)stats->erle_db : (double)NAN, stream);
    number("near_end_seconds", a->near_seconds, stream);
    number("near_end_db", a->near_seconds > 0.0 ? a->near_db : (double)NAN, stream);
    number("examined_from", (double)a->input->from, stream);
    number("examined_seconds", a->aim.seconds, stream);
    fprintf(stream, "\"cut\": %s}\n", a->input->cut ? "true" : "false");
}
