/*
 * A conference server: one thread cancels the echo of many conversations, whose packets of 10 ms it
 * takes through the network together. The weights are read once for all of them.
 *
 *     server MIC.wav FAR.wav OUT.wav [CONVERSATIONS]
 *
 * Here every conversation is the same recording, each a packet later than the one before; OUT is
 * the near end of the last one.
 */
#include "sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unecho.h>

enum { MOST = 256, PACKET_MAX = UNECHO_RATE_MAX / 100 };

static int open_streams(unecho **streams, size_t count, int rate)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    int status = UNECHO_OK;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.sample_rate = rate;
    for (size_t i = 0; i < count && status == UNECHO_OK; i++) {
        /* One stream has the memory to take so many through at once; the others stay small. */
        config.hops_at_once = i == 0 ? UNECHO_HOPS_AT_ONCE_MAX : 1;
        status = unecho_open(&streams[i], &config);
    }
    if (status < 0)
        fprintf(stderr, "unecho: %s\n", message);
    return status;
}

/* Packet number `at` of a recording, silence before and after it. */
static void take(const sound *s, long at, float *packet, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const long frame = at * (long)n + (long)i;
        packet[i] = frame >= 0 && (size_t)frame < s->frames ? s->samples[frame] : 0.0f;
    }
}

int main(int argc, char **argv)
{
    const size_t count = argc == 5 ? strtoul(argv[4], NULL, 10) : 10;
    if (argc < 4 || argc > 5 || count < 1 || count > MOST) {
        fprintf(stderr, "usage: server MIC FAR OUT [1 to %d]\n", MOST);
        return 2;
    }
    const sound mic = sound_read(argv[1]), far = sound_read(argv[2]);
    if (mic.rate != far.rate) {
        fprintf(stderr, "server: both files must have the same sample rate\n");
        return 1;
    }
    static unecho *streams[MOST];
    static float mics[MOST][PACKET_MAX], fars[MOST][PACKET_MAX], outs[MOST][PACKET_MAX];
    const float *mic_of[MOST], *far_of[MOST];
    float *out_of[MOST];
    const sound out = sound_silence(mic.rate, mic.frames);
    if (open_streams(streams, count, mic.rate) < 0)
        return 1;
    for (size_t i = 0; i < count; i++) {
        mic_of[i] = mics[i];
        far_of[i] = fars[i];
        out_of[i] = outs[i];
    }

    /* The last conversation starts count - 1 packets late, and its output has the latency. */
    const size_t n = (size_t)mic.rate / 100;
    const size_t late = (count - 1) * n + (size_t)unecho_latency(streams[count - 1]);
    for (size_t packet = 0; packet * n < late + mic.frames; packet++) {
        for (size_t i = 0; i < count; i++) {
            take(&mic, (long)packet - (long)i, mics[i], n);
            take(&far, (long)packet - (long)i, fars[i], n);
        }
        const int status = unecho_process_many(streams, mic_of, far_of, out_of, count, n);
        if (status < 0) {
            fprintf(stderr, "unecho_process_many: %s\n", unecho_strerror(status));
            return 1;
        }
        for (size_t i = 0, at = packet * n; i < n; i++, at++)
            if (at >= late && at - late < mic.frames)
                out.samples[at - late] = outs[count - 1][i];
    }
    sound_write(argv[3], &out);

    unecho_stats stats = {.size = sizeof stats};
    unecho_get_stats(streams[count - 1], &stats);
    printf("%zu conversations; the last one: echo return loss enhancement %.1f dB\n", count,
           (double)stats.erle_db);
    for (size_t i = 0; i < count; i++)
        unecho_close(&streams[i]);
    free(mic.samples);
    free(far.samples);
    free(out.samples);
    return 0;
}
