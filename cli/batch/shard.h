/* The part of the work that one of several machines does. */
#ifndef UNECHO_CLI_BATCH_SHARD_H
#define UNECHO_CLI_BATCH_SHARD_H

#include <stdbool.h>

enum { SHARDS_MOST = 4096 };

struct shard {
    unsigned index, count;     /* index from 1; count 1: all of the work */
    const char *from;          /* what said so, for a note; NULL: nothing */
    double loads[SHARDS_MOST]; /* seconds given to each so far */
};

/* "I/N". false: it is none. */
bool shard_parse(struct shard *shard, const char *text);

/*
 * What the environment says, unless text does: UNECHO_SHARD, Slurm's array, or an Indexed Job of
 * Kubernetes with UNECHO_SHARDS. false: it is wrong, reported.
 */
bool shard_choose(struct shard *shard, const char *text);

/*
 * Give the next pair to the shard with the least to do; the longest pairs come first. The same on
 * all machines, since all see the same pairs. true: to this one.
 */
bool shard_takes(struct shard *shard, double seconds);

#endif
