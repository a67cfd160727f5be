/* What shows of the microphone and of the output: levels and spectrograms, taken as they pass. */
#ifndef UNECHO_CLI_DOCTOR_WATCH_H
#define UNECHO_CLI_DOCTOR_WATCH_H

#include "doctor/level_meter.h"
#include "doctor/spectrogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch {
    struct level_meter meter;
    struct spectrograph *before, *after;
};

/*
 * Of signals of n samples. levels: of the output. pictures [2]: of the microphone and of the
 * output; NULL: unwanted. false: out of memory, reported. watch_close in either case.
 */
bool watch_open(struct watch *watch, struct levels *levels, spectrogram *pictures, uint64_t n,
                int rate);
void watch_close(struct watch *watch);

/* Take the next n samples of either. false: out of memory, reported. */
void watch_microphone(struct watch *watch, const float *samples, size_t n);
bool watch_output(struct watch *watch, const float *samples, size_t n);
/* Both signals have ended: the pictures are complete. */
void watch_end(struct watch *watch);

#endif
