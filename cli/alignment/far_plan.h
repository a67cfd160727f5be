/*
 * What to change in the far end so that its echo lags it by little and evenly: where silence goes
 * in, and what is dropped.
 */
#ifndef UNECHO_CLI_FAR_PLAN_H
#define UNECHO_CLI_FAR_PLAN_H

#include "alignment/track.h"

#include <stdbool.h>
#include <stddef.h>

/* Seconds of the far end's recording, and of silence before that; negative: to drop from there. */
struct far_edit {
    double at, silence;
};

struct far_plan {
    struct far_edit *edits; /* in order of time */
    size_t count;
    bool shifted; /* the first edit moves the whole far end */
    double lag;   /* of the echo at least, before that */
};

/* false: out of memory, reported. far_plan_free in either case. */
bool far_plan_make(struct far_plan *plan, const struct track *track, const struct copies *copies);
void far_plan_free(struct far_plan *plan);

/* In how many places, beside a shift of the whole, silence goes in (sign 1) or sound is dropped
 * (-1). *seconds: of it in all. */
size_t far_plan_places(const struct far_plan *plan, double sign, double *seconds);

/* By how much later than in its recording a time of the far end comes, in seconds. */
double far_plan_moved(const struct far_plan *plan, double far_seconds);

/* The far end's levels with the changes. false: out of memory, reported. levels_free in either
 * case. */
bool far_plan_levels(const struct far_plan *plan, const struct levels *far, struct levels *edited);

#endif
