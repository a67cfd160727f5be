/* Searches for the best settings of ONNX Runtime for a model on this machine. */
#ifndef UNECHO_CLI_TUNE_SEARCH_H
#define UNECHO_CLI_TUNE_SEARCH_H

#include "bench/measure.h"
#include "model_choice.h"

#include <stdbool.h>
#include <stddef.h>

enum tune_purpose {
    TUNE_THROUGHPUT, /* least time per hop, median */
    TUNE_CPU,        /* least CPU time per hop, all threads together */
    TUNE_LATENCY     /* least time that 99 of 100 hops stay within */
};

struct tune_setting {
    unsigned stage_threads[2];
    bool spinning;
    /* Where they differ from the library's defaults. */
    bool parallel; /* branches of a graph in parallel */
    bool no_memory_pattern, no_arena;
};

struct tune_request {
    enum tune_purpose purpose;
    double budget_seconds;
    const char *library; /* NULL: the library's own choice */
    const model_choice *model;
    const struct bench_audio *audio;
};

/* Microseconds per hop, as the purpose measures it, over the rounds of the final. */
struct tune_cost {
    double median, lowest, highest;
};

struct tune_finding {
    struct tune_setting winner, runner_up;
    struct tune_cost winner_cost, runner_up_cost;
    bool has_runner_up;
    size_t rounds;           /* of the final */
    size_t wins;             /* rounds in which the winner beat the runner-up */
    bool clear;              /* another search would hardly swap the two */
    double untuned_us;       /* cost of a hop untuned, measured in the same way */
    size_t settings;         /* that there are */
    size_t tried, different; /* of them; rejected for a different output */
    double seconds;          /* that the search took */
    char model[64];
    char why_not[UNECHO_MESSAGE_SIZE]; /* why ONNX Runtime does not run; "": it does */
};

/* false: reported, unless finding->why_not tells. */
bool tune_search(const struct tune_request *request, struct tune_finding *finding);

/* The same in another process, which leaves no threads and no memory behind. */
bool tune_search_apart(const struct tune_request *request, struct tune_finding *finding);

/* "2 + 4 threads, spinning" */
void tune_describe(const struct tune_setting *setting, char *text, size_t size);

/*
 * All settings to try on a machine with so many cores, the most promising first, with the library's
 * default execution options; returns how many there are, at most `most`.
 */
size_t tune_settings(struct tune_setting *settings, size_t most, unsigned cores);

/* The same setting with one of the execution options inverted. */
#define TUNE_VARIANTS 3
void tune_variants(struct tune_setting variants[TUNE_VARIANTS], const struct tune_setting *setting);

/* What a setting asks of the machine: of two equally fast ones the lower is better. */
unsigned tune_effort(const struct tune_setting *setting);

/* Whether the winner is beyond doubt: ahead in nearly all rounds. */
bool tune_is_clear(size_t wins, size_t rounds);

#endif
