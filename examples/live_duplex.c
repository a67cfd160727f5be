/*
 * A call on a sound card with two callbacks, which run in different threads and with periods of
 * different length: playback gets what the loudspeaker is to play, capture brings what the
 * microphone has heard. Calls on one stream must not overlap, so playback does not touch the
 * stream: it passes the far end on through a lock-free queue, and capture makes all calls.
 *
 *     cc -o live_duplex live_duplex.c sound.c $(pkg-config --cflags --libs unecho sndfile)
 *     ./live_duplex MIC.wav FAR.wav OUT.wav [STALL]
 *
 * The card is simulated: its microphone hears MIC while its loudspeaker plays FAR, and the program
 * sends the near end to OUT. After 3 s capture stands still for STALL milliseconds, and what the
 * microphone hears meanwhile is lost. Everything above main() is what a program with a real card
 * has.
 */
#include "sound.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unecho.h>

/* ---- A queue with one writer and one reader --------------------------------------------- */

/* More than the far end that plays while capture is late once; a power of two. */
enum { QUEUE = 8192 };

typedef struct queue {
    float samples[QUEUE];
    atomic_size_t written, read; /* in all */
} queue;

/*
 * What does not fit is dropped and not reported: it does not fit because capture stands still,
 * which then loses microphone as well. If only the far end's loss were reported, the canceller
 * would shift it by what both have lost; without a report it sees from what follows that they still
 * belong together.
 */
static void queue_write(queue *q, const float *samples, size_t n)
{
    const size_t written = atomic_load_explicit(&q->written, memory_order_relaxed);
    if (n > QUEUE - (written - atomic_load_explicit(&q->read, memory_order_acquire)))
        return;
    for (size_t i = 0; i < n; i++)
        q->samples[(written + i) % QUEUE] = samples[i];
    atomic_store_explicit(&q->written, written + n, memory_order_release);
}

/* Returns how many there were, at most n. */
static size_t queue_read(queue *q, float *samples, size_t n)
{
    const size_t read = atomic_load_explicit(&q->read, memory_order_relaxed);
    const size_t there = atomic_load_explicit(&q->written, memory_order_acquire) - read;
    n = there < n ? there : n;
    for (size_t i = 0; i < n; i++)
        samples[i] = q->samples[(read + i) % QUEUE];
    atomic_store_explicit(&q->read, read + n, memory_order_release);
    return n;
}

/* ---- The callbacks ---------------------------------------------------------------------- */

typedef struct call {
    unecho *stream;
    queue far;
    int status; /* of the first call that failed */
} call;

static void check(call *c, int status)
{
    if (c->status == UNECHO_OK)
        c->status = status;
}

/* The loudspeaker is about to play these frames. */
static void on_playback(call *c, const float *played, size_t n)
{
    queue_write(&c->far, played, n);
}

/* The microphone has heard these frames; they become the near end. */
static void on_capture(call *c, float *frames, size_t n)
{
    float part[256];
    size_t got;
    while ((got = queue_read(&c->far, part, sizeof part / sizeof *part)) > 0)
        check(c, unecho_push_far(c->stream, part, got));
    check(c, unecho_process(c->stream, frames, NULL, frames, n));
}

static int open_stream(unecho **stream, int mic_rate, int far_rate)
{
    unecho_config config;
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.sample_rate = mic_rate;
    config.far_rate = far_rate;
    config.far_queue_ms = 200; /* the far end comes by itself */
    config.hops_at_once = 1;   /* short chunks */
    const int status = unecho_open(stream, &config);
    if (status < 0)
        fprintf(stderr, "unecho_open: %s\n", message);
    return status;
}

/* ---- The simulated card ----------------------------------------------------------------- */

enum { STALL_MAX_MS = 60000 };

/* The frames from `at` on, silence after the end. */
static void take(const sound *s, size_t at, float *frames, size_t n)
{
    const size_t left = at < s->frames ? s->frames - at : 0, there = left < n ? left : n;
    memcpy(frames, s->samples + (at < s->frames ? at : 0), there * sizeof *frames);
    memset(frames + there, 0, (n - there) * sizeof *frames);
}

int main(int argc, char **argv)
{
    char *rest = NULL;
    const unsigned long stall_ms = argc == 5 ? strtoul(argv[4], &rest, 10) : 0;
    if (argc < 4 || argc > 5 || (rest && *rest) || stall_ms > STALL_MAX_MS) {
        fprintf(stderr, "usage: live_duplex MIC FAR OUT [0 to %d ms STALL]\n", STALL_MAX_MS);
        return 2;
    }
    const sound mic = sound_read(argv[1]), far = sound_read(argv[2]);
    const sound out = sound_silence(mic.rate, mic.frames);
    static call c;
    if (open_stream(&c.stream, mic.rate, far.rate) < 0)
        return 1;

    /*
     * Output frame t belongs to frame t - latency of those that capture brought. A call just hears
     * it that late; a file that is to have the microphone's timeline leaves the first `latency`
     * frames out, gets the last ones after as many frames of silence, and has silence where capture
     * brought nothing.
     */
    const size_t latency = (size_t)unecho_latency(c.stream);
    enum { PERIOD_MAX = 4096 };
    float frames[PERIOD_MAX];
    const size_t capture = (size_t)mic.rate / 100, playback = (size_t)far.rate / 64;
    const size_t stall_at = 300 * capture;
    const size_t stall = stall_ms / 10 * capture;
    size_t heard = 0, brought = 0, played = 0;
    while (heard < mic.frames + latency) {
        /* Playback is asked for frames before they play, capture brings them afterwards. */
        while (played * (size_t)mic.rate < (heard + capture) * (size_t)far.rate) {
            take(&far, played, frames, playback);
            on_playback(&c, frames, playback);
            played += playback;
        }
        heard += capture;
        if (heard > stall_at && heard <= stall_at + stall)
            continue;
        take(&mic, heard - capture, frames, capture);
        on_capture(&c, frames, capture);
        for (size_t i = 0; i < capture; i++) {
            size_t at = brought + i - latency;
            at += at >= stall_at ? stall : 0;
            if (brought + i >= latency && at < mic.frames)
                out.samples[at] = frames[i];
        }
        brought += capture;
    }
    if (c.status < 0) {
        fprintf(stderr, "unecho: %s\n", unecho_strerror(c.status));
        return 1;
    }
    sound_write(argv[3], &out);

    unecho_stats stats = {.size = sizeof stats};
    unecho_get_stats(c.stream, &stats);
    printf(
        "latency %.1f ms, echo return loss enhancement %.1f dB, %llu frames of far end missing\n",
        1000.0 * (double)latency / mic.rate, (double)stats.erle_db,
        (unsigned long long)stats.far_missing_frames);
    unecho_close(&c.stream);
    free(mic.samples);
    free(far.samples);
    free(out.samples);
    return 0;
}
