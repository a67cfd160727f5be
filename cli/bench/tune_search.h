/*
 * Search for the settings with which ONNX Runtime runs a model best on this machine. It does not
 * know what becomes of them.
 */
#ifndef UNECHO_CLI_TUNE_SEARCH_H
#define UNECHO_CLI_TUNE_SEARCH_H

#include "bench/measure.h"
#include "bench/stats.h"
#include "model_choice.h"

#include <stdbool.h>
#include <stddef.h>

enum tune_purpose {
    TUNE_THROUGHPUT, /* least time a hop, median */
    TUNE_CPU,        /* least CPU time a hop, of all threads together */
    TUNE_LATENCY     /* least time that 99 of 100 hops stay within */
};

struct tune_setting {
    unsigned stage_threads[2];
    bool spinning;
    /* Where they differ from the library's own choice. */
    bool parallel; /* branches of a graph side by side */
    bool no_memory_pattern, no_arena;
};

struct tune_request {
    enum tune_purpose purpose;
    double budget_seconds;
    const char *library; /* NULL: the library's own choice */
    const model_choice *model;
    const struct bench_audio *audio;
};

/* Microseconds a hop, in the purpose's sense, over the rounds of the final. */
struct tune_cost {
    double median, lowest, highest;
};

struct tune_finding {
    struct tune_setting winner, runner_up;
    struct tune_cost winner_cost, runner_up_cost;
    bool has_runner_up;
    size_t rounds;           /* of the final */
    size_t wins;             /* rounds in which the winner was ahead of the runner-up */
    bool clear;              /* the order of the two would hardly change in another search */
    double untuned_us;       /* what one hop costs untuned, same sense */
    size_t settings;         /* that there are */
    size_t tried, different; /* of them; rejected because their output was not the same */
    double seconds;          /* that the search took */
    char model[64];
    char why_not[UNECHO_MESSAGE_SIZE]; /* why ONNX Runtime does not run at all; "": it does */
};

/* false: reported, unless finding->why_not tells. */
bool tune_search(const struct tune_request *request, struct tune_finding *finding);

/* The same in a process of its own, which leaves no thread and no memory behind. */
bool tune_search_apart(const struct tune_request *request, struct tune_finding *finding);

/* "2 + 4 threads, spinning" */
void tune_describe(const struct tune_setting *setting, char *text, size_t size);

/*
 * Every setting to be tried on a machine with so many cores, most promising first; returns how many
 * there are, at most most. Execution options are at the library's choice in all of them.
 */
size_t tune_settings(struct tune_setting *settings, size_t most, unsigned cores);

/* The same setting with one of the execution options turned over; returns how many there are. */
#define TUNE_VARIANTS 3
void tune_variants(struct tune_setting variants[TUNE_VARIANTS], const struct tune_setting *setting);

/* How much a setting asks for: of two that are equally fast the one with less is better. */
unsigned tune_effort(const struct tune_setting *setting);

/* Whether the winner is ahead beyond doubt: in nearly all of the rounds. */
bool tune_is_clear(size_t wins, size_t rounds);

#endif
