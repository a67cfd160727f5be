/* The pairs of a run, set aside in a temporary file: memory does not grow with their number. */
#ifndef UNECHO_CLI_BATCH_PLAN_H
#define UNECHO_CLI_BATCH_PLAN_H

#include "batch/shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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
    size_t count;  /* pairs of this shard */
    double weight; /* of all of them */
    size_t elsewhere;
    char *line; /* of the last pair read */
    size_t room;
};

/* shard outlives the plan. false: failed, reported. */
bool plan_open(struct plan *plan, struct shard *shard);

/* Add a pair, if it belongs to this shard; the weight is found out. false: failed, reported. */
bool plan_add(struct plan *plan, const struct batch_pair *pair);

/* Go to the first pair. false: failed, reported. */
bool plan_rewind(struct plan *plan);

/* The next pair, valid until the next call. false: there is none. */
bool plan_next(struct plan *plan, struct batch_pair *pair);

void plan_close(struct plan *plan);

#endif
