/*
 * Measures the aligner: delays, clock drift, steps and wrong references, in simulated rooms and, if
 * UNECHO_REFERENCE is set, in real recordings. Prints the tables of docs/alignment.md.
 *
 *     bench_alignment [delays] [drift] [steps] [wrong]      default: all
 *
 * ERLE is capped at 40 dB: beyond that nobody hears a difference, and the built-in network, which
 * exceeds it in far-end single talk, would add noise to the figures.
 */
#include "scene.h"
#include "transforms.h"
#include "unecho.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128 };

/* ---- Running a stream -------------------------------------------------------------------------
 */

typedef struct track {
    float *out;         /* on the microphone's timeline */
    double locked_at;   /* seconds of active far end until the delay was within 1 ms; -1: never */
    size_t locked;      /* the same as a sample number */
    double least, most; /* the range of delays since then, in ms */
    unecho_stats last;
} track;

static unecho *open_stream(unecho_align align, unsigned late)
{
    unecho_config config;
    unecho_config_init(&config);
    config.align = align;
    config.reference_late_ms = late;
    unecho *stream = NULL;
    if (unecho_open(&stream, &config) < 0)
        exit(1);
    return stream;
}

/* How far x is from the delays of a track. */
static double error_of(double x, const track *t)
{
    return x < t->least ? t->least - x : x > t->most ? x - t->most : 0.0;
}

/* as: a delay counts as found if it is one of these plus `added` ms; NULL: any delay counts. */
static track run(const signal_ *mic, const signal_ *far, unecho_align align, unsigned late,
                 const track *as, double added)
{
    unecho *stream = open_stream(align, late);
    const size_t latency = (size_t)unecho_latency(stream);
    const size_t count = mic->count + latency;
    float *const out = calloc(count + CHUNK, sizeof *out);
    track t = {.locked_at = -1.0, .last = {.size = sizeof t.last}};
    double active = 0.0;
    for (size_t i = 0; i < count; i += CHUNK) {
        static const float none[CHUNK];
        const int there = i + CHUNK <= mic->count && i + CHUNK <= far->count;
        const float *const x = there ? mic->samples + i : none;
        const float *const y = there ? far->samples + i : none;
        unecho_process(stream, x, y, out + i, CHUNK);
        double power = 0.0;
        for (size_t j = 0; j < CHUNK; j++)
            power += (double)y[j] * (double)y[j];
        active +=
            power > UNECHO_FAR_ACTIVE_POWER * (double)CHUNK ? (double)CHUNK / (double)RATE : 0.0;
        unecho_get_stats(stream, &t.last);
        const double delay = (double)t.last.delay_ms;
        if (!t.last.aligned)
            continue;
        const int found = !as || error_of(delay - added, as) <= 1.0;
        if (found && t.locked_at < 0.0) {
            t.locked_at = active;
            t.locked = i;
            t.least = t.most = delay;
        }
        t.least = fmin(t.least, delay);
        t.most = fmax(t.most, delay);
    }
    unecho_close(&stream);
    memmove(out, out + latency, mic->count * sizeof *out);
    t.out = out;
    return t;
}

/* ---- Scenes -----------------------------------------------------------------------------------
 */

/* Only the far end talks, in a room; the microphone's noise limits the ERLE. */
static ends far_end_in_room(const char *name, double t60, uint32_t seed)
{
    ends s = {.far = read_sample(name)};
    s.mic = room_echo(&s.far, t60, 0.5f, 40, seed);
    add_hiss(&s.mic, 1e-3f, seed + 1);
    return s;
}

typedef struct named {
    const char *name;
    ends ends;
} named;

static size_t all_scenes(named *scenes)
{
    size_t n = 0;
    scenes[n++] = (named){"simulated room, T60 0.2 s", far_end_in_room("far", 0.2, 11)};
    scenes[n++] = (named){"simulated room, T60 0.5 s", far_end_in_room("far", 0.5, 12)};
    if (!reference_folder())
        return n;
    static const char *const recordings[] = {"farend_singletalk", "theo", "doubletalk"};
    for (size_t i = 0; i < 3; i++, n++) {
        scenes[n] = (named){.name = recordings[i]};
        read_recording(recordings[i], &scenes[n].ends.mic, &scenes[n].ends.far);
    }
    return n;
}

/* ---- Delays -----------------------------------------------------------------------------------
 */

static void one_delay(const ends *s, const track *plain, double ms)
{
    const long shift = (long)lround(ms * (double)RATE / 1000.0);
    /* For an early echo delay the far end instead of cutting the microphone, to lose no echo. */
    signal_ mic = delayed(&s->mic, shift > 0 ? shift : 0);
    signal_ far = delayed(&s->far, shift < 0 ? -shift : 0);
    const unsigned late = ms < 0.0 ? 200 : 0;
    track with = run(&mic, &far, UNECHO_ALIGN_AUTO, late, plain, ms);
    track without = run(&mic, &far, UNECHO_ALIGN_OFF, 0, NULL, 0.0);
    /* Compare from where both the original pair and this one are aligned. */
    const size_t from = (plain->locked > with.locked ? plain->locked : with.locked) + RATE / 4;
    /* For both, count the hops in which the far end of the aligned pair is active. */
    signal_ heard = delayed(&s->far, shift > 0 ? shift : 0);
    const double erle = active_erle_db(mic.samples, heard.samples, with.out, from, mic.count);
    const double lost = active_erle_db(mic.samples, heard.samples, without.out, from, mic.count);
    const double best =
        active_erle_db(s->mic.samples, s->far.samples, plain->out, from, s->mic.count);
    printf("| %+.0f | ", ms);
    if (with.locked_at < 0.0)
        printf("never | | ");
    else
        printf("%.2f | %.2f | ", with.locked_at, error_of((double)with.last.delay_ms - ms, plain));
    printf("%.1f | %.1f | %.1f |\n", best, erle, lost);
    free(with.out);
    free(without.out);
    free(mic.samples);
    free(far.samples);
    free(heard.samples);
}

static void delays(const named *scenes, size_t count)
{
    static const double added[] = {-150, -20, 0, 3, 40, 120, 300, 600, 950};
    printf("### Delays\n\n");
    for (size_t i = 0; i < count; i++) {
        const ends *const s = &scenes[i].ends;
        track plain = run(&s->mic, &s->far, UNECHO_ALIGN_AUTO, 0, NULL, 0.0);
        printf("%s: found %.1f ms as it is\n\n", scenes[i].name, (double)plain.last.delay_ms);
        printf("| added, ms | found after, s of far end | error, ms | ERLE as it is | ERLE auto | "
               "ERLE off |\n|---|---|---|---|---|---|\n");
        for (size_t d = 0; d < sizeof added / sizeof *added; d++)
            if (added[d] + (double)plain.last.delay_ms <= UNECHO_DELAY_MAX_MS)
                one_delay(s, &plain, added[d]);
        printf("\n");
        free(plain.out);
    }
}

/* ---- Drift ------------------------------------------------------------------------------------
 */

static void one_drift(const signal_ *mic, const signal_ *far, double ppm)
{
    const size_t minute = 60 * RATE;
    /* Room for half an hour of drift in either direction. */
    signal_ late = delayed(mic, ppm > 0.0 ? 600 * RATE / 1000 : 40 * RATE / 1000);
    signal_ played = recorded_by(far, ppm);
    signal_ active = delayed(far, ppm > 0.0 ? 600 * RATE / 1000 : 40 * RATE / 1000);
    track t = run(&late, &played, UNECHO_ALIGN_AUTO, 0, NULL, 0.0);
    track without = run(&late, &played, UNECHO_ALIGN_OFF, 0, NULL, 0.0);
    printf(
        "| %+.0f | %.1f | %.1f | %.1f | %.1f | %u |\n", ppm, (double)t.last.drift_ppm,
        active_erle_db(late.samples, active.samples, t.out, t.locked, minute),
        active_erle_db(late.samples, active.samples, t.out, late.count - minute, late.count),
        active_erle_db(late.samples, active.samples, without.out, late.count - minute, late.count),
        t.last.realignments);
    free(t.out);
    free(without.out);
    free(late.samples);
    free(played.samples);
    free(active.samples);
}

static void drift(size_t minutes)
{
    static const double ppm[] = {-300, -100, -20, 0, 20, 100, 300};
    ends s = far_end_in_room("far", 0.3, 13);
    signal_ far = repeated(&s.far, minutes * 60 * RATE), mic = repeated(&s.mic, far.count);
    printf("### Drift over %zu minutes\n\n| ppm | found | ERLE, first minute | last minute | last "
           "minute, off | moves |\n|---|---|---|---|---|---|\n",
           minutes);
    for (size_t i = 0; i < sizeof ppm / sizeof *ppm; i++) {
        one_drift(&mic, &far, ppm[i]);
        fflush(stdout);
    }
    printf("\n");
    free(far.samples);
    free(mic.samples);
    free_ends(&s);
}

/* ---- Steps ------------------------------------------------------------------------------------
 */

static void one_step(const named *n, double ms)
{
    /* Repeat the scene, to have time before and after the step. */
    const size_t half = n->ends.mic.count / CHUNK * CHUNK;
    signal_ mic = repeated(&n->ends.mic, 2 * half), far = repeated(&n->ends.far, 2 * half);
    const long shift = (long)(ms * (double)RATE / 1000.0), base = 100 * RATE / 1000;
    signal_ before = delayed(&mic, base), after = delayed(&mic, base + shift);
    memcpy(after.samples, before.samples, half * sizeof(float));
    track plain = run(&before, &far, UNECHO_ALIGN_AUTO, 0, NULL, 0.0);
    unecho *stream = open_stream(UNECHO_ALIGN_AUTO, 0);
    float out[CHUNK];
    double active = 0.0, found = -1.0;
    unecho_stats stats = {.size = sizeof stats};
    for (size_t i = 0; i + CHUNK <= after.count; i += CHUNK) {
        unecho_process(stream, after.samples + i, far.samples + i, out, CHUNK);
        double power = 0.0;
        for (size_t j = 0; j < CHUNK; j++)
            power += (double)far.samples[i + j] * (double)far.samples[i + j];
        if (i >= half && power > UNECHO_FAR_ACTIVE_POWER * (double)CHUNK)
            active += (double)CHUNK / (double)RATE;
        unecho_get_stats(stream, &stats);
        const double error = (double)stats.delay_ms - (double)plain.last.delay_ms - ms;
        if (i >= half && found < 0.0 && fabs(error) <= 1.0)
            found = active;
    }
    printf("| %s | %+.0f | %.2f | %u |\n", n->name, ms, found, stats.realignments);
    unecho_close(&stream);
    free(plain.out);
    free(mic.samples);
    free(far.samples);
    free(before.samples);
    free(after.samples);
}

static void steps(const named *scenes, size_t count)
{
    printf("### Steps\n\n| scene | step, ms | followed after, s of far end | moves |\n"
           "|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        one_step(&scenes[i], 80.0);
        one_step(&scenes[i], -80.0);
    }
    printf("\n");
}

/* ---- Wrong references ------------------------------------------------------------------------
 */

static void one_wrong(const char *name, const signal_ *near, const signal_ *far)
{
    track with = run(near, far, UNECHO_ALIGN_AUTO, 0, NULL, 0.0);
    track without = run(near, far, UNECHO_ALIGN_OFF, 0, NULL, 0.0);
    const double level = power_db(near->samples, near->count);
    printf("| %s | %s | %.2f | %+.2f | %+.2f | %.1f | %.1f |\n", name,
           with.last.aligned ? "yes" : "no", (double)with.last.confidence,
           power_db(with.out, near->count) - level, power_db(without.out, near->count) - level,
           segmental_snr_db(near->samples, with.out, 0, near->count),
           segmental_snr_db(near->samples, without.out, 0, near->count));
    free(with.out);
    free(without.out);
}

static void wrong(void)
{
    printf("### Wrong references\n\n| far end | locked | confidence at the end | near-end "
           "gain, dB | with off | segmental SNR, dB | with off |\n|---|---|---|---|---|---|---|\n");
    signal_ once = read_sample("near"), near = repeated(&once, 3 * once.count);
    signal_ none = {calloc(near.count, sizeof(float)), near.count};
    one_wrong("silent", &near, &none);
    signal_ chords = music(near.count, 0.3f, 5);
    one_wrong("music, no echo", &near, &chords);
    signal_ hiss = {calloc(near.count, sizeof(float)), near.count};
    add_hiss(&hiss, 0.1f, 6);
    one_wrong("white noise, no echo", &near, &hiss);
    signal_ sample = read_sample("far"), other = repeated(&sample, near.count);
    one_wrong("another talker, no echo", &near, &other);
    if (reference_folder()) {
        static const char *const recordings[] = {"farend_singletalk", "theo", "doubletalk"};
        for (size_t i = 0; i < 3; i++) {
            signal_ mic, far;
            read_recording(recordings[i], &mic, &far);
            signal_ played = repeated(&far, near.count);
            one_wrong(recordings[i], &near, &played);
            free(mic.samples);
            free(far.samples);
            free(played.samples);
        }
    }
    /* Last, a correct reference for comparison: music and its echo. */
    signal_ echo = room_echo(&chords, 0.3, 0.5f, 3000, 7);
    track t = run(&echo, &chords, UNECHO_ALIGN_AUTO, 0, NULL, 0.0);
    printf("\nMusic with its echo 187.5 ms behind: found %.1f ms after %.1f s, ERLE %.1f dB\n\n",
           (double)t.last.delay_ms, t.locked_at,
           active_erle_db(echo.samples, chords.samples, t.out, t.locked, echo.count));
    free(t.out);
    free(echo.samples);
    free(once.samples);
    free(near.samples);
    free(none.samples);
    free(chords.samples);
    free(hiss.samples);
    free(sample.samples);
    free(other.samples);
}

static int asked(int argc, char **argv, const char *name)
{
    int found = argc < 2;
    for (int i = 1; i < argc; i++)
        found |= strcmp(argv[i], name) == 0;
    return found;
}

int main(int argc, char **argv)
{
    named scenes[8];
    const size_t count = all_scenes(scenes);
    if (asked(argc, argv, "delays"))
        delays(scenes, count);
    if (asked(argc, argv, "steps"))
        steps(scenes, count);
    if (asked(argc, argv, "wrong"))
        wrong();
    if (asked(argc, argv, "drift"))
        drift(30);
    for (size_t i = 0; i < count; i++)
        free_ends(&scenes[i].ends);
    return 0;
}
