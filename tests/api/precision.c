/*
 * What bf16 and int8 cost: the distance of their output from fp32's, on real recordings with the
 * reference model and on the bundled sample with the built-in one. The bounds are what users are
 * promised, not what happened to come out.
 */
#include "check.h"
#include "signals.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct result {
    double snr_db;        /* of the output against that of fp32 */
    double difference_db; /* its difference from fp32 relative to the microphone's level */
    double erle_db;
} result;

static float *run(unecho_model *model, unecho_precision precision, const signal_ *mic,
                  const signal_ *far)
{
    unecho_config config = reference_config();
    config.model = model;
    config.precision = precision;
    config.whole_hops = 1;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    float *const out = malloc(mic->count * sizeof *out);
    assert_int_equal(
        unecho_process_whole(stream, mic->samples, mic->count, far->samples, far->count, out, 0),
        UNECHO_OK);
    unecho_close(&stream);
    return out;
}

static double difference_db(const float *a, const float *b, size_t n)
{
    float *const d = malloc(n * sizeof *d);
    for (size_t i = 0; i < n; i++)
        d[i] = a[i] - b[i];
    const double db = power_db(d, n);
    free(d);
    return db;
}

/* The ERLE of fp32 and of the precision on the same recording: their difference. */
static result compare(unecho_model *model, unecho_precision precision, const char *name,
                      const signal_ *mic, const signal_ *far)
{
    const size_t n = mic->count;
    float *const exact = run(model, UNECHO_PRECISION_FP32, mic, far);
    float *const out = run(model, precision, mic, far);
    const result r = {
        .snr_db = snr_db(out, exact, n),
        .difference_db = difference_db(out, exact, n) - power_db(mic->samples, n),
        .erle_db = power_db(exact, n) - power_db(out, n),
    };
    print_message("%s, %s: SNR %.1f dB, difference %.1f dB from the mic, ERLE %+.2f dB\n", name,
                  precision == UNECHO_PRECISION_INT8 ? "int8" : "bf16", r.snr_db, r.difference_db,
                  r.erle_db);
    free(exact);
    free(out);
    return r;
}

static unecho_model *reference_model(const char *name)
{
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_load(&model, reference_path("models/%s", name), NULL, 0),
                     UNECHO_OK);
    return model;
}

static result on_recording(unecho_model *model, unecho_precision precision, const char *name)
{
    signal_ mic, far;
    read_recording(name, &mic, &far);
    const result r = compare(model, precision, name, &mic, &far);
    free(mic.samples);
    free(far.samples);
    return r;
}

static void int8_with_the_reference_model(void **unused)
{
    (void)unused;
    need_reference();
    static const char *const names[] = {"doubletalk", "hyprnote", "theo", "farend_singletalk"};
    unecho_model *model = reference_model("model_128");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const result r = on_recording(model, UNECHO_PRECISION_INT8, names[i]);
        assert_true(r.difference_db <= -34.0);
        if (strcmp(names[i], "farend_singletalk") == 0)
            assert_true(fabs(r.erle_db) <= 1.0);
    }
    unecho_model_unref(&model);
}

/* Their weights are int8 already and used as they are: only the rounding of inputs is left. */
static void int8_with_int8_files(void **unused)
{
    (void)unused;
    need_reference();
    static const char *const runs[][2] = {{"dtln_aec_128_quant", "doubletalk"},
                                          {"dtln_aec_128_quant", "farend_singletalk"},
                                          {"dtln_aec_256_quant", "doubletalk"}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        unecho_model *model = reference_model(runs[i][0]);
        assert_true(on_recording(model, UNECHO_PRECISION_INT8, runs[i][1]).difference_db <= -38.0);
        unecho_model_unref(&model);
    }
}

static void int8_with_our_model(void **unused)
{
    (void)unused;
    need_reference();
    assert_true(on_recording(NULL, UNECHO_PRECISION_INT8, "doubletalk").snr_db >= 42.0);
    assert_true(on_recording(NULL, UNECHO_PRECISION_INT8, "hyprnote").snr_db >= 42.0);
}

static void bf16_with_both_models(void **unused)
{
    (void)unused;
    need_reference();
    unecho_model *model = reference_model("model_128");
    assert_true(on_recording(model, UNECHO_PRECISION_BF16, "doubletalk").snr_db >= 50.0);
    assert_true(on_recording(NULL, UNECHO_PRECISION_BF16, "doubletalk").snr_db >= 50.0);
    unecho_model_unref(&model);
}

/* Needs no reference data. */
static void on_the_bundled_sample(void **unused)
{
    (void)unused;
    const signal_ mic = read_sample("mic"), far = read_sample("far");
    assert_true(compare(NULL, UNECHO_PRECISION_INT8, "sample", &mic, &far).difference_db <= -34.0);
    assert_true(compare(NULL, UNECHO_PRECISION_BF16, "sample", &mic, &far).difference_db <= -50.0);
    free(mic.samples);
    free(far.samples);
}

/* Whatever the kernels and chunks: the same bits. */
static void check_bits(unecho_model *model, unecho_precision first)
{
    enum { LENGTH = 12000 };
    static const size_t chunks[] = {128, 1000, LENGTH};
    const signal_ mic = read_sample("mic"), far = read_sample("far");
    const uint32_t cpu = unecho_cpu_features();
    float *const expected = malloc(LENGTH * sizeof *expected);
    float *const out = malloc(LENGTH * sizeof *out);
    for (int precision = (int)first; precision <= UNECHO_PRECISION_INT8; precision++)
        for (uint32_t set = 0; set <= cpu; set++) {
            if ((set & cpu) != set)
                continue;
            for (size_t c = 0; c < (set == 0 ? 1 : sizeof chunks / sizeof *chunks); c++) {
                unecho_config config = reference_config();
                config.model = model;
                config.cpu = set;
                config.precision = (unecho_precision)precision;
                unecho *stream = NULL;
                assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
                for (size_t i = 0, n; i < LENGTH; i += n) {
                    n = LENGTH - i < chunks[c] ? LENGTH - i : chunks[c];
                    unecho_process(stream, mic.samples + i, far.samples + i, out + i, n);
                }
                unecho_close(&stream);
                if (set == 0)
                    memcpy(expected, out, LENGTH * sizeof *out);
                assert_memory_equal(out, expected, LENGTH * sizeof *out);
            }
        }
    free(expected);
    free(out);
    free(mic.samples);
    free(far.samples);
}

static void the_same_bits_everywhere(void **unused)
{
    (void)unused;
    check_bits(NULL, UNECHO_PRECISION_BF16);
}

static void the_same_bits_everywhere_of_int8_files(void **unused)
{
    (void)unused;
    need_reference();
    unecho_model *model = reference_model("dtln_aec_128_quant");
    check_bits(model, UNECHO_PRECISION_INT8);
    unecho_model_unref(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_with_int8_files),
        cmocka_unit_test(int8_with_the_reference_model),
        cmocka_unit_test(int8_with_our_model),
        cmocka_unit_test(bf16_with_both_models),
        cmocka_unit_test(on_the_bundled_sample),
        cmocka_unit_test(the_same_bits_everywhere),
        cmocka_unit_test(the_same_bits_everywhere_of_int8_files),
    };
    return cmocka_run_group_tests_name("precision", tests, NULL, NULL);
}
