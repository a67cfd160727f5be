/*
 * The search for the lag in one window, close to where it is expected or further away. All return
 * points of height 0 where they find nothing.
 */
#ifndef UNECHO_CLI_WINDOW_H
#define UNECHO_CLI_WINDOW_H

#include "alignment/copies.h"
#include "alignment/correlator.h"
#include "alignment/point.h"

struct window_search {
    const struct copies *copies;
    struct correlator same, near, wide;
    size_t windows;   /* examined, with sound in both ends */
    size_t of_tones;  /* the same, but of a few tones, which tell nothing */
    long blocks_left; /* for searches of the whole far end */
    bool failed;      /* out of memory */
    double after, before, floor;
};

/* false: out of memory. window_search_close in either case. */
bool window_search_open(struct window_search *s, const struct copies *copies);
void window_search_close(struct window_search *s);

/* As struct track's tail, of what window_near has found. */
double window_search_tail(const struct window_search *s);

bool window_is_active(const struct copy *copy, double from, double to);
/* Whether a window of the microphone holds sound, and the far end within reach of a lag. */
bool window_has_sound(const struct window_search *s, double at, double lag, double reach);

/* Most recordings begin together: within a second, or as far as the widest tables reach. */
struct track_point window_first(struct window_search *s, double at);
/* Within a second of a lag, which is preferred to a somewhat higher peak elsewhere. */
struct track_point window_near(struct window_search *s, double at, double lag);
/*
 * The lag of a point, given the last two points of its piece, the latter first: in a room now this
 * reflection, now that one is the highest. A lag that changes moves all of them alike.
 */
double window_settle(struct window_search *s, const struct track_point last[2],
                     const struct track_point *point);
/* Whether a plain lag is as plain in the middle of the next window, at little cost. */
bool window_same(struct window_search *s, double at, const struct track_point *last,
                 struct track_point *point);
/* A recorder that leaves silence out adds at most the time since the last point to the lag, and
 * takes it off when looked at backwards. */
struct track_point window_along(struct window_search *s, double at, const struct track_point *last);
/* In the whole far end, if there are searches left. */
struct track_point window_everywhere(struct window_search *s, double at);

#endif
