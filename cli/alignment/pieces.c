#include "alignment/pieces.h"

#include "alignment/own_voice.h"

#include <stdlib.h>
#include <string.h>

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

/* At its edges towards other pieces one begins and ends with what is no chance: how long it lasted
 * is looked up between there and the next one. */
static void trim(struct track *t)
{
    for (size_t i = 0; i < t->piece_count; i++) {
        struct track_piece *const piece = &t->pieces[i];
        while (i > 0 && piece->count > 0 && t->points[piece->first].height < POINT_CHANCE) {
            piece->first++;
            piece->count--;
        }
        while (i + 1 < t->piece_count && piece->count > 0 &&
               t->points[piece->first + piece->count - 1].height < POINT_CHANCE)
            piece->count--;
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
    trim(t);
    drop_uncertain(t, least);
    split(t);
    if (!own_voice_place(t, copies))
        return false;
    split(t);
    drop_uncertain(t, least);
    split(t);
    return true;
}
