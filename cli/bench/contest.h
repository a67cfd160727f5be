/* The contest of the backends: rounds in turn, outputs compared, figures computed. */
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
    FEED_CHUNK, /* in chunks, as the options say */
    FEED_LIVE,  /* hop by hop */
    FEED_COUNT
};

struct slow_hop {
    size_t round, hop; /* from 0 */
    double us;
};

/* The figures of a backend with one feed; medians over the rounds unless stated otherwise. */
struct feed_figures {
    double per_second[STATS_MOST]; /* samples per second, by round */
    double cpu[STATS_MOST];        /* CPU seconds per second of audio, by round */
    double samples_per_second, lowest, highest;
    double cpu_per_audio_second;
    double ratio; /* to the base's samples_per_second; NaN: none */
};

struct contestant {
    struct backend backend;
    bool shown; /* has a row and is timed; else it only serves as reference */
    bool available;
    char why_not[UNECHO_MESSAGE_SIZE];
    struct feed_figures feeds[FEED_COUNT];
    struct comparison comparison; /* the worse of both feeds */
    double hop_p50_us, hop_p99_us, hop_max_us;
    struct slow_hop slowest[CONTEST_SLOWEST];
    size_t slowest_count;
    double opens[STATS_MOST];
    double open_seconds;
    uint64_t rss_bytes, resident_bytes; /* of one live stream; see worker.h */
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
    const struct contestant *reference; /* the others are compared with its output */
    const struct contestant *base;      /* its speed is 1; NULL: none */
};

/*
 * Fill in the outcome; the caller has set everything else. A backend that is not available says
 * why. false: failed in another way, reported.
 */
bool contest_run(struct contest *contest);

/*
 * The share of time for which single-threaded backends had a core, 0 to 1: the least of their
 * medians; NaN: there are none. Much less than 1: the machine was busy.
 */
double contest_core_share(const struct contest *contest);

/* Whether the backend has figures to show. */
bool contestant_counts(const struct contestant *contestant);

#endif
