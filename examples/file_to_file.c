/*
 * Cancels the echo in a recording: microphone and far end in two files, which may have different
 * sample rates and need not start together.
 *
 *     cc -o file_to_file file_to_file.c sound.c $(pkg-config --cflags --libs unecho sndfile)
 *     ./file_to_file MIC.wav FAR.wav OUT.wav
 */
#include "sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <unecho.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: file_to_file MIC FAR OUT\n");
        return 2;
    }
    const sound mic = sound_read(argv[1]), far = sound_read(argv[2]);

    unecho_config config;
    char message[UNECHO_MESSAGE_SIZE];
    unecho *stream = NULL;
    unecho_config_init(&config);
    config.message = message;
    config.message_size = sizeof message;
    config.sample_rate = mic.rate;
    config.far_rate = far.rate;
    /* Different rates need a queue; unecho_process_whole fills it little by little. */
    config.far_queue_ms = far.rate != mic.rate ? 100 : 0;
    /* Nobody waits for the output, so the far end may start later than its echo. */
    config.reference_late_ms = 200;
    config.hops_at_once = UNECHO_HOPS_AT_ONCE_MAX;
    if (unecho_open(&stream, &config) < 0) {
        fprintf(stderr, "unecho_open: %s\n", message);
        return 1;
    }

    /* In place; without latency, as the end of the recording is known. */
    const int status = unecho_process_whole(stream, mic.samples, mic.frames, far.samples,
                                            far.frames, mic.samples, 0);
    if (status < 0) {
        fprintf(stderr, "unecho_process_whole: %s\n", unecho_strerror(status));
        return 1;
    }
    sound_write(argv[3], &mic);

    unecho_stats stats = {.size = sizeof stats};
    unecho_get_stats(stream, &stats);
    if (stats.aligned)
        printf("the echo lags the far end by %.0f ms\n", (double)stats.delay_ms);
    printf("echo return loss enhancement %.1f dB over %.1f s of far end\n", (double)stats.erle_db,
           (double)stats.far_active_seconds);
    unecho_close(&stream);
    free(mic.samples);
    free(far.samples);
    return 0;
}
