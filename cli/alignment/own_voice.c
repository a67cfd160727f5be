#include "alignment/own_voice.h"

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
/* The share of the microphone that the far end, delayed by the lag, holds: of a copy at least,
 * while nobody else talks; of an echo, which comes through a loudspeaker and a room, usually at
 * most. */
#define COPY_SHARE 0.8
#define ECHO_SHARE 0.5
/* By how much sooner than an echo the user's voice comes where there is no echo to tell; a far end
 * in which it comes late enough stays as it is, as if there were an echo with this lag. */
#define USUAL_LEAD_S 0.15
#define ECHO_LAG_S   0.03
/* Points of a piece that are looked at for it, the samples of each, and how wrong a lag may be. */
enum { LOOKS = 32, LOOK = 2 * CORRELATOR_RATE, BESIDE = 1 };

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

/* The highest share and the median over a piece; NAN: out of memory. */
struct shares {
    double most, usual;
};

static struct shares shares_of(const struct track *t, const struct track_piece *piece,
                               const struct copies *copies)
{
    float *const room = malloc((2 * LOOK + 2 * BESIDE) * sizeof(*room));
    const size_t n = piece->count < LOOKS ? piece->count : LOOKS;
    double shares[LOOKS];
    if (!room)
        return (struct shares){(double)NAN, (double)NAN};
    for (size_t i = 0; i < n; i++)
        shares[i] = share_at(&t->points[piece->first + i * piece->count / n], copies, room);
    free(room);
    qsort(shares, n, sizeof(*shares), compare_doubles);
    return (struct shares){shares[n - 1], shares[n / 2]};
}

/* Whether a piece has a longer lag than another and a quieter microphone, by OWN_VOICE_DB. */
static bool is_quieter_beside(const struct track *t, const struct track_piece *piece,
                              const struct track_piece *other, const struct copies *copies)
{
    return lag_of(t, piece) > lag_of(t, other) &&
           usual_ratio(t, other, copies) > usual_ratio(t, piece, copies) + OWN_VOICE_DB;
}

/* Whether a piece is so much louder than an echo: between two of one longer lag, or beside one of
 * an echo that comes after the far end, which this one does not. */
static bool is_louder(const struct track *t, const struct track_piece *piece,
                      const struct copies *copies)
{
    const struct track_piece *const before = piece > t->pieces ? piece - 1 : NULL;
    const struct track_piece *const after =
        piece + 1 < t->pieces + t->piece_count ? piece + 1 : NULL;
    if (before && after && same_lag(t, before, after))
        return is_quieter_beside(t, before, piece, copies);
    if (lag_of(t, piece) > OWN_VOICE_S)
        return false;
    return (before && lag_of(t, before) > OWN_VOICE_S &&
            is_quieter_beside(t, before, piece, copies)) ||
           (after && lag_of(t, after) > OWN_VOICE_S && is_quieter_beside(t, after, piece, copies));
}

/* By how much the echo lags more than the user's voice, where two pieces side by side are one and
 * the other; 0: they are not. */
static double lead_between(const struct track *t, const bool *own, size_t i)
{
    const struct track_piece *const piece = &t->pieces[i];
    const struct track_point *const a = &t->points[piece->first + piece->count - 1];
    const struct track_point *const b = &t->points[piece[1].first];
    return own[i] == own[i + 1] ? 0.0 : own[i] ? b->lag - a->lag : a->lag - b->lag;
}

/*
 * By how much, as far as most pieces side by side agree: where samples were lost between them they
 * do not. Among equals the most: the user's voice then comes later, where nothing of it can be
 * predicted. 0: not known.
 */
static double find_lead(const struct track *t, const bool *own)
{
    double lead = 0.0;
    size_t most = 0;
    for (size_t i = 0; i + 1 < t->piece_count; i++) {
        const double here = lead_between(t, own, i);
        size_t count = 0;
        for (size_t k = 0; k + 1 < t->piece_count; k++)
            count += fabs(lead_between(t, own, k) - here) <= POINT_TOLERANCE_S;
        if (here > 0.0 && (count > most || (count == most && here > lead))) {
            most = count;
            lead = here;
        }
    }
    return lead;
}

static double assume_lead(const struct track *t)
{
    double highest = -HUGE_VAL;
    for (size_t i = 0; i < t->point_count; i++)
        highest = fmax(highest, t->points[i].lag);
    return highest < -OWN_VOICE_SOON_S ? ECHO_LAG_S - highest : USUAL_LEAD_S;
}

/* Whether there are copies, and echoes that are none. */
struct kinds {
    bool copy, echo;
};

/* Which pieces are copies. */
static struct kinds find_copies(const struct track *t, const struct copies *copies, bool *is_copy)
{
    struct kinds kinds = {false, false};
    for (size_t i = 0; i < t->piece_count; i++) {
        const struct shares shares = shares_of(t, &t->pieces[i], copies);
        is_copy[i] = shares.most > COPY_SHARE;
        kinds.copy |= is_copy[i];
        kinds.echo |= shares.usual < ECHO_SHARE;
    }
    return kinds;
}

/* Which pieces are the user's voice: copies, where there is an echo that is none, or louder than
 * one, and those of the same lag. own: which are copies, then the result. */
static void find_own(const struct track *t, const struct copies *copies, bool echo, bool *own)
{
    for (size_t i = 0; i < t->piece_count; i++)
        own[i] = (echo && own[i]) || is_louder(t, &t->pieces[i], copies);
    for (size_t i = 0; i < t->piece_count; i++)
        for (size_t k = 0; k < t->piece_count; k++)
            own[i] |= own[k] && same_lag(t, &t->pieces[k], &t->pieces[i]);
}

/* Keep the points of the other pieces, and of these as far as their lead is known. */
static void place(struct track *t, const bool *own, double lead)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->piece_count; i++) {
        const struct track_piece *const piece = &t->pieces[i];
        t->own_voice |= own[i];
        for (size_t k = 0; k < piece->count && (!own[i] || lead > 0.0); k++) {
            struct track_point *const point = &t->points[kept++];
            *point = t->points[piece->first + k];
            point->lead = own[i] ? lead : 0.0;
            point->lag += point->lead;
        }
    }
    t->point_count = kept;
}

bool own_voice_place(struct track *t, const struct copies *copies)
{
    bool *const own = calloc(t->piece_count + 1, sizeof(*own));
    if (!own)
        return false;
    const struct kinds kinds = find_copies(t, copies, own);
    /* With headphones nothing else of the far end is heard. */
    t->no_echo = kinds.copy && track_order(t, copies, 0.0) == ENDS_SWAPPED;
    if (t->no_echo)
        memset(own, true, t->piece_count * sizeof(*own));
    else
        find_own(t, copies, t->piece_count > 1 && kinds.echo, own);
    place(t, own, t->no_echo ? assume_lead(t) : find_lead(t, own));
    free(own);
    return true;
}
