/* What front end, aligner and linear filter cost in addition to the network. */
#ifndef UNECHO_CLI_BENCH_FRONT_H
#define UNECHO_CLI_BENCH_FRONT_H

#include "bench/measure.h"
#include "model_choice.h"

#include <stdbool.h>
#include <stddef.h>

enum { FRONT_ROWS = 6 };

struct front_figures {
    const char *name;
    double hop_us;   /* CPU time of 8 ms of audio, live; median over the rounds */
    double overhead; /* over that of the first row, as a fraction; median over the rounds */
};

struct bench_front {
    bool measured;
    struct front_figures rows[FRONT_ROWS]; /* the first: the network alone */
};

/* On the first n samples of the recording, in so many rounds. false: failed, reported. */
bool front_measure(struct bench_front *front, const struct bench_audio *audio, size_t n,
                   size_t rounds, const model_choice *model);

#endif
