/*
 * The output for the reference recordings, with two models, as one whole signal and as a stream in
 * calls of 1024 samples.
 *
 * - The native engine's output has the statistics in tests/onnxruntime/snapshots. Only that engine
 *   gives the same output on every machine. `test_snapshots --update` writes new ones.
 * - ONNX Runtime's output has the same bits however it is tuned.
 * - The two engines agree, and where a channel is digitally silent, which amplifies the rounding of
 *   a mean, the test prints the distance of both from the golden output.
 *
 * Needs UNECHO_REFERENCE and, but for the first, UNECHO_ONNXRUNTIME.
 */
#include "backends.h"
#include "check.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1024, FRAME = 512 };

static const double pi = 3.14159265358979323846;
static int update;

typedef struct run {
    const char *name;
    unsigned units;
    int batch;
} run;

static const char *mode(const run *r)
{
    return r->batch ? "batch" : "streaming";
}

/* A recording through a stream. Freed by the caller. */
static float *output(const run *r, unecho_config config, size_t *count)
{
    signal_ mic, far;
    read_recording(r->name, &mic, &far);
    char name[32];
    snprintf(name, sizeof name, "model_%u", r->units);
    config.model = reference_model(name);
    unecho *stream = NULL;
    float *out = NULL;
    if (r->batch) {
        stream = open_stream(&config);
        out = malloc((mic.count + 1) * sizeof *out);
        assert_int_equal(unecho_process_whole(stream, mic.samples, mic.count, far.samples,
                                              far.count, out,
                                              UNECHO_KEEP_LATENCY | UNECHO_NORMALIZE_PEAK),
                         UNECHO_OK);
    } else {
        config.whole_hops = 1;
        stream = open_stream(&config);
        mic.count = mic.count / UNECHO_HOP * UNECHO_HOP;
        out = stream_signal(stream, &mic, &far, CHUNK);
    }
    unecho_close(&stream);
    unecho_model_unref(&config.model);
    free(mic.samples);
    free(far.samples);
    *count = mic.count;
    return out;
}

/* ---- Statistics ------------------------------------------------------------------------- */

typedef enum field { SAMPLES, RMS, PEAK, CROSSINGS, CENTROID, LOW, MID, HIGH, FIELDS } field;

static const char *const field_names[FIELDS] = {
    "samples",           "rms",     "peak",    "zero_crossing_rate",
    "spectral_centroid", "rms_low", "rms_mid", "rms_high",
};

/* Decimation in time; n a power of 2. */
static void transform(double complex *to, const double complex *from, size_t n, size_t step)
{
    if (n == 1) {
        *to = *from;
        return;
    }
    transform(to, from, n / 2, 2 * step);
    transform(to + n / 2, from + step, n / 2, 2 * step);
    for (size_t k = 0; k < n / 2; k++) {
        const double complex odd = cexp(-2.0 * pi * I * (double)k / (double)n) * to[k + n / 2];
        to[k + n / 2] = to[k] - odd;
        to[k] += odd;
    }
}

/*
 * Power per frequency, over frames without window or overlap, so that the powers add up to that of
 * the signal (Parseval) and a change of the signal bounds theirs. Below 1 kHz, below 4 kHz, above.
 */
static void measure_spectrum(double *fields, const float *x, size_t count)
{
    double weighted = 0.0, total = 0.0, bands[3] = {0.0, 0.0, 0.0};
    for (size_t first = 0; first < count; first += FRAME) {
        double complex frame[FRAME] = {0}, spectrum[FRAME];
        for (size_t i = 0; i < FRAME && first + i < count; i++)
            frame[i] = (double)x[first + i];
        transform(spectrum, frame, FRAME, 1);
        for (size_t k = 0; k <= FRAME / 2; k++) {
            const double share = k == 0 || k == FRAME / 2 ? 1.0 : 2.0;
            const double magnitude = cabs(spectrum[k]);
            const double power = share * magnitude * magnitude / (double)FRAME / (double)count;
            const double hz = (double)k * UNECHO_SAMPLE_RATE / (double)FRAME;
            weighted += hz * power;
            total += power;
            bands[hz < 1000.0 ? 0 : hz < 4000.0 ? 1 : 2] += power;
        }
    }
    fields[CENTROID] = weighted / total;
    for (size_t i = 0; i < 3; i++)
        fields[LOW + i] = sqrt(bands[i]);
}

static void measure(double *fields, const float *x, size_t count)
{
    double power = 0.0;
    float peak = 0.0f;
    size_t crossings = 0;
    for (size_t i = 0; i < count; i++) {
        power += (double)x[i] * (double)x[i];
        peak = fmaxf(peak, fabsf(x[i]));
        crossings += i > 0 && (x[i] >= 0.0f) != (x[i - 1] >= 0.0f);
    }
    fields[SAMPLES] = (double)count;
    fields[RMS] = sqrt(power / (double)count);
    fields[PEAK] = (double)peak;
    fields[CROSSINGS] = (double)crossings / (double)count;
    measure_spectrum(fields, x, count);
}

/*
 * How far each field may be off. The golden test lets every output be `d` = 3e-6 away from the
 * exact one, so two acceptable outputs are at most 2 d apart, at every sample. Hence
 * - RMS, peak and the bands' RMS (norms of the signal or of a part of it): 2 d;
 * - crossings: a sample changes its sign only where it is within 2 d of zero, and takes part in
 * two;
 * - centroid: <x, F x> / <x, x> with frequencies F of 0 to 8000 Hz. Unit vectors that are e apart
 *   differ by 2 * 4000 e there, and normalised signals are apart by at most e = 2 (2 d) / RMS.
 * All with 1e-9 for the last digit that is written.
 */
static void tolerances(double *allowed, const double *fields, const float *x, size_t count)
{
    const double apart = 2.0 * 3e-6;
    size_t near_zero = 0;
    for (size_t i = 0; i < count; i++)
        near_zero += fabs((double)x[i]) <= apart;
    for (size_t i = 0; i < FIELDS; i++)
        allowed[i] = apart + 1e-9;
    allowed[SAMPLES] = 0.0;
    allowed[CROSSINGS] = 2.0 * (double)near_zero / (double)count + 1e-9;
    allowed[CENTROID] = 8000.0 * 2.0 * apart / fields[RMS] + 1e-9;
}

static const char *snapshot_path(const run *r)
{
    static char path[1024];
    snprintf(path, sizeof path, UNECHO_SNAPSHOTS_DIR "/%s_%u_%s.json", r->name, r->units, mode(r));
    return path;
}

static void write_snapshot(const run *r, const double *fields)
{
    FILE *const file = fopen(snapshot_path(r), "w");
    if (!file)
        fail_msg("%s cannot be written", snapshot_path(r));
    for (size_t i = 0; i < FIELDS; i++)
        fprintf(file, "%s  \"%s\": %.10g", i == 0 ? "{\n" : ",\n", field_names[i], fields[i]);
    fprintf(file, "\n}\n");
    assert_int_equal(fclose(file), 0);
}

static void read_snapshot(const run *r, double *fields)
{
    char text[2048];
    FILE *const file = fopen(snapshot_path(r), "r");
    if (!file)
        fail_msg("%s cannot be read; --update writes it", snapshot_path(r));
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; i < FIELDS; i++) {
        char key[64];
        snprintf(key, sizeof key, "\"%s\":", field_names[i]);
        const char *const at = strstr(text, key);
        if (!at)
            fail_msg("%s: no %s", snapshot_path(r), key);
        fields[i] = strtod(at + strlen(key), NULL);
    }
}

static void has_the_statistics_of_its_snapshot(void **state)
{
    const run *const r = *state;
    need_reference();
    size_t count = 0;
    float *const x = output(r, config_for(UNECHO_BACKEND_NATIVE, NULL), &count);
    double found[FIELDS], expected[FIELDS], allowed[FIELDS];
    measure(found, x, count);
    tolerances(allowed, found, x, count);
    free(x);
    if (update)
        write_snapshot(r, found);
    read_snapshot(r, expected);
    int missed = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        if (fabs(found[i] - expected[i]) <= allowed[i])
            continue;
        missed++;
        print_error("%s %u %s: %s is %.10g, expected %.10g within %.2g\n", r->name, r->units,
                    mode(r), field_names[i], found[i], expected[i], allowed[i]);
    }
    assert_int_equal(missed, 0);
}

/* ---- Bits ------------------------------------------------------------------------------- */

/* threads 0: untuned. Valid until the next call. */
static unecho_config tuned(unsigned threads1, unsigned threads2, int spinning)
{
    static unecho_onnxruntime settings;
    settings = (unecho_onnxruntime){
        .size = sizeof settings,
        .profile = threads1 == 0 ? UNECHO_UNTUNED_PROFILE : NULL,
        .stage_threads = {threads1, threads2},
        .spinning = spinning,
    };
    unecho_config config = config_for(UNECHO_BACKEND_ONNXRUNTIME, NULL);
    config.onnxruntime = &settings;
    return config;
}

static void is_the_same_bits_however_tuned(void **state)
{
    const run *const r = *state;
    need_onnxruntime();
    need_reference();
    static const struct {
        unsigned threads[2];
        int spinning;
    } settings[] = {
        {{1, 1}, 0}, {{1, 1}, 1}, {{2, 4}, 0}, {{2, 4}, 1}, {{4, 2}, 0}, {{4, 2}, 1},
    };
    size_t count = 0, found_count = 0;
    float *const expected = output(r, tuned(0, 0, 0), &count);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        float *const found =
            output(r, tuned(settings[i].threads[0], settings[i].threads[1], settings[i].spinning),
                   &found_count);
        assert_int_equal(found_count, count);
        for (size_t k = 0; k < found_count; k++)
            if (memcmp(&found[k], &expected[k], sizeof *found) != 0)
                fail_msg("%s %u %s, threads %u and %u, %s: sample %zu is %.9g, untuned %.9g",
                         r->name, r->units, mode(r), settings[i].threads[0], settings[i].threads[1],
                         settings[i].spinning ? "spinning" : "waiting", k, (double)found[k],
                         (double)expected[k]);
        free(found);
    }
    free(expected);
}

/* ---- Engines ---------------------------------------------------------------------------- */

static void report_golden(const run *r, const float *native, const float *onnxruntime, size_t n)
{
    const char *const path =
        reference_path("expected/golden/%s_%u_%s.f32", r->name, r->units, mode(r));
    FILE *const there = fopen(path, "rb");
    if (!there)
        return;
    fclose(there);
    const signal_ golden = read_signal(path);
    assert_true(golden.count >= n);
    const float distance = max_difference(native, golden.samples, n);
    print_message("    from the golden output: native %.2g, ONNX Runtime %.2g\n", (double)distance,
                  (double)max_difference(onnxruntime, golden.samples, n));
    assert_true(distance <= 3e-6f);
    free(golden.samples);
}

static void engines_agree(void **state)
{
    const run *const r = *state;
    need_onnxruntime();
    need_reference();
    size_t n = 0;
    float *const native = output(r, config_for(UNECHO_BACKEND_NATIVE, NULL), &n);
    float *const other = output(r, tuned(1, 1, 0), &n);
    const size_t whole = n / UNECHO_HOP * UNECHO_HOP;
    const float difference = max_difference(native, other, whole);
    print_message("%s %u %s: native and ONNX Runtime are %.2g apart, SNR %.1f dB\n", r->name,
                  r->units, mode(r), (double)difference, snr_db(other, native, whole));
    report_golden(r, native, other, whole);
    /* The two whose channels are never digitally silent. */
    if (!r->batch &&
        (strcmp(r->name, "doubletalk") == 0 || strcmp(r->name, "farend_singletalk") == 0))
        assert_true(difference <= 1e-5f);
    free(native);
    free(other);
}

int main(int count, char **arguments)
{
    static run runs[] = {
        {"doubletalk", 128, 0},
        {"doubletalk", 128, 1},
        {"doubletalk", 256, 0},
        {"doubletalk", 256, 1},
        {"hyprnote", 128, 0},
        {"hyprnote", 128, 1},
        {"hyprnote", 256, 0},
        {"hyprnote", 256, 1},
        {"theo", 128, 0},
        {"theo", 128, 1},
        {"theo", 256, 0},
        {"theo", 256, 1},
        {"farend_singletalk", 128, 0},
    };
    enum { RUNS = sizeof runs / sizeof *runs, KINDS = 3 };
    static const struct {
        const char *what;
        CMUnitTestFunction test;
        size_t runs;
    } kinds[KINDS] = {
        {"snapshot", has_the_statistics_of_its_snapshot, RUNS - 1},
        {"bits", is_the_same_bits_however_tuned, RUNS - 1},
        {"engines", engines_agree, RUNS},
    };
    update = count > 1 && strcmp(arguments[1], "--update") == 0;

    struct CMUnitTest tests[KINDS * RUNS];
    static char names[KINDS * RUNS][80];
    size_t used = 0;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < kinds[kind].runs; i++, used++) {
            snprintf(names[used], sizeof names[used], "%s: %s %u %s", kinds[kind].what,
                     runs[i].name, runs[i].units, mode(&runs[i]));
            tests[used] = (struct CMUnitTest){names[used], kinds[kind].test, NULL, NULL, &runs[i]};
        }
    return _cmocka_run_group_tests("snapshots", tests, used, NULL, NULL);
}
