#include "doctor/aim.h"

#include "report.h"

#include <stdlib.h>
#include <string.h>

/* The part begins as early as it may with this share of the sound that the best one has. */
#define ENOUGH 0.9

/* ---- As unecho process takes it ---------------------------------------------------------- */

static bool find_track(struct aim *aim, const struct copies *copies, bool movable)
{
    struct track *const track = &aim->track;
    if (!track_find(track, copies))
        return false;
    if (track->piece_count == 0)
        return true;
    aim->swapped = track->no_echo || track_swapped(track, copies);
    if (!aim->swapped && movable && !far_plan_make(&aim->plan, track, copies))
        return false;
    aim->changes = aim->plan.count;
    aim->plan.count = aim->plan.shifted;
    return true;
}

static bool has_sound(const struct surveyed *end)
{
    return end->measures.peak >= SILENT_PEAK;
}

/* ---- The part with most sound ------------------------------------------------------------ */

static unsigned is_heard(const struct levels *levels, size_t i)
{
    return i < levels->n && levels->db[i] > ACTIVE_DB;
}

/* Moments of a second in which an end is heard, of both. */
static unsigned sound_in(const struct levels *mic, const struct levels *far, size_t second)
{
    unsigned sum = 0;
    for (size_t i = second * LEVELS_PER_S; i < (second + 1) * LEVELS_PER_S; i++)
        sum += is_heard(mic, i) + is_heard(far, i);
    return sum;
}

/* sums [from]: the sound of the part that begins at this second. Returns the most. */
static unsigned add_up(unsigned *sums, size_t parts, const struct levels *mic,
                       const struct levels *far)
{
    unsigned sum = 0, most = 0;
    for (size_t second = 0; second < parts - 1 + DOCTOR_LONGEST_S; second++) {
        sum += sound_in(mic, far, second);
        if (second + 1 < DOCTOR_LONGEST_S)
            continue;
        const size_t from = second + 1 - DOCTOR_LONGEST_S;
        sums[from] = sum;
        most = sum > most ? sum : most;
        sum -= sound_in(mic, far, from);
    }
    return most;
}

static bool choose_part(const struct levels *mic, const struct levels *far, uint64_t *from)
{
    const size_t seconds = (mic->n + LEVELS_PER_S - 1) / LEVELS_PER_S;
    const size_t parts = seconds > DOCTOR_LONGEST_S ? seconds - DOCTOR_LONGEST_S + 1 : 1;
    unsigned *sums = calloc(parts, sizeof(*sums));
    *from = 0;
    if (!sums)
        return report_no_memory();
    const unsigned most = add_up(sums, parts, mic, far);
    while ((double)sums[*from] < ENOUGH * most)
        ++*from;
    free(sums);
    return true;
}

static void cut(struct levels *levels, size_t from)
{
    const size_t first = from < levels->n ? from : levels->n;
    levels->n -= first;
    memmove(levels->db, levels->db + first, levels->n * sizeof(*levels->db));
}

/* ---- Both -------------------------------------------------------------------------------- */

/* Turn the input to the part of ends that the plan has changed. */
static bool turn_to_part(struct aim *aim, const struct surveyed *mic, const struct surveyed *far,
                         struct doctor_input *input)
{
    static const struct far_plan none;
    uint64_t from;
    levels_free(&aim->mic);
    levels_free(&aim->far);
    if (!far_plan_levels(&none, &mic->measures.levels, &aim->mic) ||
        !far_plan_levels(&aim->plan, &far->measures.levels, &aim->far) ||
        !choose_part(&aim->mic, &aim->far, &from) || !doctor_input_examine(input, from, &aim->plan))
        return false;
    cut(&aim->mic, (size_t)from * LEVELS_PER_S);
    cut(&aim->far, (size_t)from * LEVELS_PER_S);
    aim->seconds = (double)input->mic.n / input->mic.rate;
    return true;
}

static bool take_copies(struct surveyed *mic, struct surveyed *far, struct doctor_input *input)
{
    copy_close(&mic->copy);
    copy_close(&far->copy);
    return survey_copy(&mic->copy, &far->copy, input, 1.0);
}

bool aim_take(struct aim *aim, struct surveyed *mic, struct surveyed *far, bool same,
              struct doctor_input *input)
{
    const struct copies copies = {.mic = mic->copy, .far = far->copy, .taken = true};
    if (has_sound(mic) && has_sound(far) && !same && !find_track(aim, &copies, input->movable))
        return false;
    return turn_to_part(aim, mic, far, input) &&
           ((aim->plan.count == 0 && !input->cut) || take_copies(mic, far, input));
}

bool aim_mend(struct aim *aim, struct surveyed *mic, struct surveyed *far,
              struct doctor_input *input, bool *mended)
{
    *mended = aim->changes > aim->plan.count;
    aim->plan.count = aim->changes;
    return !*mended || (turn_to_part(aim, mic, far, input) && take_copies(mic, far, input));
}

void aim_free(struct aim *aim)
{
    track_free(&aim->track);
    far_plan_free(&aim->plan);
    levels_free(&aim->mic);
    levels_free(&aim->far);
}

double aim_moved_ms(const struct aim *aim)
{
    return aim->plan.shifted ? 1e3 * aim->plan.edits[0].silence : 0.0;
}

double aim_lag(const struct aim *aim, const struct doctor_input *input, double seconds)
{
    const double at = (double)input->from + seconds, lag = track_lag(&aim->track, at);
    return lag - far_plan_moved(&aim->plan, at - lag);
}
