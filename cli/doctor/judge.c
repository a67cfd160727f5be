/*
 * From the analysis of a pair of recordings to what is wrong with it and what to do. It measures
 * nothing and prints nothing.
 */
#include "doctor/doctor.h"

#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define SHORTEST_S    1.0
#define OFFSET        0.01 /* 1 % of full scale */
#define LOUD_PEAK     2.0  /* of full scale */
#define CLIPPED_SHARE 1e-4
/* What the default of --reference-late covers with room to spare. */
#define USUAL_LATE_MS (-150.0)
#define NOTED_PPM     5.0
#define LOST_NEAR_DB  (-6.0)
#define GOOD_ERLE_DB  10.0

/* ---- Writing findings ------------------------------------------------------------------- */

REPORT_FORMAT(4, 5)
static struct finding *add(struct diagnosis *d, bool problem, const char *code, const char *what,
                           ...)
{
    static struct finding spare;
    struct finding *finding = d->count < DOCTOR_MOST_FINDINGS ? &d->findings[d->count++] : &spare;
    va_list arguments;
    *finding = (struct finding){.code = code, .problem = problem};
    va_start(arguments, what);
    vsnprintf(finding->what, sizeof(finding->what), what, arguments);
    va_end(arguments);
    return finding;
}

REPORT_FORMAT(2, 3) static void advise(struct finding *finding, const char *advice, ...)
{
    va_list arguments;
    va_start(arguments, advice);
    vsnprintf(finding->advice, sizeof(finding->advice), advice, arguments);
    va_end(arguments);
}

/* ---- Is there any signal ---------------------------------------------------------------- */

static bool is_silent(const struct measures *end)
{
    return end->peak < SILENT_PEAK;
}

static bool judge_presence(struct diagnosis *d, const struct analysis *a)
{
    const char *mic = a->input->mic.name, *far = a->input->far.name;
    if (a->mic.measures.seconds < SHORTEST_S || a->far.measures.seconds < SHORTEST_S) {
        advise(add(d, true, "too-short", "%s lasts %.2f s, %s %.2f s: too short for a diagnosis",
                   mic, a->mic.measures.seconds, far, a->far.measures.seconds),
               "record about ten seconds in which the far end speaks");
        return false;
    }
    if (is_silent(&a->mic.measures))
        advise(add(d, true, "silent-microphone", "the microphone's recording is %s",
                   a->mic.measures.peak == 0.0 ? "digitally silent" : "almost silent"),
               "check that the microphone is not muted and that this is its channel "
               "(--mic-channel)");
    if (is_silent(&a->far.measures))
        advise(add(d, true, "silent-reference", "the far end's recording is %s (peak %.1f dB)",
                   a->far.measures.peak == 0.0 ? "digitally silent" : "almost silent",
                   20.0 * log10(fmax(a->far.measures.peak, 1e-6))),
               "the loopback was taken where nothing plays: record the output device of the "
               "loudspeaker, after its mixer, and check --far-channel. Without a far end unecho "
               "only removes noise");
    if (a->same)
        advise(add(d, true, "same-signal", "microphone and far end are the same signal or nearly"),
               "FAR must be what the loudspeaker played and nothing else; here everything counts "
               "as echo. Check that no file or channel is given twice");
    return d->problems == 0 && d->count == 0;
}

/* ---- Do they belong together ------------------------------------------------------------ */

static int rounded(double rate)
{
    return (int)lround(rate);
}

static void judge_rate(struct diagnosis *d, const struct analysis *a)
{
    const struct doctor_end *mic = &a->input->mic, *far = &a->input->far;
    if (a->rate_factor == 1.0)
        return;
    advise(add(d, true, "rate-mismatch",
               "the two recordings run at different speeds, by a factor of %.4f: one file states a "
               "wrong sample rate",
               a->rate_factor),
           "%s fits if it is read as %d Hz (its header says %d): sox -r %d %s fixed.wav; or else "
           "%s as %d Hz (it says %d). Correct the setting of the recorder that wrote it",
           far->name, rounded(far->rate * a->rate_factor), far->rate,
           rounded(far->rate * a->rate_factor), far->name, mic->name,
           rounded(mic->rate / a->rate_factor), mic->rate);
}

static void judge_no_echo(struct diagnosis *d, const struct analysis *a)
{
    struct finding *finding;
    if (isfinite(a->delay_ms))
        return;
    if (a->was_cancelled && a->cancelled.stats.aligned && a->cancelled.stats.confidence >= 0.5f) {
        add(d, false, "weak-echo", "the echo is visible only in places (confidence %.2f)",
            (double)a->cancelled.stats.confidence);
        return;
    }
    if (a->mic.measures.active_db < a->far.measures.active_db - 40.0 ||
        a->mic.measures.active_seconds < 1.0) {
        add(d, false, "no-echo",
            "the microphone picks up hardly anything, and no echo: with headphones that is "
            "normal, and there is nothing to cancel");
        return;
    }
    finding = add(d, true, "no-echo-found",
                  "there is no echo of the far end in the microphone, at any offset of the two");
    advise(finding, "either FAR is not the recording that played (compare names and times, try "
                    "--far-channel), or it was changed on its way to the loudspeaker (speed, "
                    "another mix), or the microphone does not hear the loudspeaker (headphones: "
                    "then there is nothing to do)");
}

static void judge_swapped(struct diagnosis *d, const struct analysis *a)
{
    const double delay = a->delay_ms;
    const char *mic = a->input->mic.name, *far = a->input->far.name;
    struct finding *finding =
        add(d, true, "swapped",
            "microphone and far end are swapped, or FAR holds the user's own voice (monitoring): "
            "it contains the sound of MIC, %.1f ms %s it",
            fabs(delay), delay > 0.0 ? "before" : "after");
    static const char monitoring[] =
        "if not, take FAR where the microphone is not mixed in (monitoring, sidetone, 'listen to "
        "this device'), though unecho keeps the voice";
    if (a->input->shared)
        advise(finding, "if they are swapped, change --mic-channel and --far-channel; %s",
               monitoring);
    else
        advise(finding, "if they are swapped, give %s first, %s second; %s", far, mic, monitoring);
}

/* Beyond the reach of a live canceller. */
static void judge_far_away(struct diagnosis *d, const struct analysis *a)
{
    const double delay = a->delay_ms;
    const bool late = delay < 0.0;
    const double to_cut = 1e-3 * fabs(delay) + (late ? 0.05 : -0.1);
    const char *end = late ? "far end" : "microphone", *file = late ? "FAR" : "MIC";
    struct finding *finding;
    if (a->aim.plan.shifted) {
        finding = add(d, false, "starts-apart",
                      "%s starts %.2f s %s %s; 'unecho process' shifts it", a->input->far.name,
                      1e-3 * fabs(delay), late ? "before" : "after", a->input->mic.name);
        advise(
            finding,
            "nothing. But a live canceller looks for the echo up to %d ms after the far end, and "
            "up to %d ms before it with --reference-late %d: there, start both together, or "
            "cut %.2f s off the start of the %s's recording (sox %s cut.wav trim %.2f)",
            UNECHO_DELAY_MAX_MS, UNECHO_REFERENCE_LATE_MAX_MS, UNECHO_REFERENCE_LATE_MAX_MS, to_cut,
            end, file, to_cut);
        return;
    }
    finding = late ? add(d, true, "reference-too-late",
                         "the far end comes %.0f ms after its echo, and unecho allows %d ms",
                         -delay, UNECHO_REFERENCE_LATE_MAX_MS)
                   : add(d, true, "delay-too-long",
                         "the echo comes %.0f ms after the far end, and unecho searches up to "
                         "%d ms",
                         delay, UNECHO_DELAY_MAX_MS);
    advise(finding,
           "the recordings did not begin together. 'unecho process' shifts one itself if both are "
           "files of their own, and no pipes; or cut %.2f s off the start of the %s's recording, "
           "or start both recorders at the same time",
           to_cut, end);
}

static void judge_late(struct diagnosis *d, const struct analysis *a)
{
    const double delay = a->delay_ms;
    const bool usual = delay >= USUAL_LATE_MS;
    const int late = usual ? 200 : (int)fmin(UNECHO_REFERENCE_LATE_MAX_MS, 1.25 * -delay + 50.0);
    advise(add(d, !usual && !a->aim.plan.shifted, "late-reference",
               "the far end comes %.1f ms after its echo: it was recorded with more delay than "
               "the microphone%s",
               -delay, a->aim.plan.shifted ? "; 'unecho process' shifts it" : ""),
           "%s use --reference-late %d%s. In a live call that costs as much latency: capture the "
           "far end where it goes to the sound card, or buffer the microphone less. If the far "
           "end cannot be late, the two are swapped",
           a->aim.plan.shifted ? "where nothing is shifted, as live or with --chunk,"
                               : "for recordings",
           late, usual ? " (the default)" : "");
}

static bool is_far_away(const struct analysis *a)
{
    return a->delay_ms > UNECHO_DELAY_MAX_MS || a->delay_ms < -UNECHO_REFERENCE_LATE_MAX_MS;
}

static void judge_delay(struct diagnosis *d, const struct analysis *a)
{
    if (a->swapped)
        judge_swapped(d, a);
    else if (is_far_away(a))
        judge_far_away(d, a);
    else if (a->delay_ms < -5.0)
        judge_late(d, a);
    else if (isfinite(a->delay_ms))
        add(d, false, "delay",
            "the echo comes %.1f ms after the far end; unecho finds this delay itself",
            a->delay_ms);
}

static void judge_drift(struct diagnosis *d, const struct analysis *a)
{
    const double drift = a->line.drift_ppm, size = fabs(drift);
    if (!a->line.found || a->rate_factor != 1.0 || a->line.fitting < 3)
        return;
    if (size > FOLLOWED_PPM * 1.1)
        advise(add(d, true, "drift-too-fast",
                   "the far end's clock is %.0f ppm %s than the microphone's: the delay changes by "
                   "%.1f ms per minute, and unecho follows up to %.0f ppm",
                   size, drift > 0.0 ? "faster" : "slower", 0.06 * size, FOLLOWED_PPM),
               "record both with one device or one clock, or correct the speed first: "
               "sox FAR fixed.wav speed %.6f",
               1.0 + 1e-6 * drift);
    else if (size > NOTED_PPM)
        add(d, false, "drift",
            "the far end's clock is %.0f ppm %s than the microphone's, %.1f ms per minute; unecho "
            "follows it",
            size, drift > 0.0 ? "faster" : "slower", 0.06 * size);
}

/* unecho hears both the mean and the difference; what mixes them does not. */
static void judge_channels(struct diagnosis *d, const struct analysis *a)
{
    const struct lanes *lanes = &a->input->far.lanes;
    if (!lanes_oppose(lanes))
        return;
    advise(add(d, false, "opposite-channels",
               "the far end's channels have opposite phase: in their mean %.0f dB of it are lost. "
               "unecho cancels their echo all the same",
               10.0 * log10(lanes->side / fmax(lanes->mean, 1e-6 * lanes->side))),
           "whatever mixes them, for instance for one loudspeaker, plays next to nothing: correct "
           "the wiring or the setting that turns one round (sox %s fixed.wav remix 1 2i)",
           a->input->far.name);
}

static void judge_own_voice(struct diagnosis *d, const struct analysis *a)
{
    if (a->own_voice)
        advise(add(d, false, "own-voice",
                   "the far end holds the user's own voice as well (monitoring or crosstalk)"),
               "unecho keeps it; but take FAR where the microphone is not mixed in, if you can");
}

static void judge_mended(struct diagnosis *d, const char *lacking, const char *other, size_t places,
                         double seconds, const char *how)
{
    if (places > 0)
        advise(add(d, true, "delay-jumps",
                   "the delay jumps: %s lacks %.2f s that %s has, in %zu place%s; 'unecho process' "
                   "%s",
                   lacking, seconds, other, places, places == 1 ? "" : "s", how),
               "samples were lost (overruns, lost packets) or the device was changed; a live "
               "canceller needs up to some seconds to follow each jump. Use larger buffers for "
               "recording, or report gaps to the library (unecho_notify_gap)");
}

static void judge_jumps(struct diagnosis *d, const struct analysis *a)
{
    const struct far_plan *plan = &a->aim.plan;
    const char *mic = a->input->mic.name, *far = a->input->far.name;
    double lost, extra;
    const size_t lost_places = far_plan_places(plan, 1.0, &lost);
    const size_t extra_places = far_plan_places(plan, -1.0, &extra);
    judge_mended(d, far, mic, lost_places, lost, "inserts silence there");
    judge_mended(d, mic, far, extra_places, extra, "drops as much of the far end");
    if (a->line.found && a->line.clear_beside >= CLEAR_JUMPS)
        advise(add(d, true, "delay-jumps",
                   "the delay jumps: in %zu of %zu windows it clearly differs from the rest",
                   a->line.clear_beside, a->line.windows),
               "samples were lost on one side (overruns, lost packets) or the device was changed; "
               "unecho needs up to some seconds to follow each jump. Use larger buffers for "
               "recording, or report gaps to the library (unecho_notify_gap)");
}

/* ---- Each end by itself ----------------------------------------------------------------- */

static const char *name_of(bool is_mic)
{
    return is_mic ? "microphone" : "far end";
}

static void judge_samples(struct diagnosis *d, const struct doctor_end *end,
                          const struct measures *m, bool is_mic)
{
    const char *who = name_of(is_mic);
    if (end->invalid > 0)
        advise(add(d, true, is_mic ? "invalid-microphone" : "invalid-reference",
                   "%" PRIu64
                   " samples of the %s are NaN, infinite or beyond %.0f times full scale",
                   end->invalid, who, (double)DOCTOR_LARGEST),
               "unecho takes NaN and infinity for silence; correct the program that wrote %s. "
               "Floating-point samples lie within +-1: if these are 16-bit values, divide them by "
               "32768",
               end->name);
    else if (m->peak > LOUD_PEAK)
        advise(add(d, true, is_mic ? "loud-microphone" : "loud-reference",
                   "the %s's samples reach %.1f times full scale", who, m->peak),
               "unecho expects them within +-1: multiply them by %.3g where %s is written",
               0.9 / m->peak, end->name);
}

static void judge_recording(struct diagnosis *d, const struct doctor_end *end,
                            const struct measures *m, bool is_mic)
{
    const char *who = name_of(is_mic);
    if (m->clipped_share > CLIPPED_SHARE)
        advise(add(d, true, is_mic ? "clipped-microphone" : "clipped-reference",
                   "the %s is clipped: %.2f %% of the samples while it is active are cut off at "
                   "%.1f dB",
                   who, 100.0 * m->clipped_share, 20.0 * log10(m->peak)),
               is_mic ? "turn down the microphone's gain or the loudspeaker, or move them apart: a "
                        "clipped echo no longer resembles the far end"
                      : "capture the far end before it is clipped, or at a lower level: the "
                        "loudspeaker may play something else");
    if (m->gaps > 0)
        advise(
            add(d, true, is_mic ? "gaps-microphone" : "gaps-reference",
                "the %s has %zu gap%s of digital silence within sound, %.0f ms in total", who,
                m->gaps, m->gaps == 1 ? "" : "s", 1000.0 * m->gap_seconds),
            "samples were lost while recording: use larger buffers, a less busy machine, a wired "
            "network. %s",
            is_mic ? "Nothing can restore the voice there"
                   : "The echo of the missing parts stays in the output");
    if (fabs(m->offset) > OFFSET)
        advise(add(d, true, is_mic ? "offset-microphone" : "offset-reference",
                   "the %s has a DC offset of %.1f %% of full scale", who, 100.0 * m->offset),
               "a fault of the sound card or its settings; remove it first: "
               "sox %s fixed.wav highpass 20",
               end->name);
}

static void judge_level(struct diagnosis *d, const struct measures *m, bool is_mic)
{
    const char *who = name_of(is_mic);
    if (m->active_seconds < 0.2 || m->active_db < LOW_DB)
        advise(add(d, true, is_mic ? "low-microphone" : "low-reference",
                   "the %s is very quiet: %.0f dB of full scale while it is active", who,
                   m->active_seconds < 0.2 ? 20.0 * log10(fmax(m->peak, 1e-6)) : m->active_db),
               "raise the level of the recording to about -25 dB; below %.0f dB %s",
               (double)ACTIVE_DB,
               is_mic ? "the voice comes close to noise and rounding"
                      : "unecho considers the far end inactive");
    if (m->silent_seconds > 0.5 * m->seconds)
        add(d, false, is_mic ? "mostly-silent-microphone" : "mostly-silent-reference",
            "the %s is digitally silent for %.1f of %.1f s", who, m->silent_seconds, m->seconds);
}

static void judge_end(struct diagnosis *d, const struct doctor_end *end, const struct measures *m,
                      bool is_mic)
{
    judge_samples(d, end, m, is_mic);
    if (is_silent(m))
        return;
    judge_recording(d, end, m, is_mic);
    judge_level(d, m, is_mic);
}

/* ---- What comes out --------------------------------------------------------------------- */

static void judge_outcome(struct diagnosis *d, const struct analysis *a)
{
    const unecho_stats *stats = &a->cancelled.stats;
    if (!a->was_cancelled || a->swapped || a->rate_factor != 1.0)
        return;
    if (a->line.found && stats->far_active_seconds > 2.0f &&
        (double)stats->erle_db < fmin(GOOD_ERLE_DB, a->expected_erle_db - 3.0))
        advise(add(d, true, "echo-left",
                   "echo is left: a linear filter could reduce the level by %.1f dB while the far "
                   "end is active, unecho reduced it by %.1f dB",
                   a->expected_erle_db, (double)stats->erle_db),
               "deal with the points above first; then try --model unecho-128");
    if (a->near_seconds >= 1.0 && a->near_db < LOST_NEAR_DB)
        advise(add(d, true, "near-end-lost",
                   "where only the near end is active, its level drops by %.1f dB over %.1f s",
                   -a->near_db, a->near_seconds),
               "if that is a voice, it suffers: deal with the points above first. If it is only "
               "background noise, it should drop; --noise-reduction 0 keeps it");
}

static void say_fine(struct diagnosis *d, const struct analysis *a)
{
    const double delay = a->delay_ms, erle = (double)a->cancelled.stats.erle_db;
    if (!isfinite(delay))
        snprintf(d->verdict, sizeof(d->verdict), "fine: no echo, nothing to cancel");
    else if (is_far_away(a))
        snprintf(d->verdict, sizeof(d->verdict),
                 "fine: the echo is found; %.100s starts %.2f s %s %.100s, and 'unecho process' "
                 "shifts it (ERLE %.1f dB, near-end speech included)",
                 a->input->far.name, 1e-3 * fabs(delay), delay < 0.0 ? "before" : "after",
                 a->input->mic.name, erle);
    else
        snprintf(d->verdict, sizeof(d->verdict),
                 "fine: the echo is found, %.1f ms %s the far end (ERLE %.1f dB, near-end speech "
                 "included)",
                 fabs(delay), delay < 0.0 ? "before" : "after", erle);
}

/* The codes of the problems, with spaces for dashes. */
static void say_problems(struct diagnosis *d)
{
    size_t length = (size_t)snprintf(d->verdict, sizeof(d->verdict), "%zu problem%s", d->problems,
                                     d->problems == 1 ? "" : "s");
    for (size_t i = 0; i < d->problems && length < sizeof(d->verdict); i++)
        length += (size_t)snprintf(d->verdict + length, sizeof(d->verdict) - length, "%s%s",
                                   i ? ", " : ": ", d->findings[i].code);
    for (char *c = d->verdict; *c; c++)
        if (*c == '-')
            *c = ' ';
}

/* Problems first, otherwise in the same order. */
static void sort(struct diagnosis *d)
{
    struct finding sorted[DOCTOR_MOST_FINDINGS];
    size_t n = 0;
    for (size_t i = 0; i < d->count; i++)
        if (d->findings[i].problem)
            sorted[n++] = d->findings[i];
    d->problems = n;
    for (size_t i = 0; i < d->count; i++)
        if (!d->findings[i].problem)
            sorted[n++] = d->findings[i];
    memcpy(d->findings, sorted, d->count * sizeof(sorted[0]));
}

void doctor_judge(struct diagnosis *d, const struct analysis *a)
{
    *d = (struct diagnosis){0};
    if (judge_presence(d, a)) {
        judge_rate(d, a);
        judge_no_echo(d, a);
        judge_delay(d, a);
        judge_drift(d, a);
        judge_own_voice(d, a);
        judge_jumps(d, a);
        judge_channels(d, a);
        judge_end(d, &a->input->mic, &a->mic.measures, true);
        judge_end(d, &a->input->far, &a->far.measures, false);
        judge_outcome(d, a);
    }
    sort(d);
    if (d->problems == 0)
        say_fine(d, a);
    else
        say_problems(d);
}
