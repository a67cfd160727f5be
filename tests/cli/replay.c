/*
 * `unecho process --record` and `unecho replay` as users run them: the same bits, input and output
 * as sound files, and the errors for bad files.
 */
#include "check.h"
#include "command.h"
#include "seal.h"

#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SECONDS = 3, RATE = 16000, LENGTH = SECONDS * RATE };

static outcome result;

static int make_records(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    const ends e = double_talk(LENGTH);
    float *const both = malloc(2 * LENGTH * sizeof *both);
    for (size_t i = 0; i < LENGTH; i++) {
        both[2 * i] = e.mic.samples[i];
        both[2 * i + 1] = e.far.samples[i];
    }
    write_sound("mic.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, e.mic.samples, LENGTH);
    write_sound("far.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, e.far.samples, LENGTH);
    /* Declared as 48 kHz: another rate than the far end's, pushed. */
    write_sound_as("fast.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, both, LENGTH);
    free(both);
    free_ends((ends *)(uintptr_t)&e);
    return 0;
}

static void succeed(const char *words)
{
    run(&result, words);
    expect_code(&result, 0);
}

static void expect_refusal(const char *words, int code, const char *part)
{
    run(&result, words);
    expect_code(&result, code);
    expect_part(result.messages, part);
    assert_int_equal(count_hidden(), 0);
}

static void expect_equal_files(const char *a, const char *b)
{
    size_t sizes[2];
    char *const bytes[] = {read_bytes(a, &sizes[0]), read_bytes(b, &sizes[1])};
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void a_record_is_replayed(void **state)
{
    (void)state;
    succeed("process mic.wav far.wav -o alone.wav -q --chunk 128");
    succeed("process mic.wav far.wav -o near.wav -q --chunk 128 --record call");
    expect_equal_files("alone.wav", "near.wav");
    succeed("replay call");
    expect_part(result.output, " calls, 3.");
    expect_part(result.output, "every sample has the same bits");
    assert_int_equal(count_hidden(), 0);
    succeed("replay -q call");
    assert_string_equal(result.output, "");
}

static void other_settings_are_replayed(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "mic.wav far.wav --precision int8 --align off --chunk 77",
        "mic.wav far.wav --engine linear",
        "fast.wav far.wav --engine linear+neural --tail 128",
        "fast.wav far.wav --no-high-band --align 30",
        "fast.wav mic.wav --mic-channel mean --reference --chunk 100000",
        "fast.wav --mic-channel 2 --far-channel 1 --precision bf16",
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char words[200];
        snprintf(words, sizeof words, "process -q -o near.wav --record other %s", settings[i]);
        succeed(words);
        succeed("replay other");
        expect_part(result.output, "every sample has the same bits");
    }
}

static void what_went_in_and_out_can_be_heard(void **state)
{
    (void)state;
    succeed("process mic.wav far.wav -o near.wav -q --chunk 1000 --reference --record heard");
    succeed("replay heard -o again.wav --recorded was.wav --mic in.wav --far loop.flac");
    expect_equal_files("again.wav", "was.wav");
    const signal_ given = read_signal("mic.wav"), in = read_signal("in.wav");
    assert_true(in.count >= given.count);
    assert_memory_equal(in.samples, given.samples, given.count * sizeof *in.samples);
    const signal_ out = read_signal("was.wav"), near = read_signal("near.wav");
    /* Run as a live stream: its latency is still in the record. */
    assert_memory_equal(out.samples + 512, near.samples, near.count * sizeof *near.samples);
    const signal_ loop = read_signal("loop.flac");
    assert_int_equal(loop.count, in.count);
    free(given.samples);
    free(in.samples);
    free(out.samples);
    free(near.samples);
    free(loop.samples);
}

static void events_are_listed(void **state)
{
    (void)state;
    succeed("process fast.wav far.wav -o near.wav -q --chunk 9000 --align 30 --record listed");
    succeed("replay --events listed");
    expect_part(result.output, "recorded by unecho ");
    expect_part(result.output, "microphone 48000 Hz, 1 channel");
    expect_part(result.output, "far end    16000 Hz, 1 channel, pushed, queue of 1000 ms");
    expect_part(result.output, "delay fixed at 30 ms");
    expect_part(result.output, "network unecho-post (160 units, hash ");
    expect_part(result.output, "push_far 3000 frames, far -");
    expect_part(result.output, "process 9000 frames, mic -");
}

/* While the listing waits for its reader. */
static void a_listing_is_interrupted(void **state)
{
    char part[4096];
    const surroundings around = {.output = "listing"};
    (void)state;
    succeed("process mic.wav far.wav -o near.wav -q --chunk 16 --record many");
    assert_int_equal(mkfifo("listing", 0600), 0);
    const pid_t pid = start(&around, "replay --events many");
    FILE *const pipe = fopen("listing", "rb");
    assert_non_null(pipe);
    assert_int_equal(fread(part, 1, sizeof part, pipe), sizeof part);
    assert_int_equal(kill(pid, SIGINT), 0);
    while (fread(part, 1, sizeof part, pipe) > 0)
        continue;
    fclose(pipe);
    finish(&result, pid);
    expect_code(&result, 1);
    expect_part(result.messages, "unecho: interrupted");
}

/* The wrong model is rejected, the right one is read from its files. */
static void the_model_has_to_be_the_same(void **state)
{
    (void)state;
    succeed("convert --no-report -q --precision fp16 half");
    succeed("process mic.wav far.wav -o near.wav -q --model half --record with_half");
    expect_refusal("replay with_half", 1, "recorded with the model half (");
    succeed("replay with_half --model half");
    expect_part(result.output, "the same bits");
}

static void damaged_files_are_told(void **state)
{
    (void)state;
    size_t size = 0;
    succeed("process mic.wav far.wav -o near.wav -q --record good");
    char *const bytes = read_bytes("good", &size);
    write_bytes("cut", bytes, size - 100);
    run(&result, "replay cut");
    expect_code(&result, 1);
    expect_part(result.messages, "cut: cut off at offset ");
    expect_part(result.output, "every sample has the same bits"); /* of those before */
    bytes[size / 2] ^= 1;
    write_bytes("damaged", bytes, size);
    expect_refusal("replay damaged", 1, "does not have the checksum");
    expect_refusal("replay --events damaged", 1, "does not have the checksum");
    memset(bytes, 0x7f, 8);
    write_bytes("strange", bytes, size);
    expect_refusal("replay strange", 1, "is not a record of a stream");
    free(bytes);
    write_bytes("empty", "", 0);
    expect_refusal("replay empty", 1, "is not a record of a stream");
    expect_refusal("replay mic.wav", 1, "is not a record of a stream");
    expect_refusal("replay nowhere", 1, "nowhere: No such file");
    expect_refusal("replay .", 1, ".: cannot be read at offset 0: Is a directory");
}

/* 10 kB that stand for a quarter of an hour of silence. */
static void a_small_file_for_much_sound_is_asked_about(void **state)
{
    (void)state;
    enum { CALLS = 220 };
    const record_head silence = {.kind = RECORD_PROCESS,
                                 .words = RECORD_HEAD + RECORD_SUM,
                                 .n = RECORD_SILENCE,
                                 .far_n = RECORD_SILENCE,
                                 .coding = {RECORD_SILENT, RECORD_SILENT, RECORD_SILENT}};
    write_bytes("least.raw", "\0", 2);
    succeed("process --raw s16le least.raw least.raw -o out.wav -q --engine linear --align off "
            "--record short");
    size_t size = 0;
    char *const header = read_bytes("short", &size);
    unsigned char *const bytes = malloc(size + CALLS * 4 * (size_t)silence.words);
    assert_non_null(bytes);
    memcpy(bytes, header, size);
    for (int i = 0; i < CALLS; i++)
        append_entry(bytes, &size, &silence);
    write_bytes("long", bytes, size);
    free(header);
    free(bytes);
    expect_refusal("replay long -o long.wav", 1, "bytes stand for 10 minutes of sound");
    expect_part(result.messages, "--any-length");
    assert_false(exists("long.wav"));
    succeed("replay --any-length long");
    expect_part(result.output, "every sample has the same bits");
    succeed("replay --events long");
}

static void inputs_and_outputs_are_kept_apart(void **state)
{
    (void)state;
    succeed("process mic.wav far.wav -o near.wav -q --record kept");
    expect_refusal("process mic.wav far.wav -o near.wav --record mic.wav", 1, "same file");
    expect_refusal("process mic.wav far.wav -o near.wav --record near.wav", 1, "both the output");
    expect_refusal("process mic.wav far.wav -o x.wav --record ./x.wav", 1, "both the output");
    expect_refusal("process mic.wav far.wav -o near.wav --record /dev/null", 1, "regular file");
    expect_refusal("process mic.wav far.wav -o near.wav --record nowhere/x", 1, "cannot create");
    expect_refusal("process mic.wav nowhere.wav -o near.wav --record new", 1, "nowhere.wav");
    assert_false(exists("new"));
    succeed("process mic.wav far.wav -o near.wav -q --record kept.wav");
    expect_refusal("replay kept.wav -o kept.wav", 1, "never overwritten");
    expect_refusal("replay kept -o a.wav --mic ./a.wav", 1, "cannot be two outputs");
    expect_refusal("replay kept -o a.nothing", 2, "is no known format");
    expect_refusal("replay --events kept -o a.wav", 2, "--events");
    expect_refusal("replay", 2, "RECORD is missing");
    expect_refusal("replay kept kept", 2, "is one argument too many");
    expect_refusal("replay kept --onnxruntime x", 2, "--backend onnxruntime");
    assert_false(exists("a.wav"));
}

/* On a full disk there is neither output nor record. */
static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    const surroundings small = {.largest_file = 150000};
    run_in(&result, &small, "process mic.wav far.wav -o full.flac -q --record full");
    expect_code(&result, 1);
    expect_part(result.messages, "full: ");
    assert_false(exists("full"));
    assert_false(exists("full.flac"));
    assert_int_equal(count_hidden(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_replayed),
        cmocka_unit_test(other_settings_are_replayed),
        cmocka_unit_test(what_went_in_and_out_can_be_heard),
        cmocka_unit_test(events_are_listed),
        cmocka_unit_test(a_listing_is_interrupted),
        cmocka_unit_test(the_model_has_to_be_the_same),
        cmocka_unit_test(damaged_files_are_told),
        cmocka_unit_test(a_small_file_for_much_sound_is_asked_about),
        cmocka_unit_test(inputs_and_outputs_are_kept_apart),
        cmocka_unit_test(a_full_disk_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_records, leave_folder);
}
