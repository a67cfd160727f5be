/*
 * `unecho inspect` and `unecho convert` as users run them: what they report, what they reject, and
 * that no file is ever half written.
 */
#include "check.h"
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDING                                                                                  \
    "--mic " UNECHO_SAMPLES_DIR "/meeting_mic.flac --far " UNECHO_SAMPLES_DIR "/meeting_far.flac "

static outcome result;

static void expect_output(const char *part)
{
    expect_part(result.output, part);
}

/* Fails with the reason and leaves nothing behind. */
static void expect_refusal(const char *words, int code, const char *part)
{
    run(&result, words);
    expect_code(&result, code);
    expect_part(result.messages, part);
    assert_int_equal(count_hidden(), 0);
}

static void make_model(const char *words)
{
    run(&result, words);
    expect_code(&result, 0);
}

/* ---- inspect ---------------------------------------------------------------------------- */

static void tells_what_files_are(void **state)
{
    (void)state;
    make_model("convert --no-report -q exact");
    run(&result, "inspect exact");
    expect_code(&result, 0);
    expect_output("exact_1.onnx: stage 1 of DTLN-aec, 128 units");
    expect_output("exact_2.onnx: stage 2 of DTLN-aec, 128 units");
    expect_output("ONNX, opset 13");
    expect_output("producer   unecho ");
    expect_output("weights    494981, matrices stored as fp32");
    expect_output("MatMul 5, ");
    expect_output("exact_1.onnx and exact_2.onnx: a complete model, 1809285 weights");
    expect_output("in fp32, bf16 and int8; kernels here: ");
    expect_output("on ONNX Runtime");
    assert_null(strstr(result.output, "only with"));
}

static void tells_of_one_file_alone(void **state)
{
    (void)state;
    make_model("convert --no-report -q --precision int8 alone");
    run(&result, "inspect alone_2.onnx");
    expect_code(&result, 0);
    expect_output("matrices stored as bf16, int8");
    expect_output("only with a stage 1 of 128 units");
    assert_null(strstr(result.output, "whole model"));
    /* named in any order */
    run(&result, "inspect alone_2.onnx alone_1.onnx");
    expect_code(&result, 0);
    expect_output("alone_1.onnx and alone_2.onnx: a complete model");
    expect_output("(with the files' own integers)");
}

static void says_why_a_file_is_refused(void **state)
{
    (void)state;
    make_model("convert --no-report -q sound");
    size_t size = 0;
    char *const whole = read_bytes("sound_1.onnx", &size);
    write_bytes("cut.onnx", whole, size / 2);
    write_bytes("text.onnx", "hello\n", 6);
    write_bytes("empty.onnx", "", 0);
    write_bytes("other.tflite", "\x1c\0\0\0TFL3zzzzzzzz", 16);
    free(whole);
    run(&result, "inspect cut.onnx text.onnx sound_1.onnx empty.onnx other.tflite missing /");
    expect_code(&result, 1);
    expect_output("sound_1.onnx: stage 1");
    expect_part(result.messages, "cut.onnx: damaged at byte");
    expect_part(result.messages, "text.onnx: not an ONNX model");
    expect_part(result.messages, "empty.onnx: not an ONNX model: the file is empty");
    expect_part(result.messages, "other.tflite: ");
    expect_part(result.messages, "missing: cannot be opened");
    expect_part(result.messages, "/: cannot be read");
}

/* The names of a pair of stages on files that are none. */
static void two_models_by_one_prefix(void **state)
{
    size_t size = 0;
    (void)state;
    char *const bytes = read_bytes(UNECHO_MODELS_DIR "/unecho-post.onnx", &size);
    write_bytes("twins_1.onnx", bytes, size);
    write_bytes("twins_2.onnx", bytes, size);
    free(bytes);
    run(&result, "inspect twins");
    expect_code(&result, 0);
    expect_output("twins_1.onnx: a complete model");
    expect_output("twins_2.onnx: a complete model");
}

static void units_must_agree(void **state)
{
    (void)state;
    need_reference();
    char words[1024];
    snprintf(words, sizeof words, "inspect %s %s", reference_path("models/model_128_1.onnx"),
             reference_path("models/dtln_aec_256_quant_2.tflite"));
    expect_refusal(words, 1, "they do not belong together");
    snprintf(words, sizeof words, "inspect %s", reference_path("models/dtln_aec_256_quant"));
    run(&result, words);
    expect_code(&result, 0);
    expect_output("256 units");
    expect_output("TFLite, schema 3");
    expect_output("not on ONNX Runtime: TFLite");
    expect_output("FULLY_CONNECTED 5");
}

static void inspects_as_json(void **state)
{
    (void)state;
    make_model("convert --no-report -q j");
    run(&result, "inspect --json j missing");
    expect_code(&result, 1);
    expect_output("{\"files\": [{\"path\": \"j_1.onnx\", \"stage\": 1, \"units\": 128");
    expect_output("\"storage\": \"fp32\"");
    expect_output("{\"path\": \"missing\", \"error\": \"missing: cannot be opened");
    expect_output("\"models\": [{\"stage1\": \"j_1.onnx\", \"stage2\": \"j_2.onnx\"");
    expect_output("\"onnxruntime\": true");
}

/* ---- convert ---------------------------------------------------------------------------- */

static void reports_what_it_cost(void **state)
{
    (void)state;
    run(&result, "convert " RECORDING "exact");
    expect_code(&result, 0);
    expect_output("exact_1.onnx: ");
    expect_output("fp32 arithmetic: the same samples as the source, bit for bit");
    run(&result, "convert --precision fp16 " RECORDING "half");
    expect_code(&result, 0);
    expect_output("fp32 arithmetic: SNR ");
    expect_output("ERLE ");
    run(&result, "convert --precision int8 --json " RECORDING "small");
    expect_code(&result, 0);
    expect_output("\"fp32\": {\"equal\": false, \"max_difference\": 0.0");
    expect_output("\"int8\": {\"equal\": true");
    /* from its own output, and nothing is lost twice */
    run(&result, "convert --precision int8 --model small " RECORDING "again");
    expect_code(&result, 0);
    expect_output("fp32 arithmetic: the same samples");
    assert_int_equal(count_hidden(), 0);
}

static void processes_with_what_it_wrote(void **state)
{
    (void)state;
    make_model("convert --no-report -q exact");
    run(&result, "process --model unecho-128 " UNECHO_SAMPLES_DIR
                 "/meeting_mic.flac " UNECHO_SAMPLES_DIR "/meeting_far.flac -q -o a.wav");
    expect_code(&result, 0);
    run(&result, "process --model exact " UNECHO_SAMPLES_DIR "/meeting_mic.flac " UNECHO_SAMPLES_DIR
                 "/meeting_far.flac -q -o b.wav");
    expect_code(&result, 0);
    size_t sizes[2];
    char *const a = read_bytes("a.wav", &sizes[0]), *const b = read_bytes("b.wav", &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(a, b, sizes[0]);
    free(a);
    free(b);
}

#define SAMPLE                                                                                     \
    " " UNECHO_SAMPLES_DIR "/meeting_mic.flac " UNECHO_SAMPLES_DIR "/meeting_far.flac -q -o "

/* One file, found by its name without or with the ending, or built in. */
static void models_of_one_file(void **state)
{
    (void)state;
    make_model("convert --no-report -q --model unecho-post post");
    assert_false(exists("post_1.onnx"));
    run(&result, "inspect post post.onnx");
    expect_code(&result, 0);
    expect_output("post.onnx: a post-filter, 160 units");
    expect_output("weights    409831, matrices stored as fp32");
    expect_output("post.onnx: a complete model");
    expect_output("behind the linear filter");
    run(&result, "inspect --json post");
    expect_code(&result, 0);
    expect_output("\"kind\": \"post-filter\"");
    run(&result, "info --model post");
    expect_code(&result, 0);
    expect_output("post-filter, 160 units");
    expect_output("128 samples (8 ms) for chunks of whole hops, 256 (16 ms) for other");

    /* Without a network there is no model. */
    run(&result, "info --engine linear");
    expect_code(&result, 0);
    expect_output("model        none: the linear filter alone");
    run(&result, "info --engine linear --json");
    expect_code(&result, 0);
    expect_output("\"model\": null, ");

    static const char *const names[] = {"unecho-post", "post", "post.onnx"};
    char words[512];
    size_t sizes[3];
    char *outputs[3];
    for (size_t i = 0; i < 3; i++) {
        snprintf(words, sizeof words, "process --model %s" SAMPLE "%zu.wav", names[i], i);
        run(&result, words);
        expect_code(&result, 0);
        snprintf(words, sizeof words, "%zu.wav", i);
        outputs[i] = read_bytes(words, &sizes[i]);
        assert_int_equal(sizes[i], sizes[0]);
        assert_memory_equal(outputs[i], outputs[0], sizes[0]);
    }
    for (size_t i = 0; i < 3; i++)
        free(outputs[i]);

    make_model("convert --precision int8 --model post " RECORDING "small");
    expect_output("small.onnx: 0.43 MB");
    expect_refusal("convert --model post post", 2, "post.onnx is a file of the model itself");
    expect_refusal("process --engine neural --model post" SAMPLE "x.wav", 1,
                   "which needs the linear filter");
    expect_refusal("process --model-files post.onnx post.onnx" SAMPLE "x.wav", 1,
                   "post.onnx: this is a post-filter, a model of one file");
}

/* By its names, or through a link. */
static void never_overwrites_the_source(void **state)
{
    (void)state;
    make_model("convert --no-report -q kept");
    expect_refusal("convert --model kept --precision int8 kept", 2,
                   "kept_1.onnx is a file of the model itself");
    assert_int_equal(symlink("kept_2.onnx", "link_2.onnx"), 0);
    expect_refusal("convert --model-files kept_1.onnx kept_2.onnx link", 2,
                   "link_2.onnx is a file of the model itself");
    assert_false(exists("link_1.onnx"));
    make_model("convert --no-report -q kept"); /* the built-in model is not a file */
}

static void writes_both_files_or_none(void **state)
{
    (void)state;
    size_t sizes[2];
    make_model("convert --no-report -q --precision int8 both");
    char *const before = read_bytes("both_1.onnx", &sizes[0]);
    /* room for the first, not for the second */
    const surroundings small_disk = {.largest_file = 3000000};
    run_in(&result, &small_disk, "convert --no-report both");
    expect_code(&result, 1);
    expect_part(result.messages, "both_2.onnx: File too large");
    assert_int_equal(count_hidden(), 0);
    char *const after = read_bytes("both_1.onnx", &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(before, after, sizes[0]);
    free(before);
    free(after);
}

static void refuses_places_that_are_no_files(void **state)
{
    (void)state;
    expect_refusal("convert --no-report no/such/folder", 1, "cannot create a file in directory");
    assert_int_equal(mkdir("folder_1.onnx", 0777), 0);
    expect_refusal("convert --no-report folder", 1, "folder_1.onnx: is a directory");
    assert_int_equal(mkfifo("pipe_2.onnx", 0666), 0);
    expect_refusal("convert --no-report pipe", 1, "pipe_2.onnx: is not a regular file");
    assert_false(exists("pipe_1.onnx"));
}

/* A bad recording is detected before anything is written. */
static void writes_nothing_without_its_report(void **state)
{
    (void)state;
    expect_refusal("convert --mic none.wav --far none.wav unreported", 1, "none.wav");
    assert_false(exists("unreported_1.onnx"));
    expect_refusal("convert --model none unreported", 1,
                   "there is no none_1.onnx, none_1.tflite, none.onnx or none");
}

static void wrong_usage(void **state)
{
    (void)state;
    expect_refusal("inspect", 2, "no file to inspect");
    expect_refusal("inspect --fast x", 2, "unknown option --fast");
    expect_refusal("convert", 2, "OUTPREFIX");
    expect_refusal("convert a b", 2, "'b' is one argument too many");
    expect_refusal("convert --precision bf16 a", 2, "expected fp32, fp16 or int8");
    expect_refusal("convert --mic x a", 2, "--mic and --far belong together");
    expect_refusal("convert --mic x --far y --no-report a", 2, "--no-report");
    expect_refusal("convert --model x --model-files y z a", 2, "exclude each other");
    run(&result, "help inspect");
    expect_code(&result, 0);
    expect_output("usage: unecho inspect");
    run(&result, "convert --help");
    expect_code(&result, 0);
    expect_output("usage: unecho convert");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_files_are),
        cmocka_unit_test(tells_of_one_file_alone),
        cmocka_unit_test(says_why_a_file_is_refused),
        cmocka_unit_test(two_models_by_one_prefix),
        cmocka_unit_test(units_must_agree),
        cmocka_unit_test(inspects_as_json),
        cmocka_unit_test(reports_what_it_cost),
        cmocka_unit_test(processes_with_what_it_wrote),
        cmocka_unit_test(models_of_one_file),
        cmocka_unit_test(never_overwrites_the_source),
        cmocka_unit_test(writes_both_files_or_none),
        cmocka_unit_test(refuses_places_that_are_no_files),
        cmocka_unit_test(writes_nothing_without_its_report),
        cmocka_unit_test(wrong_usage),
    };
    return cmocka_run_group_tests_name("command_line_models", tests, enter_folder, leave_folder);
}
