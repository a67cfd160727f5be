/*
 * Measures the result of echo cancellation on the bundled sample. Used by run-demo and, with --tap,
 * as a test. Compares with the sample's own files: microphone, near end without echo, and the
 * segments in which one side or both talk. Does not use the library.
 *
 * measure [--tap] SAMPLE-PREFIX CLEANED, for instance: measure samples/meeting cleaned.flac
 * Exit status: 0 all promises hold, 1 one does not, 2 a file is unusable.
 */
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE 16000

/* The README's promises for this sample. */
#define LOWEST_ERLE_DB          20.0
#define LARGEST_LEVEL_CHANGE_DB 3.0
/* A fair sample: the echo is about as loud as the talker. */
#define LARGEST_SPEECH_TO_ECHO_DB 3.0

struct signal {
    float *samples;
    size_t count;
};

struct segment {
    double from, to; /* seconds */
};

struct figures {
    struct segment far_alone, near_alone, both;
    double echo_db, residue_db; /* of full scale, far end alone */
    double erle_db;
    double level_change_db;       /* of the near end, near end alone */
    double speech_to_echo_db;     /* at the microphone, both */
    double sdr_before, sdr_after; /* both */
};

static int read_signal(const char *path, struct signal *signal)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file) {
        fprintf(stderr, "measure: %s: %s\n", path, sf_strerror(NULL));
        return -1;
    }
    signal->samples = NULL;
    if (info.channels != 1 || info.samplerate != RATE || info.frames <= 0) {
        fprintf(stderr,
                "measure: %s: expected 16 kHz mono, found %d Hz, %d channels, %lld samples\n", path,
                info.samplerate, info.channels, (long long)info.frames);
        goto fail;
    }
    signal->count = (size_t)info.frames;
    signal->samples = malloc(signal->count * sizeof *signal->samples);
    if (!signal->samples || sf_readf_float(file, signal->samples, info.frames) != info.frames) {
        fprintf(stderr, "measure: %s: cannot read all of it\n", path);
        goto fail;
    }
    sf_close(file);
    return 0;

fail:
    free(signal->samples);
    signal->samples = NULL;
    sf_close(file);
    return -1;
}

/* The two numbers of "name": [from, to]; enough JSON for the file that make_sample.py writes. */
static int find_segment(const char *json, const char *name, struct segment *segment)
{
    const char *at = strstr(json, name);
    char *end = NULL;
    at = at ? strchr(at, '[') : NULL;
    if (!at)
        return -1;
    segment->from = strtod(at + 1, &end);
    end += strspn(end, " \n,");
    segment->to = strtod(end, NULL);
    return segment->from >= 0 && segment->to > segment->from ? 0 : -1;
}

static int read_segments(const char *path, struct figures *figures)
{
    char json[4096];
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "measure: %s: cannot open it\n", path);
        return -1;
    }
    size_t length = fread(json, 1, sizeof json - 1, file);
    fclose(file);
    json[length] = '\0';
    if (find_segment(json, "\"far_end_single_talk\"", &figures->far_alone) < 0 ||
        find_segment(json, "\"near_end_single_talk\"", &figures->near_alone) < 0 ||
        find_segment(json, "\"double_talk\"", &figures->both) < 0) {
        fprintf(stderr, "measure: %s: a segment is missing or empty\n", path);
        return -1;
    }
    return 0;
}

/* Mean of a times b over a segment; a segment that reaches beyond the signal is cut. */
static double mean_product(const float *a, const float *b, size_t count, struct segment segment)
{
    size_t from = (size_t)(segment.from * RATE), to = (size_t)(segment.to * RATE);
    double sum = 0.0;
    if (to > count)
        to = count;
    for (size_t i = from; i < to; i++)
        sum += (double)a[i] * (double)b[i];
    return to > from ? sum / (double)(to - from) : 0.0;
}

/* Powers below -120 dB of full scale count as -120 dB, so that silence has a finite level. */
static double decibels(double power)
{
    return 10.0 * log10(power > 1e-12 ? power : 1e-12);
}

static double level(const struct signal *x, struct segment segment)
{
    return decibels(mean_product(x->samples, x->samples, x->count, segment));
}

/*
 * Scale-invariant signal-to-distortion ratio (Le Roux et al. 2019): power of the part of x that is
 * a multiple of voice, over power of all the rest.
 */
static double sdr(const struct signal *x, const struct signal *voice, struct segment segment)
{
    double xx = mean_product(x->samples, x->samples, x->count, segment);
    double vv = mean_product(voice->samples, voice->samples, x->count, segment);
    double xv = mean_product(x->samples, voice->samples, x->count, segment);
    double target = vv > 0.0 ? xv * xv / vv : 0.0;
    return decibels(target) - decibels(xx - target);
}

static int measure(const struct signal *mic, const struct signal *near, const struct signal *clean,
                   struct figures *figures)
{
    struct signal echo = {malloc(mic->count * sizeof *echo.samples), mic->count};
    if (!echo.samples)
        return -1;
    for (size_t i = 0; i < echo.count; i++)
        echo.samples[i] = mic->samples[i] - near->samples[i];

    figures->echo_db = level(mic, figures->far_alone);
    figures->residue_db = level(clean, figures->far_alone);
    figures->erle_db = figures->echo_db - figures->residue_db;
    figures->level_change_db = level(clean, figures->near_alone) - level(near, figures->near_alone);
    figures->speech_to_echo_db = level(near, figures->both) - level(&echo, figures->both);
    figures->sdr_before = sdr(mic, near, figures->both);
    figures->sdr_after = sdr(clean, near, figures->both);
    free(echo.samples);
    return 0;
}

static void print_figures(const struct figures *f)
{
    printf("Far end alone (%.1f to %.1f s), where the microphone contains only echo:\n"
           "    level %.1f dB before, %.1f dB after: the echo is %.1f dB weaker (ERLE; promised: "
           "at least %.0f).\n",
           f->far_alone.from, f->far_alone.to, f->echo_db, f->residue_db, f->erle_db,
           LOWEST_ERLE_DB);
    printf("Near end alone (%.1f to %.1f s), which should not change:\n"
           "    the voice's level changes by %+.1f dB (promised: at most %.0f either way).\n",
           f->near_alone.from, f->near_alone.to, f->level_change_db, LARGEST_LEVEL_CHANGE_DB);
    printf("Double talk (%.1f to %.1f s), the voice %+.1f dB over the echo:\n"
           "    voice over everything else (SI-SDR): %.1f dB before, %.1f dB after.\n",
           f->both.from, f->both.to, f->speech_to_echo_db, f->sdr_before, f->sdr_after);
}

static void report(int number, int ok, const char *promise, double found)
{
    printf("%s %d - %s: %.2f dB\n", ok ? "ok" : "not ok", number, promise, found);
}

int main(int argc, char **argv)
{
    int tap = argc > 1 && strcmp(argv[1], "--tap") == 0;
    if (argc != 3 + tap) {
        fprintf(stderr, "usage: measure [--tap] SAMPLE-PREFIX CLEANED\n");
        return 2;
    }
    const char *prefix = argv[1 + tap];
    char path[3][4096];
    const char *endings[3] = {"_mic.flac", "_near.flac", ".json"};
    for (int i = 0; i < 3; i++)
        if ((size_t)snprintf(path[i], sizeof path[i], "%s%s", prefix, endings[i]) >= sizeof path[i])
            return 2;

    struct signal mic = {0}, near = {0}, clean = {0};
    struct figures f = {0};
    int status = 2;
    if (read_signal(path[0], &mic) < 0 || read_signal(path[1], &near) < 0 ||
        read_signal(argv[2 + tap], &clean) < 0 || read_segments(path[2], &f) < 0)
        goto done;
    if (near.count != mic.count || clean.count != mic.count) {
        fprintf(stderr, "measure: lengths differ: microphone %zu samples, near end %zu, %s %zu\n",
                mic.count, near.count, argv[2 + tap], clean.count);
        goto done;
    }
    if (measure(&mic, &near, &clean, &f) < 0)
        goto done;

    int erle_ok = f.erle_db >= LOWEST_ERLE_DB;
    int level_ok = fabs(f.level_change_db) <= LARGEST_LEVEL_CHANGE_DB;
    int fair = fabs(f.speech_to_echo_db) <= LARGEST_SPEECH_TO_ECHO_DB;
    int better = f.sdr_after > f.sdr_before;
    if (tap) {
        printf("1..4\n");
        report(1, erle_ok, "far end alone: ERLE of at least 20 dB", f.erle_db);
        report(2, level_ok, "near end alone: the voice's level changes by at most 3 dB",
               f.level_change_db);
        report(3, better, "double talk: SI-SDR improves", f.sdr_after - f.sdr_before);
        report(4, fair, "the sample's echo is as loud as its talker, within 3 dB",
               f.speech_to_echo_db);
    } else {
        print_figures(&f);
    }
    status = erle_ok && level_ok && fair && better ? 0 : 1;

done:
    free(mic.samples);
    free(near.samples);
    free(clean.samples);
    return status;
}
