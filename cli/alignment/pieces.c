#include "alignment/pieces.h"

#include "alignment/correlator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The far end plays while it is no further below its loudest; the user's own voice in it is so much
 * louder in the microphone than its echo. */
#define PLAYS_DB     20.0
#define OWN_VOICE_DB 10.0
/* It does not come before the far end by more than what a search may be wrong. */
#define OWN_VOICE_S 0.001
/* The share of the microphone that the far end, delayed by the lag, holds: of a copy at least; of
 * an echo, which comes through a loudspeaker and a room, at most. */
#define COPY_SHARE 0.6
#define ECHO_SHARE 0.5
/* Points of a piece that are looked at for it, the samples of each, and how wrong a lag may be. */
enum { LOOKS = 32, LOOK = 2 * CORRELATOR_RATE, BESIDE = 1 };

static bool is_certain(const struct track *t, const struct track_piece *piece, size_t least)
{
    return piece->count >= least &&
           point_evidence(t->points + piece->first, piece->count) >= POINT_LEAST_EVIDENCE;
}

/* Runs of points that agree, each with the one before it. */
static void split(struct track *t)
{
    t->piece_count = 0;
    for (size_t i = 0; i < t->point_count; i++) {
        if (i == 0 || !point_fits(&t->points[i], &t->points[i - 1]))
            t->pieces[t->piece_count++] = (struct track_piece){.first = i};
        t->pieces[t->piece_count - 1].count++;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * How loud the microphone is at least while the far end plays, dB above it: the lowest tenth of the
 * piece. At its edges the far end may hold what belongs to the next one. NAN: out of memory, or
 * never.
 */
static double usual_ratio(const struct track *t, const struct track_piece *piece,
                          const struct copies *copies)
{
    const struct track_point *first = &t->points[piece->first], *last = first + piece->count - 1;
    const double edge = piece->count > 1 ? 0.0 : 0.5 * POINT_STEP_S;
    const double from = first->at - edge, to = last->at + edge;
    const double loudest =
        (double)level_highest(&copies->far.levels, from - first->lag, to - first->lag);
    const size_t levels = (size_t)ceil((to - from) * LEVELS_PER_S);
    double *const ratios = malloc((levels + 1) * sizeof(*ratios));
    size_t n = 0;
    if (!ratios)
        return (double)NAN;
    for (size_t i = 0; i < levels; i++) {
        const double at = from + (double)i / LEVELS_PER_S;
        const double far = (double)level_at(&copies->far.levels, at - first->lag);
        if (far > loudest - PLAYS_DB)
            ratios[n++] = (double)level_at(&copies->mic.levels, at) - far;
    }
    qsort(ratios, n, sizeof(*ratios), compare_doubles);
    const double usual = n > 0 ? ratios[n / 10] : (double)NAN;
    free(ratios);
    return usual;
}

/* Whether the lags of two pieces agree. */
static bool same_lag(const struct track *t, const struct track_piece *a,
                     const struct track_piece *b)
{
    return point_fits(&t->points[a->first], &t->points[b->first]);
}

static double lag_of(const struct track *t, const struct track_piece *piece)
{
    return t->points[piece->first].lag;
}

/* The share at a point; room: for LOOK + 2 * BESIDE samples of the far end and LOOK of the
 * microphone. */
static double share_at(const struct track_point *point, const struct copies *copies, float *room)
{
    float *const far = room, *const mic = room + LOOK + 2 * BESIDE;
    const int64_t at = llround(point->at * CORRELATOR_RATE) - LOOK / 2;
    double share = 0.0;
    copy_read(&copies->mic, mic, at, LOOK);
    copy_read(&copies->far, far, at - llround(point->lag * CORRELATOR_RATE) - BESIDE,
              LOOK + 2 * BESIDE);
    for (size_t k = 0; k <= 2 * BESIDE; k++) {
        double power = 1e-9, mic_power = 1e-9, both = 0.0;
        for (size_t i = 0; i < LOOK; i++) {
            power += (double)far[i + k] * (double)far[i + k];
            mic_power += (double)mic[i] * (double)mic[i];
            both += (double)far[i + k] * (double)mic[i];
        }
        share = fmax(share, both * both / (power * mic_power));
    }
    return share;
}

/* The median over a piece. NAN: out of memory. */
static double usual_share(const struct track *t, const struct track_piece *piece,
                          const struct copies *copies)
{
    float *const room = malloc((2 * LOOK + 2 * BESIDE) * sizeof(*room));
    const size_t n = piece->count < LOOKS ? piece->count : LOOKS;
    double shares[LOOKS];
    if (!room)
        return (double)NAN;
    for (size_t i = 0; i < n; i++)
        shares[i] = share_at(&t->points[piece->first + i * piece->count / n], copies, room);
    free(room);
    qsort(shares, n, sizeof(*shares), compare_doubles);
    return shares[n / 2];
}

/* Whether a piece has a longer lag than another and a microphone that is quieter, by OWN_VOICE_DB,
 * or holds no copy of the far end, as it does in the other. */
static bool is_echo_beside(const struct track *t, const struct track_piece *piece,
                           const struct track_piece *other, const struct copies *copies)
{
    if (lag_of(t, piece) <= lag_of(t, other))
        return false;
    return usual_ratio(t, other, copies) > usual_ratio(t, piece, copies) + OWN_VOICE_DB ||
           (usual_share(t, other, copies) > COPY_SHARE &&
            usual_share(t, piece, copies) < ECHO_SHARE);
}

/*
 * The user's own voice in the far end, by monitoring, crosstalk or a program that plays it back,
 * correlates like an echo that comes sooner than the echo, whenever it is the user who talks. But
 * it is much louder in the microphone than an echo of it, or a copy as no echo is. Whether a piece
 * is that: it lies between two of one longer lag, or beside one of an echo that comes after the far
 * end, which this one does not.
 */
static bool is_own_voice(const struct track *t, const struct track_piece *piece,
                         const struct copies *copies)
{
    const struct track_piece *const before = piece > t->pieces ? piece - 1 : NULL;
    const struct track_piece *const after =
        piece + 1 < t->pieces + t->piece_count ? piece + 1 : NULL;
    if (before && after && same_lag(t, before, after))
        return is_echo_beside(t, before, piece, copies);
    if (lag_of(t, piece) > OWN_VOICE_S)
        return false;
    return (before && lag_of(t, before) > OWN_VOICE_S &&
            is_echo_beside(t, before, piece, copies)) ||
           (after && lag_of(t, after) > OWN_VOICE_S && is_echo_beside(t, after, piece, copies));
}

/* Together with those of the same lag. Marks them by a count of 0. */
static void mark_own_voice(struct track *t, const struct copies *copies)
{
    for (size_t i = 0; i < t->piece_count; i++) {
        if (!is_own_voice(t, &t->pieces[i], copies))
            continue;
        for (size_t k = 0; k < t->piece_count; k++)
            if (k != i && same_lag(t, &t->pieces[i], &t->pieces[k]))
                t->pieces[k].count = 0;
        t->pieces[i].count = 0;
        t->own_voice = true;
    }
}

/* Keep the points of certain pieces. */
static void drop_uncertain(struct track *t, size_t least)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->piece_count; i++) {
        const struct track_piece *piece = &t->pieces[i];
        if (!is_certain(t, piece, least))
            continue;
        memmove(t->points + kept, t->points + piece->first, piece->count * sizeof(*t->points));
        kept += piece->count;
    }
    t->point_count = kept;
}

bool pieces_make(struct track *t, const struct copies *copies, size_t least)
{
    t->pieces = malloc((t->point_count + 1) * sizeof(*t->pieces));
    if (!t->pieces)
        return false;
    split(t);
    drop_uncertain(t, least);
    /* Those on either side of one that was dropped may be one. */
    split(t);
    mark_own_voice(t, copies);
    drop_uncertain(t, least);
    split(t);
    return true;
}
