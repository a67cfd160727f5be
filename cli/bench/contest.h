/*
 * The backends' contest: rounds in turn, outputs checked, figures drawn from them. It does not know
 * how they are shown.
 */
#ifndef UNECHO_CLI_BENCH_CONTEST_H
#define UNECHO_CLI_BENCH_CONTEST_H

#include "bench/backend.h"
#include "bench/compare.h"
#include "bench/measure.h"
#include "bench/stats.h"
#include "model_choice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTEST_MOST_BACKENDS = 16, CONTEST_SLOWEST = 10 };

/* The two ways to feed a backend. */
enum feed {
    FEED_CHUNK, /* by the chunk that the options ask for */
    FEED_LIVE,  /* hop by hop */
    FEED_COUNT
};

struct slow_hop {
    size_t round, hop; /* from 0 */
    double us;
};

/* What one backend did with one of the feeds; medians over the rounds unless it says otherwise. */
struct feed_figures {
    double per_second[STATS_MOST]; /* samples per second, by round */
    double cpu[STATS_MOST];        /* CPU seconds per second of audio, by round */
    double samples_per_second, lowest, highest;
    double cpu_per_audio_second;
    double ratio; /* to the base's samples_per_second; NaN where there is none */
};

struct contestant {
    struct backend backend;
    bool shown; /* a row of its own, and timed; else it only serves to compare with */
    bool available;
    char why_not[UNECHO_MESSAGE_SIZE];
    struct feed_figures feeds[FEED_COUNT];
    struct comparison comparison; /* the worse of both feeds */
    double hop_p50_us, hop_p99_us, hop_max_us;
    struct slow_hop slowest[CONTEST_SLOWEST];
    size_t slowest_count;
    double opens[STATS_MOST];
    double open_seconds;
    uint64_t rss_bytes, resident_bytes; /* of one live stream; see bench_worker.h */
    char kernels[32];
};

struct contest {
    struct contestant contestants[CONTEST_MOST_BACKENDS];
    size_t count;
    size_t chunk, rounds;
    const struct bench_audio *audio; /* outputs are compared over all of it */
    size_t timed;                    /* samples of a timed run, at most all */
    const model_choice *model;
    /* Outcome. */
    char model_name[64];
    unsigned model_units;
    const struct contestant *reference; /* whose output the others' is compared with */
    const struct contestant *base;      /* whose speed is 1; NULL: nobody's */
};

/*
 * Fill in the outcome. A backend that is not there says why; any other failure is reported, and
 * false. Before that the contestants' backends and shown, and what else is not outcome, are set.
 */
bool contest_run(struct contest *contest);

/*
 * How much of the time the backends of one thread had a core to themselves, 0 to 1, the least of
 * their medians; NaN if there are none. Much less than 1: the machine had other things to do.
 */
double contest_core_share(const struct contest *contest);

/* Whether the backend has figures to be shown. */
bool contestant_counts(const struct contestant *contestant);

#endif
