#include "bench/recording.h"

#include "bench/worker.h"
#include "files/audio_reader.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* More of a long recording would tell nothing new. */
#define LONGEST (60 * UNECHO_SAMPLE_RATE)
/* With fewer samples the network's latency leaves hardly any output. */
#define SHORTEST 512

const struct option recording_options[] = {
    {.name = "mic",
     .argument = "FILE",
     .help = "the microphone of the recording to use (mono, 16 kHz)",
     .set = option_text,
     .at = offsetof(recording_files, mic)},
    {.name = "far",
     .argument = "FILE",
     .help = "the far end of that recording (mono, 16 kHz)",
     .set = option_text,
     .at = offsetof(recording_files, far)},
    {.name = NULL},
};

bool recording_files_check(const recording_files *files, const char *command)
{
    if (!files->mic == !files->far)
        return true;
    report_usage(command, "--mic and --far belong together: the two ends of one recording");
    return false;
}

static bool use(struct recording_choice *choice, const char *mic, const char *far)
{
    if (snprintf(choice->mic, sizeof(choice->mic), "%s", mic) < (int)sizeof(choice->mic) &&
        snprintf(choice->far, sizeof(choice->far), "%s", far) < (int)sizeof(choice->far))
        return true;
    report_error("the name of a recording is too long");
    return false;
}

static bool use_from(struct recording_choice *choice, const char *folder, const char *mic,
                     const char *far)
{
    char mic_path[4096], far_path[4096];
    snprintf(mic_path, sizeof(mic_path), "%.4000s/%s", folder, mic);
    snprintf(far_path, sizeof(far_path), "%.4000s/%s", folder, far);
    return use(choice, mic_path, far_path);
}

static bool use_reference(struct recording_choice *choice, const char *folder)
{
    if (!choice->model.prefix && !choice->model.stages[0]) {
        snprintf(choice->model_prefix, sizeof(choice->model_prefix), "%.4000s/models/model_128",
                 folder);
        choice->model.prefix = choice->model_prefix;
    }
    return use_from(choice, folder, "recordings/doubletalk_mic.wav",
                    "recordings/doubletalk_lpb.wav");
}

static bool has_sample(const char *folder)
{
    char path[4096];
    snprintf(path, sizeof(path), "%.4000s/meeting_mic.flac", folder);
    return access(path, R_OK) == 0;
}

/* Beside the program, in case the installation has been moved, or in the source tree. */
static bool find_beside_program(char *folder, size_t size)
{
    static const char *const places[] = {"../share/unecho/samples", "../../samples"};
    char program[2048];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;
    if (length <= 0)
        return false;
    program[length] = '\0';
    slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(folder, size, "%s/%s", program, places[i]);
        if (has_sample(folder))
            return true;
    }
    return false;
}

static bool use_sample(struct recording_choice *choice)
{
    char folder[4096] = UNECHO_INSTALLED_SAMPLES;
    if (has_sample(folder) || find_beside_program(folder, sizeof(folder)))
        return use_from(choice, folder, "meeting_mic.flac", "meeting_far.flac");
    report_error("the bundled sample is not in %s; name a recording with --mic and --far",
                 UNECHO_INSTALLED_SAMPLES);
    return false;
}

bool recording_choose(struct recording_choice *choice, const recording_files *files,
                      const model_choice *model)
{
    const char *reference = getenv("UNECHO_REFERENCE");
    memset(choice, 0, sizeof(*choice));
    choice->model = *model;
    if (files->mic && files->far)
        return use(choice, files->mic, files->far);
    return reference && *reference ? use_reference(choice, reference) : use_sample(choice);
}

bool recording_choose_sample(struct recording_choice *choice, const recording_files *files)
{
    memset(choice, 0, sizeof(*choice));
    return files->mic && files->far ? use(choice, files->mic, files->far) : use_sample(choice);
}

unecho_model *recording_model(const model_choice *choice)
{
    unecho_model_info info = {.size = sizeof(info)};
    unecho_model *model = model_choice_load(choice, UNECHO_MODEL_DTLN_AEC);
    if (!model || unecho_model_get_info(model, &info) != UNECHO_OK ||
        info.kind != UNECHO_MODEL_POSTFILTER)
        return model;
    report_error("model: %s is a post-filter; expected a DTLN-aec", info.name);
    unecho_model_unref(&model);
    return NULL;
}

/* What is measured is the network, which takes nothing else. */
static audio_reader *open_file(const char *path)
{
    static const audio_layout layout;
    audio_reader *reader = audio_reader_open(path, &layout, NULL);
    if (!reader ||
        (audio_reader_rate(reader) == UNECHO_SAMPLE_RATE && audio_reader_channels(reader) == 1))
        return reader;
    report_error("%s: must be mono at %d Hz to measure with: "
                 "ffmpeg -i %s -ar %d -ac 1 OUT.wav, or sox %s -r %d -c 1 OUT.wav",
                 path, UNECHO_SAMPLE_RATE, path, UNECHO_SAMPLE_RATE, path, UNECHO_SAMPLE_RATE);
    audio_reader_close(&reader);
    return NULL;
}

/* All of a file, at most n samples. */
static bool read_file(const char *path, float *samples, size_t n, size_t *got)
{
    audio_reader *reader = open_file(path);
    bool done;
    if (!reader)
        return false;
    done = audio_reader_read(reader, samples, n, got);
    audio_reader_close(&reader);
    if (!done || *got >= SHORTEST)
        return done;
    report_error("%s: %zu samples are too few to measure with", path, *got);
    return false;
}

/* Samples in a file; 0: unknown; -1: it cannot be read, reported. */
static int64_t length_of(const char *path)
{
    audio_reader *reader = open_file(path);
    int64_t length;
    if (!reader)
        return -1;
    length = audio_reader_length(reader);
    audio_reader_close(&reader);
    return length < 0 ? 0 : length;
}

bool recording_read(struct bench_audio *audio, const struct recording_choice *choice,
                    double seconds)
{
    const int64_t length = length_of(choice->mic);
    const size_t whole = (size_t)(length < 0 ? 0 : length < LONGEST ? length : LONGEST);
    const size_t asked = (size_t)(seconds * UNECHO_SAMPLE_RATE);
    const size_t n = (whole > asked ? whole : asked) / UNECHO_HOP * UNECHO_HOP;
    size_t mic_n = 0, far_n = 0, period;
    float *mic, *far;
    if (length < 0)
        return false;
    mic = worker_share(n);
    far = worker_share(n);
    *audio = (struct bench_audio){mic, far, n};
    if (!mic || !far || !read_file(choice->mic, mic, n, &mic_n) ||
        !read_file(choice->far, far, n, &far_n))
        return false;
    period = mic_n < far_n ? mic_n : far_n;
    for (size_t i = period; i < n; i++) {
        mic[i] = mic[i - period];
        far[i] = far[i - period];
    }
    return true;
}

void recording_free(struct bench_audio *audio)
{
    if (audio->mic)
        munmap(audio->mic, audio->n * sizeof(float));
    if (audio->far)
        munmap(audio->far, audio->n * sizeof(float));
    *audio = (struct bench_audio){0};
}
