/* What is wrong with a pair of recordings, before the echo is cancelled, and what can be mended. */
#ifndef UNECHO_CLI_PAIR_CHECK_H
#define UNECHO_CLI_PAIR_CHECK_H

#include "alignment/far_plan.h"
#include "alignment/stretches.h"
#include "files/ends.h"

#include <stdbool.h>

struct pair_check {
    struct far_plan plan; /* no edits: leave the far end as it is */
    struct stretches stretches;
    bool unfit;     /* there is no echo to cancel, and ERLE says nothing: reported */
    bool own_voice; /* the far end holds what the microphone hears: before it there is no echo */
};

/*
 * Examine both ends, report what is wrong in a note each, and go back to their start. shift:
 * the plan will be used, otherwise it stays empty. false: failed or interrupted, reported.
 * pair_check_free in either case.
 */
bool pair_check_run(struct pair_check *check, ends *pair, bool shift);
void pair_check_free(struct pair_check *check);

#endif
