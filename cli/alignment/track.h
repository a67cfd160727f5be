/*
 * By how much the echo in one recording lags the far end in the other, from their start to their
 * end, in pieces: the lag changes where a recorder lost sound or left silence out. The search goes
 * through the whole of both.
 */
#ifndef UNECHO_CLI_TRACK_H
#define UNECHO_CLI_TRACK_H

#include "alignment/copies.h"
#include "alignment/order.h"
#include "alignment/point.h"

#include <stdbool.h>
#include <stddef.h>

/* Points of the same lag, but for clocks that drift. */
struct track_piece {
    size_t first, count; /* of the points */
};

struct track {
    struct track_point *points; /* in order of time, those of pieces only */
    size_t point_count, point_room;
    struct track_piece *pieces; /* none: no certain lag anywhere */
    size_t piece_count;
    size_t windows; /* examined, with sound in both ends; 0 if most are of a few tones */
    bool own_voice; /* the far end holds the user's, which was taken for an echo at first */
    bool no_echo; /* and nothing else of it is heard: the lags are those of the voice, plus some */
    /* As delay_line.tail in doctor: 1: the echo rings after the far end, -1: the reverse. */
    double tail;
};

/* false: out of memory or interrupted, reported. track_free in either case. */
bool track_find(struct track *track, const struct copies *copies);
void track_free(struct track *track);

/* The lag at a time: that of the nearest point. The track has pieces. */
double track_lag(const struct track *track, double seconds);

/* Which end is the microphone's, by what is heard of each in the other at the track's lags; tail as
 * in ends_find_order. The track has pieces. */
enum ends_order track_order(const struct track *track, const struct copies *copies, double tail);

/* Whether the two are swapped, where the lag leaves that open. The track has pieces. */
bool track_swapped(const struct track *track, const struct copies *copies);

#endif
