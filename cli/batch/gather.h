/* From the inputs on the command line to the pairs of the plan. */
#ifndef UNECHO_CLI_BATCH_GATHER_H
#define UNECHO_CLI_BATCH_GATHER_H

#include "batch/batch_options.h"
#include "batch/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct gathered {
    size_t sounds; /* files with an ending of sound, except those of a manifest */
    size_t alone;  /* files without a partner, listed as notes */
    bool complete; /* else a folder could not be read, reported */
};

/*
 * Find all pairs and add them to the plan. out: the folder of the outputs, where none are looked
 * for. false: failed, reported.
 */
bool gather_pairs(struct gathered *gathered, const batch_options *options, const struct stat *out,
                  struct plan *plan);

#endif
