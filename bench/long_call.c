/*
 * Does the quality of a call degrade over hours? The cells of the network's LSTM layers accumulate,
 * so it might. One stream processes recordings of the reference data, repeated with seeded gains.
 * Every line covers the same samples, so all lines would be equal if only the last seconds
 * mattered. The hardest start is hours of one kind of signal: --after KIND:HOURS. By default the
 * network runs alone; --as default selects a stream with alignment and linear filter.
 *
 *     bench_long_call [--model PREFIX] [--precision fp32|bf16|int8] [--hours N] [--seconds N]
 *                     [--cell-limit X] [--as network|default]
 *                     [--after silence|noise|farend_singletalk|doubletalk|hyprnote:HOURS]
 */
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIPS = 4, LAG = 3 * UNECHO_HOP };

typedef struct clip {
    const char *name;
    signal_ mic, far;
    double mic_energy, out_energy; /* in this window */
} clip;

typedef struct options {
    const char *prefix;
    double hours;
    double window_seconds; /* covered by a line of the table, rounded up to whole rounds */
    char before[32];       /* the kind of signal that comes first */
    double before_hours;
} options;

typedef struct call {
    unecho *stream;
    clip clips[CLIPS];
    float *mic, *far, *out;
    double worst; /* highest magnitude in the output */
} call;

static clip read_clip(const char *name)
{
    clip c = {.name = name};
    read_recording(name, &c.mic, &c.far);
    c.mic.count -= c.mic.count % UNECHO_HOP;
    return c;
}

/* A factor of -10 to +10 dB, in repeating steps. */
static float random_gain(uint32_t *seed)
{
    return powf(10.0f, 0.5f * random_float(seed));
}

static void process(call *of, size_t n)
{
    if (unecho_process(of->stream, of->mic, of->far, of->out, n) < 0)
        abort();
}

static void play(call *of, clip *c, uint32_t *seed)
{
    const float mic_gain = random_gain(seed), far_gain = random_gain(seed);
    for (size_t i = 0; i < c->mic.count; i++) {
        of->mic[i] = mic_gain * c->mic.samples[i];
        of->far[i] = far_gain * c->far.samples[i];
    }
    process(of, c->mic.count);
    /* Relative to the microphone's gain, so that all passages have the same weight. */
    for (size_t i = LAG; i < c->mic.count; i++) {
        const double mic = (double)c->mic.samples[i - LAG];
        const double out = (double)(of->out[i] / mic_gain);
        c->mic_energy += mic * mic;
        c->out_energy += out * out;
        of->worst = fmax(of->worst, fabs(out));
    }
}

/* Output over microphone, in dB. */
static double level(const clip *c)
{
    return 10.0 * log10(c->out_energy / c->mic_energy);
}

/* Hours of one clip, of noise at -60 dB of full scale at both ends, or of silence. */
static void listen(call *of, const options *how)
{
    const double samples = how->before_hours * 3600.0 * UNECHO_SAMPLE_RATE;
    clip *repeated = NULL;
    for (size_t i = 0; i < CLIPS; i++)
        if (strcmp(of->clips[i].name, how->before) == 0)
            repeated = &of->clips[i];
    const float amplitude = strcmp(how->before, "noise") == 0 ? 1.7e-3f : 0.0f;
    uint32_t seed = 2;
    for (double heard = 0; heard < samples;) {
        const size_t n = of->clips[0].mic.count;
        if (repeated) {
            play(of, repeated, &seed);
            heard += (double)repeated->mic.count;
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            of->mic[i] = amplitude * random_float(&seed);
            of->far[i] = amplitude * random_float(&seed);
        }
        process(of, n);
        heard += (double)n;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const clip *)a)->name, ((const clip *)b)->name);
}

static void sort_clips(call *of)
{
    qsort(of->clips, CLIPS, sizeof of->clips[0], by_name);
}

/*
 * Whole rounds of all clips in a seeded order, at least as long as a window; returns their seconds.
 */
static double window(call *of, double seconds)
{
    uint32_t seed = 1;
    size_t played = 0;
    of->worst = 0.0;
    for (size_t i = 0; i < CLIPS; i++)
        of->clips[i].mic_energy = of->clips[i].out_energy = 0.0;
    while ((double)played < seconds * UNECHO_SAMPLE_RATE)
        for (size_t left = CLIPS; left > 0; left--) {
            /* In any order: the chosen one moves to the end. */
            const size_t i = random_bits(&seed) % left;
            const clip taken = of->clips[i];
            of->clips[i] = of->clips[left - 1];
            of->clips[left - 1] = taken;
            play(of, &of->clips[left - 1], &seed);
            played += taken.mic.count;
        }
    sort_clips(of);
    return (double)played / UNECHO_SAMPLE_RATE;
}

static void run(call *of, const options *how)
{
    sort_clips(of);
    listen(of, how);
    printf("%8s", "minute");
    for (size_t i = 0; i < CLIPS; i++)
        printf("  %18s", of->clips[i].name);
    printf("  %6s\n", "peak");
    for (double heard = 0.0; heard < how->hours * 3600.0;) {
        heard += window(of, how->window_seconds);
        printf("%8.1f", heard / 60.0);
        for (size_t i = 0; i < CLIPS; i++)
            printf("  %18.2f", level(&of->clips[i]));
        printf("  %6.2f\n", of->worst);
        fflush(stdout);
    }
}

static int take_number(double *number, const char *text)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == 0 && *number >= 0.0;
}

static int take(unecho_config *config, options *how, const char *option, const char *value)
{
    static const char *const precisions[] = {"fp32", "bf16", "int8"};
    if (strcmp(option, "--model") == 0) {
        how->prefix = value;
        return 1;
    }
    if (strcmp(option, "--cell-limit") == 0) {
        double limit = 0.0;
        const int right = take_number(&limit, value);
        config->cell_limit = (float)limit;
        return right;
    }
    if (strcmp(option, "--as") == 0 && strcmp(value, "default") == 0) {
        unecho_config usual;
        unecho_config_init(&usual);
        config->align = usual.align;
        config->noise_reduction_db = usual.noise_reduction_db;
        config->engine = usual.engine;
        return 1;
    }
    if (strcmp(option, "--as") == 0)
        return strcmp(value, "network") == 0;
    if (strcmp(option, "--hours") == 0)
        return take_number(&how->hours, value);
    if (strcmp(option, "--seconds") == 0)
        return take_number(&how->window_seconds, value);
    if (strcmp(option, "--after") == 0) {
        const char *const colon = strchr(value, ':');
        if (!colon || (size_t)(colon - value) >= sizeof how->before)
            return 0;
        memcpy(how->before, value, (size_t)(colon - value));
        return take_number(&how->before_hours, colon + 1);
    }
    for (size_t i = 0; i < 3 && strcmp(option, "--precision") == 0; i++)
        if (strcmp(value, precisions[i]) == 0) {
            config->precision = (unecho_precision)i;
            return 1;
        }
    return 0;
}

int main(int count, char **words)
{
    char text[UNECHO_MESSAGE_SIZE];
    options how = {.hours = 8.0, .window_seconds = 600.0};
    unecho_config config = reference_config();
    config.whole_hops = 1;
    config.hops_at_once = UNECHO_HOPS_AT_ONCE_MAX;
    config.message = text;
    config.message_size = sizeof text;
    for (int i = 1; i < count; i += 2)
        if (i + 1 == count || !take(&config, &how, words[i], words[i + 1])) {
            fputs("usage: see the top of bench/long_call.c\n", stderr);
            return 2;
        }
    if (!reference_folder()) {
        fputs("bench_long_call: UNECHO_REFERENCE is not set\n", stderr);
        return 1;
    }
    call c = {.clips = {read_clip("farend_singletalk"), read_clip("doubletalk"),
                        read_clip("hyprnote"), read_clip("theo")}};
    size_t longest = 0;
    for (size_t i = 0; i < CLIPS; i++)
        longest = c.clips[i].mic.count > longest ? c.clips[i].mic.count : longest;
    c.mic = malloc(longest * sizeof *c.mic);
    c.far = malloc(longest * sizeof *c.far);
    c.out = malloc(longest * sizeof *c.out);
    if (!c.mic || !c.far || !c.out)
        return 1;
    if ((how.prefix && unecho_model_load(&config.model, how.prefix, text, sizeof text) < 0) ||
        unecho_open(&c.stream, &config) < 0) {
        fprintf(stderr, "bench_long_call: %s\n", text);
        return 1;
    }
    run(&c, &how);
    unecho_close(&c.stream);
    unecho_model_unref(&config.model);
    for (size_t i = 0; i < CLIPS; i++) {
        free(c.clips[i].mic.samples);
        free(c.clips[i].far.samples);
    }
    free(c.mic);
    free(c.far);
    free(c.out);
    return 0;
}
