#include "process/pair_check.h"

#include "report.h"

#include "unecho.h"

#include <math.h>

/* Shorter recordings are not judged, nor those with fewer windows that hold sound. */
#define SHORTEST_S    1.0
#define LEAST_WINDOWS 3
struct pair {
    const char *mic, *far; /* names */
    struct copies copies;
    struct track track;
    bool shared; /* both ends in one file */
};

/* ---- Without an echo -------------------------------------------------------------------- */

static const char *silence_of(const struct copy *copy)
{
    return copy->peak == 0.0 ? "digitally silent" : "almost silent";
}

/* false: there is no point in a search. */
static bool judge_presence(const struct pair *p, bool *unfit)
{
    const struct copy *mic = &p->copies.mic, *far = &p->copies.far;
    if (copy_seconds(mic) < SHORTEST_S || copy_seconds(far) < SHORTEST_S)
        return false;
    if (mic->peak < SILENT_PEAK)
        report_note("the microphone (%s) is %s, peak %.0f dB: check that it is not muted, and "
                    "--mic-channel",
                    p->mic, silence_of(mic), 20.0 * log10(fmax(mic->peak, 1e-6)));
    if (far->peak < SILENT_PEAK)
        report_note("the far end (%s) is %s, peak %.0f dB: record the loudspeaker's output, and "
                    "check --far-channel",
                    p->far, silence_of(far), 20.0 * log10(fmax(far->peak, 1e-6)));
    const bool silent = mic->peak < SILENT_PEAK || far->peak < SILENT_PEAK;
    *unfit = silent || p->copies.same;
    if (silent)
        return false;
    if (p->copies.same) {
        report_note(
            "microphone and far end are the same signal or nearly, so everything counts as echo: "
            "check that no file or channel is given twice");
        return false;
    }
    if (mic->active_db < LOW_DB)
        report_note("the microphone (%s) is very quiet, peak %.0f dB: raise its level to about "
                    "-25 dB",
                    p->mic, 20.0 * log10(mic->peak));
    return true;
}

static void judge_no_echo(const struct pair *p, bool *unfit)
{
    const struct copy *mic = &p->copies.mic, *far = &p->copies.far;
    if (p->track.windows < LEAST_WINDOWS)
        return;
    *unfit = true;
    if (mic->active_db < far->active_db - 40.0 || mic->active_seconds < 1.0)
        report_note("the microphone (%s) hears hardly anything, and no echo: normal with "
                    "headphones",
                    p->mic);
    else
        report_note("no echo of %s in %s, at any offset: check that they belong together "
                    "(normal with headphones); see 'unecho doctor'",
                    p->far, p->mic);
}

/* ---- With one --------------------------------------------------------------------------- */

static void report_swapped(const struct pair *p)
{
    static const char what[] = "microphone and far end are swapped, or the far end holds the "
                               "user's own voice (monitoring)";
    if (p->shared)
        report_note("%s; if they are swapped, change --mic-channel and --far-channel", what);
    else
        report_note("%s: %s contains the sound of %s; if they are swapped, give %s first, %s "
                    "second",
                    what, p->far, p->mic, p->far, p->mic);
}

/* Far ends that the options say to use as they are. */
static void judge_reach(const struct pair *p)
{
    const double lag = p->track.points[0].lag;
    const char *advice =
        p->shared ? "move one of the channels" : "without --chunk and --align, unecho shifts it";
    if (lag > 1e-3 * UNECHO_DELAY_MAX_MS)
        report_note("the echo comes %.2f s after the far end, beyond reach: %s", lag, advice);
    else if (lag < -1e-3 * UNECHO_REFERENCE_LATE_MAX_MS)
        report_note("the far end comes %.2f s after its echo, beyond reach: %s", -lag, advice);
}

static void report_edits(const struct pair *p, const struct far_plan *plan, double sign,
                         const char *lacking, const char *done)
{
    double seconds;
    const size_t places = far_plan_places(plan, sign, &seconds);
    if (places > 0)
        report_note("%s lacks %.2f s that %s has, in %zu place%s; %s", lacking, seconds,
                    lacking == p->far ? p->mic : p->far, places, places == 1 ? "" : "s", done);
}

static void report_plan(const struct pair *p, const struct far_plan *plan)
{
    /* If the far end lags behind, what its file begins with was heard later. */
    if (plan->shifted)
        report_note("%s starts %.2f s %s %s; shifted", p->far, fabs(plan->lag),
                    plan->lag > 0.0 ? "after" : "before", p->mic);
    report_edits(p, plan, 1.0, p->far, "silence inserted");
    report_edits(p, plan, -1.0, p->mic, "dropped from the far end");
}

static bool make_plan(struct pair_check *check, const struct pair *p)
{
    if (!far_plan_make(&check->plan, &p->track, &p->copies))
        return false;
    report_plan(p, &check->plan);
    return true;
}

static bool judge(struct pair_check *check, struct pair *p, bool shift)
{
    if (!judge_presence(p, &check->unfit))
        return stretches_find(&check->stretches, &p->copies, &p->track, &check->plan);
    if (!track_find(&p->track, &p->copies))
        return false;
    check->own_voice = p->track.own_voice;
    if (p->track.piece_count == 0) {
        judge_no_echo(p, &check->unfit);
    } else if (p->track.no_echo || track_swapped(&p->track, &p->copies)) {
        report_swapped(p);
        check->unfit = check->own_voice = true;
        return !p->track.no_echo || !shift || make_plan(check, p);
    } else if (!shift) {
        judge_reach(p);
    } else if (!make_plan(check, p)) {
        return false;
    }
    return stretches_find(&check->stretches, &p->copies, &p->track, &check->plan);
}

bool pair_check_run(struct pair_check *check, ends *pair, bool shift)
{
    struct pair p = {.mic = audio_reader_name(ends_mic_file(pair)),
                     .far = audio_reader_name(ends_far_file(pair)),
                     .shared = ends_share_a_file(pair)};
    *check = (struct pair_check){0};
    /* The far end of a shared file comes with the microphone, not before it. */
    const bool done =
        copies_take(&p.copies, pair) && (!p.copies.taken || judge(check, &p, shift && !p.shared));
    track_free(&p.track);
    copies_close(&p.copies);
    return done;
}

void pair_check_free(struct pair_check *check)
{
    far_plan_free(&check->plan);
    stretches_free(&check->stretches);
}
