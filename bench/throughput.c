/*
 * What unecho batch is measured against: the CPU time of the library, and of SpeexDSP with its
 * residual echo suppressor, on the same pairs of recordings in memory. scripts/throughput.sh runs
 * it.
 *
 *     bench_throughput make FOLDER PAIRS SECONDS    pairs from the bundled sample, each from
 * another place in it on bench_throughput library FOLDER PAIRS         prints CPU seconds
 *     bench_throughput speex FOLDER PAIRS
 */
#define _POSIX_C_SOURCE 200809L
#include "signals.h"

#include <math.h>
#include <sndfile.h>
#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SPEEX_FRAME = 160, SPEEX_TAIL = 4096 };

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *path_of(const char *folder, unsigned long pair, const char *end)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%lu_%s.wav", folder, pair, end);
    return path;
}

static void give_up(const char *what)
{
    fprintf(stderr, "bench_throughput: %s\n", what);
    exit(1);
}

/* ---- The pairs -------------------------------------------------------------------------- */

static void write_rotated(const char *path, const signal_ *s, size_t first, size_t count)
{
    SF_INFO info = {.samplerate = UNECHO_SAMPLE_RATE,
                    .channels = 1,
                    .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *const file = sf_open(path, SFM_WRITE, &info);
    for (size_t i = 0; file && i < count;) {
        const size_t at = (first + i) % s->count;
        const size_t part = s->count - at < count - i ? s->count - at : count - i;
        if (sf_writef_float(file, s->samples + at, (sf_count_t)part) != (sf_count_t)part)
            break;
        i += part;
    }
    if (!file || sf_error(file) || sf_close(file) != 0)
        give_up(path);
}

static void make(const char *folder, unsigned long pairs, double seconds)
{
    const signal_ mic = read_sample("mic"), far = read_sample("far");
    const size_t count = (size_t)(seconds * UNECHO_SAMPLE_RATE);
    for (unsigned long i = 0; i < pairs; i++) {
        const size_t first = i * mic.count / pairs;
        write_rotated(path_of(folder, i, "mic"), &mic, first, count);
        write_rotated(path_of(folder, i, "far"), &far, first, count);
    }
    free(mic.samples);
    free(far.samples);
}

/* ---- The cancellers --------------------------------------------------------------------- */

/* As unecho process does it. */
static void by_library(const signal_ *mic, const signal_ *far)
{
    enum { CHUNK = 16384 };
    unecho *stream = NULL;
    float out[CHUNK];
    if (unecho_open(&stream, NULL) < 0)
        give_up("cannot open a stream");
    for (size_t at = 0; at + CHUNK <= mic->count; at += CHUNK)
        unecho_process(stream, mic->samples + at, far->samples + at, out, CHUNK);
    unecho_close(&stream);
}

static void to_shorts(const float *x, short *y)
{
    for (size_t i = 0; i < SPEEX_FRAME; i++)
        y[i] = (short)lrintf(fminf(32767.0f, 32768.0f * x[i]));
}

static void by_speex(const signal_ *mic, const signal_ *far)
{
    SpeexEchoState *const echo = speex_echo_state_init(SPEEX_FRAME, SPEEX_TAIL);
    SpeexPreprocessState *const rest = speex_preprocess_state_init(SPEEX_FRAME, UNECHO_SAMPLE_RATE);
    int rate = UNECHO_SAMPLE_RATE;
    speex_echo_ctl(echo, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    speex_preprocess_ctl(rest, SPEEX_PREPROCESS_SET_ECHO_STATE, echo);
    for (size_t at = 0; at + SPEEX_FRAME <= mic->count; at += SPEEX_FRAME) {
        short heard[SPEEX_FRAME], played[SPEEX_FRAME], out[SPEEX_FRAME];
        to_shorts(mic->samples + at, heard);
        to_shorts(far->samples + at, played);
        speex_echo_cancellation(echo, heard, played, out);
        speex_preprocess_run(rest, out);
    }
    speex_preprocess_state_destroy(rest);
    speex_echo_state_destroy(echo);
}

static void measure(const char *folder, unsigned long pairs,
                    void cancel(const signal_ *mic, const signal_ *far))
{
    double spent = 0.0;
    for (unsigned long i = 0; i < pairs; i++) {
        const signal_ mic = read_signal(path_of(folder, i, "mic"));
        const signal_ far = read_signal(path_of(folder, i, "far"));
        const double start = cpu_seconds();
        cancel(&mic, &far);
        spent += cpu_seconds() - start;
        free(mic.samples);
        free(far.samples);
    }
    printf("%.3f\n", spent);
}

int main(int argc, char **argv)
{
    const char *const what = argc > 3 ? argv[1] : "";
    const unsigned long pairs = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (argc == 5 && strcmp(what, "make") == 0)
        make(argv[2], pairs, strtod(argv[4], NULL));
    else if (argc == 4 && strcmp(what, "library") == 0)
        measure(argv[2], pairs, by_library);
    else if (argc == 4 && strcmp(what, "speex") == 0)
        measure(argv[2], pairs, by_speex);
    else
        give_up("make FOLDER PAIRS SECONDS, library FOLDER PAIRS or speex FOLDER PAIRS");
    return 0;
}
