/*
 * The command line where things go wrong: every error names what is wrong and has its exit code,
 * and leaves no half-written file and no input changed.
 */
#include "check.h"
#include "command.h"

#include <fcntl.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT 20000

static int set_up(void **state)
{
    signal_ noise;
    if (enter_folder(state) != 0)
        return -1;
    noise = noise_signal(2 * COUNT, 0.5f, 7);
    write_sound("mic.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, noise.samples, COUNT);
    write_sound("far.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, noise.samples + COUNT, COUNT);
    write_sound("mic.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, noise.samples, COUNT);
    write_sound_as("slow.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 7999, 1, noise.samples, COUNT);
    write_sound_as("fast.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 192001, 1, noise.samples, COUNT);
    write_sound_as("nine.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 9, noise.samples, 4000);
    write_sound_as("three.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 3, noise.samples,
                   COUNT / 2);
    write_sound_as("stereo.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 2, noise.samples, COUNT);
    write_bytes("mic.f32", noise.samples, COUNT * sizeof(float));
    write_bytes("text.wav", "this is no sound", 16);
    write_bytes("text.mp4", "this is no film", 15);
    write_bytes("empty.wav", "", 0);
    free(noise.samples);
    return 0;
}

/* Nothing of somebody's files is broken in silence. */
static void other_names_of_a_file_are_kept(void **state)
{
    outcome result;
    (void)state;
    write_bytes("one.wav", "old", 3);
    assert_int_equal(link("one.wav", "two.wav"), 0);
    run(&result, "process mic.wav far.wav -o one.wav -q");
    expect_code(&result, 1);
    expect_part(result.messages, "one.wav: is one of 2 names (hard links)");
    size_t size = 0;
    free(read_bytes("two.wav", &size));
    assert_int_equal(size, 3);
    assert_int_equal(count_hidden(), 0);
}

/* By another name, standard output is what it is: appended to, not replaced. */
static void standard_output_by_another_name(void **state)
{
    outcome result;
    surroundings around = {.output = "collected.raw"};
    (void)state;
    run_in(&result, &around, "process --raw s16le mic.wav far.wav -o - -q");
    expect_code(&result, 0);
    size_t sizes[2];
    char *const plain = read_bytes("collected.raw", &sizes[0]);
    run_in(&result, &around, "process --raw s16le mic.wav far.wav -o /dev/stdout -q");
    expect_code(&result, 0);
    char *const other = read_bytes("collected.raw", &sizes[1]);
    assert_true(sizes[0] > 0);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(plain, other, sizes[0]);
    assert_int_equal(count_hidden(), 0);
    free(plain);
    free(other);
}

/* As a recorder leaves it that did not live to write the sizes. */
static void an_unfinished_wav_is_read(void **state)
{
    outcome result;
    size_t size = 0, whole = 0;
    (void)state;
    run(&result, "process mic.wav far.wav -o whole_out.wav -q");
    expect_code(&result, 0);
    char *const bytes = read_bytes("mic.wav", &size);
    memset(bytes + 4, 0, 4);
    memset(bytes + 40, 0, 4);
    write_bytes("killed.wav", bytes, size);
    free(bytes);
    run(&result, "process killed.wav far.wav -o killed_out.wav -q");
    expect_code(&result, 0);
    expect_part(result.messages, "killed.wav: unfinished: its header says 0 bytes of samples");
    char *const expected = read_bytes("whole_out.wav", &whole);
    char *const found = read_bytes("killed_out.wav", &size);
    assert_int_equal(size, whole);
    assert_memory_equal(found, expected, size);
    free(expected);
    free(found);
}

/* libsndfile reads the first link only. */
static void an_ogg_that_is_read_in_part_is_told(void **state)
{
    outcome result;
    size_t size = 0;
    (void)state;
    signal_ noise = noise_signal(COUNT, 0.5f, 9);
    write_sound("link.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, noise.samples, COUNT);
    free(noise.samples);
    char *const once = read_bytes("link.ogg", &size);
    char *const twice = malloc(2 * size);
    memcpy(twice, once, size);
    memcpy(twice + size, once, size);
    write_bytes("chain.ogg", twice, 2 * size);
    write_bytes("cut.ogg", once, size - 1);
    free(once);
    free(twice);
    run(&result, "process link.ogg far.wav -o of_link.wav -q");
    expect_code(&result, 0);
    assert_string_equal(result.messages, "");
    run(&result, "process chain.ogg far.wav -o of_chain.wav -q");
    expect_code(&result, 0);
    expect_part(result.messages, "chain.ogg: is several Ogg recordings");
    run(&result, "process cut.ogg far.wav -o of_cut.wav -q");
    expect_code(&result, 0);
    expect_part(result.messages, "cut.ogg: cut short: the file ends before its Ogg stream does;");
}

/* A device has no end, and is no model. */
static void a_device_is_no_model(void **state)
{
    outcome result;
    (void)state;
    run(&result, "inspect /dev/zero");
    expect_code(&result, 1);
    expect_part(result.messages, "is a device");
}

/* JSON is UTF-8, whatever the names are, and still tells them apart. */
static void names_that_are_not_utf8(void **state)
{
    outcome result;
    (void)state;
    run(&result, "inspect --json no\xff\xc3\xa4\xed\xa0\x80.onnx");
    expect_code(&result, 1);
    expect_part(result.output, "no\\udcff\xc3\xa4\\udced\\udca0\\udc80.onnx");
}

/* ---- Wrong usage ------------------------------------------------------------------------ */

static void wrong_usage(void **state)
{
    static const struct {
        const char *words, *message, *hint;
    } cases[] = {
        {"frobnicate", "unknown command 'frobnicate'", "unecho --help"},
        {"mic.wav far.wav -o x.wav", "unecho process mic.wav ...", "unecho --help"},
        {"none.wav far.wav -o x.wav", "unecho process none.wav ...", "unecho --help"},
        {"--frobnicate", "unknown option --frobnicate", "unecho --help"},
        {"help frobnicate", "no help on 'frobnicate'", "unecho --help"},
        {"process", "MIC and FAR are missing", "unecho process --help"},
        {"process mic.wav", "-o OUT", "unecho process --help"},
        {"process mic.wav far.wav", "-o OUT", "unecho process --help"},
        {"process a b c -o x.wav", "'c' is one argument too many", "unecho process --help"},
        {"process a b c -o x.wav", "'unecho batch' takes many pairs", "unecho process --help"},
        {"process --frob a b", "option --frob", "unecho process --help"},
        {"process -dash.wav b", "option -d; the file of this name: ./-dash.wav",
         "unecho process --help"},
        {"process -quick.wav b", "option -u; the file of this name: ./-quick.wav",
         "unecho process --help"},
        {"process --dash.wav b", "--dash.wav; the file of this name: ./--dash.wav",
         "unecho process --help"},
        {"process -z a b", "option -z", "unecho process --help"},
        {"process a b -o", "option -o needs a value", "unecho process --help"},
        {"process a b --raw", "option --raw needs a value", "unecho process --help"},
        {"process a b --json=1", "option --json takes no value", "unecho process --help"},
        {"process a b -o x.wav --raw s8", "--raw s8", "unecho process --help"},
        {"process a b -o x.wav --rate 7999", "--rate 7999", "unecho process --help"},
        {"process a b -o x.wav --far-rate 192001", "--far-rate 19", "unecho process --help"},
        {"process a b -o x.wav --channels 9", "--channels 9", "unecho process --help"},
        {"process a b -o x.wav --far-channels 0", "--far-channels 0", "unecho process --help"},
        {"process a b -o x.wav --mic-channel 0", "--mic-channel 0", "unecho process --help"},
        {"process a b -o x.wav --mic-channel 11", "--mic-channel 1", "unecho process --help"},
        {"process a b -o x.wav --far-channel left", "'mean'", "unecho process --help"},
        {"process a -o x.wav --far-rate 8000", "--far-rate needs", "unecho process --help"},
        {"process a b -o x.wav --align 1001", "--align 1001", "unecho process --help"},
        {"process a b -o x.wav --align 5ms", "--align 5ms", "unecho process --help"},
        {"process a b -o x.wav --align nan", "--align nan", "unecho process --help"},
        {"process a b -o x.wav --reference-late 1001", "-late 1001", "unecho process --help"},
        {"process a b -o x.wav --align -80 --reference-late 79", "at least 80",
         "unecho process --help"},
        {"process a b -o x.wav --reference --align auto", "excludes --align",
         "unecho process --help"},
        {"process a b -o x.wav --reference --reference-late 0", "excludes --reference-late",
         "unecho process --help"},
        {"process a b -o x.wav --engine magic", "--engine magic", "unecho process --help"},
        {"process a b -o x.wav --tail 63", "--tail 63", "unecho process --help"},
        {"process a b -o x.wav --tail 66", "not a multiple of 8", "unecho process --help"},
        {"process a b -o x.wav --engine neural --tail 64", "no --tail", "unecho process --help"},
        {"process a b -o x.wav --engine linear --model m", "no --model", "unecho process --help"},
        {"process a b -o x.wav --engine linear --precision int8", "no --precision",
         "unecho process --help"},
        {"process a b -o x.wav --engine linear --backend onnxruntime", "no --backend",
         "unecho process --help"},
        {"process a b -o x.wav --reference --engine linear", "excludes --engine linear",
         "unecho process --help"},
        {"process a b -o x.wav --chunk 0", "--chunk 0", "unecho process --help"},
        {"process a b -o x.wav --chunk -1", "--chunk -1", "unecho process --help"},
        {"process a b -o x.wav --chunk 12x", "--chunk 12x", "unecho process --help"},
        {"process a b -o x.wav --chunk 99999999999999999999", "--chunk 9", "unecho process --help"},
        {"process a b -o x.wav --model-files one", "needs two values: STAGE1 STAGE2",
         "unecho process --help"},
        {"process a b -o x.wav --model m --model-files s t", "exclude", "unecho process --help"},
        {"process a b -o x.wav --channels-out 9", "--channels-out 9", "unecho process --help"},
        {"process --raw s16le - - -o x.wav", "only one of MIC and FAR", "unecho process --help"},
        {"process mic.wav far.wav -o out.xyz", ".wav .flac", "unecho process --help"},
        {"process mic.wav far.wav -o out", ".wav .flac", "unecho process --help"},
        {"info extra", "'extra' is one argument too many", "unecho info --help"},
        {"info --chunk 5", "option --chunk", "unecho info --help"},
    };
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(&result, cases[i].words);
        expect_code(&result, 2);
        assert_int_equal(strncmp(result.messages, "unecho: ", 8), 0);
        expect_part(result.messages, cases[i].message);
        expect_part(result.messages, "try 'unecho");
        expect_part(result.messages, cases[i].hint);
        assert_string_equal(result.output, "");
        assert_false(exists("x.wav"));
    }
    run(&result, "");
    expect_code(&result, 2);
    expect_part(result.messages, "usage: unecho");
}

static void help(void **state)
{
    static const struct {
        const char *words, *begin;
    } cases[] = {
        {"help", "usage: unecho COMMAND"},
        {"help help", "usage: unecho COMMAND"},
        {"help --help", "usage: unecho COMMAND"},
        {"version", "unecho 0."},
        {"--help", "usage: unecho COMMAND"},
        {"-h", "usage: unecho COMMAND"},
        {"help process", "usage: unecho process"},
        {"process --help", "usage: unecho process"},
        {"process mic.wav -h", "usage: unecho process"},
        {"help info", "usage: unecho info"},
        {"help info --help", "usage: unecho info"},
        {"info --help", "usage: unecho info"},
        {"process --help-all", "usage: unecho process"},
        {"--version", "unecho 0."},
        {"-v", "unecho 0."},
        {"info", "unecho "},
        {"info --json", "{\"version\": \"0."},
    };
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(&result, cases[i].words);
        expect_code(&result, 0);
        assert_string_equal(result.messages, "");
        assert_int_equal(strncmp(result.output, cases[i].begin, strlen(cases[i].begin)), 0);
    }
}

/* ---- Bad files -------------------------------------------------------------------------- */

/* The output exists and must not change. */
static void expect_failure(const char *words, const char *message)
{
    static const surroundings usual;
    outcome result;
    size_t size;
    char *kept;
    write_bytes("x.wav", "precious", 8);
    run_in(&result, &usual, words);
    expect_code(&result, 1);
    assert_int_equal(strncmp(result.messages, "unecho: ", 8), 0);
    expect_part(result.messages, message);
    kept = read_bytes("x.wav", &size);
    assert_string_equal(kept, "precious");
    free(kept);
    assert_int_equal(count_hidden(), 0);
}

static void bad_inputs(void **state)
{
    (void)state;
    expect_failure("process none.wav far.wav -o x.wav", "none.wav: No such file");
    expect_failure("process mic.wav none.wav -o x.wav", "none.wav: No such file");
    expect_failure("process . far.wav -o x.wav", ".: is a directory");
    expect_failure("process text.wav far.wav -o x.wav", "text.wav: not a sound file");
    expect_failure("process text.mp4 far.wav -o x.wav", "text.mp4: ");
    expect_failure("process mic.wav empty.wav -o x.wav", "empty.wav: is empty: 0 bytes");
}

static void bad_rates_and_channels(void **state)
{
    (void)state;
    expect_failure("process slow.wav far.wav -o x.wav", "slow.wav: has a sample rate of 7999 Hz");
    expect_failure("process slow.wav far.wav -o x.wav", "ffmpeg -i slow.wav -ar 48000");
    expect_failure("process mic.wav fast.wav -o x.wav", "fast.wav: has a sample rate of 192001 Hz");
    expect_failure("process nine.wav far.wav -o x.wav",
                   "nine.wav: has 9 channels, and unecho takes at most 8");
    expect_failure("process mic.wav far.wav -o x.wav --rate 48000",
                   "mic.wav: has a sample rate of 16000 Hz, and the options say 48000");
    expect_failure("process mic.wav far.wav -o x.wav --far-rate 8000",
                   "far.wav: has a sample rate of 16000 Hz, and the options say 8000");
    expect_failure("process mic.wav far.wav -o x.wav --channels 2",
                   "mic.wav: has 1 channel, and the options say 2");
    expect_failure("process mic.wav far.wav -o x.wav --mic-channel 2",
                   "mic.wav: has no channel 2, which --mic-channel asks for, but 1: it is mono");
    expect_failure("process mic.wav stereo.wav -o x.wav --far-channel 3",
                   "stereo.wav: has no channel 3, which --far-channel asks for, but 2");
    expect_failure("process mic.wav -o x.wav", "mic.wav: is mono, so the far end cannot be in it");
    expect_failure("process stereo.wav -o x.wav --mic-channel 2 --far-channel 2",
                   "stereo.wav: microphone and far end must be different channels");
    expect_failure("process three.wav -o x.wav --mic-channel 2",
                   "three.wav: has 3 channels; --mic-channel N and --far-channel N");
}

static void bad_models(void **state)
{
    (void)state;
    expect_failure("process mic.wav far.wav -o x.wav --model none", "none_1.onnx");
    expect_failure("process mic.wav far.wav -o x.wav --model none_1.onnx", "--model takes");
    expect_failure("process mic.wav far.wav -o x.wav --model-files text.wav far.wav", "text.wav");
    expect_failure("info --model none", "none_1.onnx");
    expect_failure("info --model none", "none_1.tflite");
    expect_failure("info --model none_1.tflite", "--model takes");
}

static void bad_outputs(void **state)
{
    (void)state;
    expect_failure("process mic.wav far.wav -o none/y.wav", "none/y.wav: cannot create");
    expect_failure("process mic.wav far.wav -o mic.wav/y.wav", "mic.wav/y.wav: Not a directory");
    expect_failure("process - far.wav -o .", ".: is a folder, and standard input has no name");
    expect_failure("process --raw f32le mic.f32 far.wav -o /proc", "/proc/mic.f32: ");
    expect_failure("process mic.wav far.wav -o y.wav/", "y.wav/: there is no such folder");
    /* Not even root can create files there. */
    expect_failure("process mic.wav far.wav -o /proc/y.wav", "/proc/y.wav: ");
    expect_failure("process mic.wav far.wav -o /dev/full", "/dev/full: No space left on device");
    assert_int_equal(symlink("/dev/full", "device.flac"), 0);
    expect_failure("process mic.wav far.wav -o device.flac", "device.flac: is not a regular file");
    expect_failure("process three.wav far.wav -o y.mp3", "with 3 channels; --channels-out 1");
    assert_int_equal(symlink("nowhere.wav", "dangling.wav"), 0);
    expect_failure("process mic.wav far.wav -o dangling.wav", "dangling.wav: is a symbolic link");
    assert_false(exists("y.wav"));
    assert_false(exists("nowhere.wav"));
}

static void inputs_are_never_overwritten(void **state)
{
    static const char *const names[] = {"mic.wav", "./mic.wav", ".", "hard.wav", "soft.wav"};
    size_t size, size_now;
    char *mic = read_bytes("mic.wav", &size);
    (void)state;
    assert_int_equal(link("mic.wav", "hard.wav"), 0);
    assert_int_equal(symlink("mic.wav", "soft.wav"), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char words[200], *mic_now;
        snprintf(words, sizeof(words), "process mic.wav far.wav -o %s", names[i]);
        expect_failure(words, "inputs are never overwritten");
        snprintf(words, sizeof(words), "process far.wav mic.wav -o %s", names[i]);
        expect_failure(words, "inputs are never overwritten");
        mic_now = read_bytes("mic.wav", &size_now);
        assert_int_equal(size_now, size);
        assert_memory_equal(mic_now, mic, size);
        free(mic_now);
    }
    free(mic);
}

static void models_are_never_overwritten(void **state)
{
    (void)state;
    /* Its content does not matter: it is identified before it is loaded. */
    write_bytes("m_1.onnx", "stage 1", 7);
    write_bytes("m_2.onnx", "stage 2", 7);
    expect_failure("process --raw f32le mic.f32 far.wav -o m_2.onnx --model m", "of the model");
    expect_failure(
        "process --raw f32le mic.f32 far.wav -o m_1.onnx --model-files m_2.onnx m_1.onnx",
        "of the model");
    write_bytes("t_2.tflite", "stage 2", 7);
    expect_failure("process --raw f32le mic.f32 far.wav -o t_2.tflite --model t", "of the model");
}

static void other_files_are_replaced(void **state)
{
    outcome result;
    (void)state;
    write_bytes("old.wav", "old", 3);
    assert_int_equal(symlink("old.wav", "to_old.wav"), 0);
    run(&result, "process mic.wav far.wav -o to_old.wav");
    expect_code(&result, 0);
    assert_int_equal(format_of("old.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    /* The link is still a link. */
    assert_int_equal(readlink("to_old.wav", (char[16]){0}, 15), 7);
}

/* ---- Damaged and odd files -------------------------------------------------------------- */

static void truncated_inputs_are_said(void **state)
{
    outcome result;
    signal_ out;
    size_t size;
    char *bytes = read_bytes("mic.wav", &size);
    (void)state;
    write_bytes("cut.wav", bytes, 20044);
    free(bytes);
    run(&result, "process cut.wav far.wav -o out.wav");
    expect_code(&result, 0);
    expect_part(result.messages, "warning: cut.wav: cut short: its header says 40000 bytes, there "
                                 "are 20000");
    out = read_signal("out.wav");
    assert_int_equal(out.count, 10000);
    free(out.samples);

    bytes = read_bytes("mic.flac", &size);
    write_bytes("cut.flac", bytes, size / 2);
    free(bytes);
    run(&result, "process cut.flac far.wav -o out.flac");
    expect_code(&result, 0);
    expect_part(result.messages, "warning: cut.flac: cut short or damaged after");
    expect_part(result.messages, "of the 1.25 s that it had at first are lost");
}

static void half_samples_are_said(void **state)
{
    outcome result;
    size_t size;
    char *bytes = read_bytes("mic.f32", &size);
    (void)state;
    write_bytes("odd.f32", bytes, 4003);
    free(bytes);
    run(&result, "process --raw f32le odd.f32 far.wav -o out.f32");
    expect_code(&result, 0);
    expect_part(result.messages, "warning: odd.f32: not a whole number of f32le samples");
    free(read_bytes("out.f32", &size));
    assert_int_equal(size, 4000);
}

static void without_samples(void **state)
{
    static const surroundings piped = {.input = "none.wav"};
    outcome result;
    (void)state;
    write_sound("none.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, (float[1]){0}, 0);
    expect_failure("process none.wav far.wav -o x.wav", "none.wav: holds no samples");
    expect_failure("process mic.wav none.wav -o x.wav", "none.wav: holds no samples");
    expect_failure("doctor none.wav far.wav", "none.wav: holds no samples");
    run_in(&result, &piped, "process - far.wav -o x.wav");
    expect_code(&result, 1);
    expect_part(result.messages, "standard input: holds no samples");
    /* Through a pipe its end tells. */
    static const char *const runs[] = {"process - far.wav -o new.wav", "doctor - far.wav",
                                       "doctor mic.wav -"};
    size_t size;
    char *bytes = read_bytes("none.wav", &size);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        const pid_t pid = start(&(surroundings){.input = "pipe"}, runs[i]);
        const int fd = open("pipe", O_WRONLY);
        assert_true(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
        close(fd);
        finish(&result, pid);
        expect_code(&result, 1);
        expect_part(result.messages, "standard input: holds no samples");
        assert_false(exists("new.wav"));
    }
    free(bytes);
    remove("pipe");
    remove("none.wav");
}

/* The command in the message is for a pipe, too; nothing is nothing, wherever it comes from. */
static void standard_input_without_sound(void **state)
{
    static const surroundings text = {.input = "pipe"};
    outcome result;
    (void)state;
    expect_failure("process - far.wav -o x.wav", "standard input: is empty: 0 bytes");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mkfifo("pipe", 0600), 0);
        const pid_t pid = start(&text, "process - far.wav -o new.wav");
        const int fd = open("pipe", O_WRONLY);
        assert_true(fd >= 0 && (i == 0 || write(fd, "no sound", 8) == 8));
        close(fd);
        finish(&result, pid);
        expect_code(&result, 1);
        expect_part(result.messages, i == 0 ? "standard input: is empty: 0 bytes"
                                            : "... | ffmpeg -i - -f wav - | unecho ...)");
        remove("pipe");
    }
}

/* ---- Full disks and closed pipes -------------------------------------------------------- */

static void full_disk(void **state)
{
    static const surroundings small = {.largest_file = 4096};
    static const char *const names[] = {"full.wav", "full.flac", "full.aiff", "full.caf",
                                        "full.ogg", "full.w64",  "full.f32"};
    outcome result;
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char words[200];
        snprintf(words, sizeof(words), "process --reference --raw f32le mic.f32 far.wav -o %s",
                 names[i]);
        run_in(&result, &small, words);
        expect_code(&result, 1);
        expect_part(result.messages, names[i]);
        expect_part(result.messages, "File too large");
        assert_false(exists(names[i]));
        assert_int_equal(count_hidden(), 0);
    }
    run_in(&result, &small, "process mic.wav far.wav -o full.wav --normalize-peak");
    expect_code(&result, 1);
    expect_part(result.messages, "temporary file");
    assert_false(exists("full.wav"));

    run(&result, "process --raw f32le mic.f32 far.wav -o /dev/full");
    expect_code(&result, 1);
    expect_part(result.messages, "/dev/full: No space left on device");
}

/* Hours of audio, with holes instead of samples. */
static void too_long_for_its_format(void **state)
{
    outcome result;
    (void)state;
    write_bytes("long.s16", "", 0);
    assert_int_equal(truncate("long.s16", 5LL << 30), 0);
    run(&result, "process --raw s16le long.s16 far.wav -o long.wav");
    expect_code(&result, 1);
    expect_part(result.messages, "long.wav: 46.6 hours of audio");
    expect_part(result.messages, ".w64");
    assert_false(exists("long.wav"));
    remove("long.s16");
}

static void closed_output(void **state)
{
    static const surroundings closed = {.no_output = true};
    static const surroundings full = {.output = "/dev/full"};
    outcome result;
    (void)state;
    run_in(&result, &closed, "process --raw f32le mic.f32 far.wav -o -");
    expect_code(&result, 1);
    expect_part(result.messages, "standard output: Bad file descriptor");
    run_in(&result, &full, "process --raw f32le mic.f32 far.wav -o -");
    expect_code(&result, 1);
    expect_part(result.messages, "standard output: No space left on device");

    /* The file is good all the same, and has no summary mixed in. */
    remove("out.wav");
    run_in(&result, &closed, "process mic.wav far.wav -o out.wav");
    expect_code(&result, 1);
    expect_part(result.messages, "out.wav is complete, but its summary cannot be written");
    assert_int_equal(format_of("out.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    run_in(&result, &full, "info");
    expect_code(&result, 1);
    run_in(&result, &full, "--help");
    expect_code(&result, 1);
}

static void closed_pipe(void **state)
{
    static const surroundings into = {.output = "pipe"};
    outcome result;
    FILE *end;
    pid_t pid;
    size_t size;
    char *bytes = read_bytes("mic.f32", &size);
    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(mkfifo("live.f32", 0600), 0);
    /* It opens the pipe, then waits for the microphone; by then the reader is gone. */
    pid = start(&into, "process --raw f32le live.f32 far.wav -o -");
    end = fopen("pipe", "rb");
    assert_non_null(end);
    fclose(end);
    /* Two chunks, small enough to fit in the pipe. */
    write_bytes("live.f32", bytes, 16384);
    free(bytes);
    finish(&result, pid);
    expect_code(&result, 1);
    expect_part(result.messages, "standard output: Broken pipe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_names_of_a_file_are_kept),
        cmocka_unit_test(standard_output_by_another_name),
        cmocka_unit_test(an_unfinished_wav_is_read),
        cmocka_unit_test(an_ogg_that_is_read_in_part_is_told),
        cmocka_unit_test(a_device_is_no_model),
        cmocka_unit_test(names_that_are_not_utf8),
        cmocka_unit_test(wrong_usage),
        cmocka_unit_test(help),
        cmocka_unit_test(bad_inputs),
        cmocka_unit_test(bad_rates_and_channels),
        cmocka_unit_test(bad_models),
        cmocka_unit_test(bad_outputs),
        cmocka_unit_test(inputs_are_never_overwritten),
        cmocka_unit_test(models_are_never_overwritten),
        cmocka_unit_test(other_files_are_replaced),
        cmocka_unit_test(truncated_inputs_are_said),
        cmocka_unit_test(half_samples_are_said),
        cmocka_unit_test(without_samples),
        cmocka_unit_test(standard_input_without_sound),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(too_long_for_its_format),
        cmocka_unit_test(closed_output),
        cmocka_unit_test(closed_pipe),
    };
    return cmocka_run_group_tests(tests, set_up, leave_folder);
}
