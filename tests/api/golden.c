/*
 * The output is that of the reference algorithm evaluated in double precision
 * ($UNECHO_REFERENCE/expected/golden): within 3e-6 of full scale, and 90 dB below the signal.
 */
#include "check.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The samples in a call of the reference's streaming mode. */
enum { REFERENCE_CALL = 1024 };

typedef struct run {
    const char *name;
    unsigned units;
    int batch;
    int tflite; /* the published files: golden is computed from them where stage 1 is fp32 */
} run;

static unecho *open_stream(const run *r)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE];
    int status;
    if (r->tflite && r->units == 128)
        status = unecho_model_load_files(&model, reference_path("models/dtln_aec_128_1.tflite"),
                                         reference_path("models/dtln_aec_128_quant_2.tflite"),
                                         message, sizeof message);
    else
        status = unecho_model_load(
            &model,
            reference_path(r->tflite ? "models/dtln_aec_%u_quant" : "models/model_%u", r->units),
            message, sizeof message);
    if (status < 0)
        fail_msg("%s", message);
    unecho_config config = reference_config();
    config.model = model;
    config.whole_hops = 1;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    unecho_model_unref(&model);
    return stream;
}

/* Hop by hop, then the reference's rule for each of its calls: a peak above 1 scales that call. */
static void stream_recording(unecho *stream, const signal_ *mic, const signal_ *far, float *out)
{
    const size_t whole = mic->count / UNECHO_HOP * UNECHO_HOP;
    for (size_t i = 0; i < whole; i += UNECHO_HOP)
        assert_int_equal(
            unecho_process(stream, mic->samples + i, far->samples + i, out + i, UNECHO_HOP),
            UNECHO_OK);
    for (size_t i = 0; i < whole; i += REFERENCE_CALL) {
        const size_t n = whole - i < REFERENCE_CALL ? whole - i : REFERENCE_CALL;
        float peak = 0.0f;
        for (size_t k = i; k < i + n; k++)
            peak = fmaxf(peak, fabsf(out[k]));
        for (size_t k = i; peak > 1.0f && k < i + n; k++)
            out[k] *= 0.99f / peak;
    }
}

static void equals_golden(void **state)
{
    need_reference();
    const run *const r = *state;
    signal_ mic, far;
    read_recording(r->name, &mic, &far);
    const char *const mode = r->batch ? "batch" : "streaming";
    const signal_ golden =
        read_signal(reference_path("expected/golden/%s_%u_%s.f32", r->name, r->units, mode));
    assert_int_equal(golden.count, mic.count);

    float *const out = malloc(mic.count * sizeof *out);
    unecho *stream = open_stream(r);
    if (r->batch)
        assert_int_equal(unecho_process_whole(stream, mic.samples, mic.count, far.samples,
                                              far.count, out,
                                              UNECHO_KEEP_LATENCY | UNECHO_NORMALIZE_PEAK),
                         UNECHO_OK);
    else
        stream_recording(stream, &mic, &far, out);
    unecho_close(&stream);

    /* The reference drops an incomplete last hop; ours is not compared. */
    const size_t whole = mic.count / UNECHO_HOP * UNECHO_HOP;
    const float difference = max_difference(out, golden.samples, whole);
    const double snr = snr_db(out, golden.samples, whole);
    print_message("%s %u %s%s: max difference %.2g, SNR %.1f dB\n", r->name, r->units, mode,
                  r->tflite ? " from TFLite" : "", (double)difference, snr);
    assert_true(difference <= 3e-6f);
    assert_true(snr >= 90.0);

    free(out);
    free(golden.samples);
    free(mic.samples);
    free(far.samples);
}

int main(void)
{
    static run runs[] = {
        {"doubletalk", 128, 0, 0},
        {"doubletalk", 128, 1, 0},
        {"hyprnote", 128, 0, 0},
        {"hyprnote", 128, 1, 0},
        {"theo", 128, 0, 0},
        {"theo", 128, 1, 0},
        {"loud", 128, 0, 0},
        {"loud", 128, 1, 0},
        {"farend_singletalk", 128, 0, 0},
        {"doubletalk", 256, 0, 0},
        {"farend_singletalk", 128, 1, 0},
        {"doubletalk", 256, 1, 0},
        {"doubletalk", 128, 0, 1},
        {"doubletalk", 256, 0, 1},
    };
    enum { RUNS = sizeof runs / sizeof *runs };
    struct CMUnitTest tests[RUNS];
    char names[RUNS][64];
    for (size_t i = 0; i < RUNS; i++) {
        snprintf(names[i], sizeof names[i], "%s %u %s%s", runs[i].name, runs[i].units,
                 runs[i].batch ? "batch" : "streaming", runs[i].tflite ? " from TFLite" : "");
        tests[i] = (struct CMUnitTest){names[i], equals_golden, NULL, NULL, &runs[i]};
    }
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
