/*
 * The pairs of a run, set aside in a temporary file: of each, memory holds no more than a number,
 * and only if there are several shards.
 */
#ifndef UNECHO_CLI_BATCH_PLAN_H
#define UNECHO_CLI_BATCH_PLAN_H

#include "batch/shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Strings are paths as the user sees them. */
struct batch_pair {
    const char *mic;
    const char *far;     /* NULL: in the microphone's file */
    const char *out;     /* within the output folder, or absolute */
    const char *options; /* of this pair: a JSON array of words; NULL: none */
    double weight; /* the length of its files: bytes, or seconds if there are several shards */
};

struct plan {
    FILE *spool;
    struct shard *shard;
    size_t count;     /* pairs of this shard */
    double weight;    /* of all of them */
    size_t elsewhere; /* pairs of other shards */
    /* With several shards: the weight of each pair, negative if another shard has it. */
    double *weights;
    size_t weight_room;
    size_t all, next; /* pairs of all shards, and which comes next */
    char *line;       /* of the last pair read */
    size_t room;
};

/* shard outlives the plan. false: failed, reported. */
bool plan_open(struct plan *plan, struct shard *shard);

/* Add a pair, whose weight is found out. false: failed, reported. */
bool plan_add(struct plan *plan, const struct batch_pair *pair);

/* After the last pair: choose those of this shard. false: failed, reported. */
bool plan_complete(struct plan *plan);

/* The next pair of this shard, valid until the next call. false: there is none. */
bool plan_next(struct plan *plan, struct batch_pair *pair);

void plan_close(struct plan *plan);

#endif
