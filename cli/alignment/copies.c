#include "alignment/copies.h"

#include "alignment/correlator.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <string.h>

/* Of both together 8 MB in memory, two minutes. */
enum { PART = 4096, MOST_IN_MEMORY = 1 << 20 };

typedef bool read_function(ends *pair, float *samples, size_t n, size_t *got);

struct taking {
    struct copier *copier;
    read_function *read;
    bool ended;
};

static bool take_part(struct taking *t, ends *pair)
{
    float samples[PART];
    size_t got;
    if (!t->read(pair, samples, PART, &got) || !copier_push(t->copier, samples, got))
        return false;
    t->ended = got < PART;
    return !t->ended || copier_finish(t->copier);
}

static bool take_both(struct taking *mic, struct taking *far, ends *pair, bool *full)
{
    *full = copier_is_full(mic->copier) || copier_is_full(far->copier);
    while (!*full && !(mic->ended && far->ended)) {
        if (!(mic->ended || take_part(mic, pair)) || !(far->ended || take_part(far, pair)))
            return false;
        *full = copier_is_full(mic->copier) || copier_is_full(far->copier);
        if (interrupted()) {
            report_error("interrupted");
            return false;
        }
    }
    if (*full)
        report_note("no room for temporary files (%s): the recordings are not examined first",
                    strerror(errno));
    return true;
}

/* Of a signal of known length that is not too long; 0: the copy goes to a file. */
static size_t room_for(const audio_reader *file)
{
    const double n =
        (double)audio_reader_length(file) * CORRELATOR_RATE / audio_reader_rate(file) + 1.0;
    return n >= 1.0 && n <= (double)MOST_IN_MEMORY ? (size_t)n : 0;
}

bool copies_take(struct copies *copies, ends *pair)
{
    bool full = false, done;
    *copies = (struct copies){0};
    struct taking mic = {
        copier_open(&copies->mic, ends_mic_rate(pair), room_for(ends_mic_file(pair))),
        ends_read_mic, false};
    struct taking far = {
        copier_open(&copies->far, ends_far_rate(pair), room_for(ends_far_file(pair))),
        ends_read_far, false};
    done = mic.copier && far.copier && take_both(&mic, &far, pair, &full);
    copier_close(mic.copier);
    copier_close(far.copier);
    if (!done || !ends_rewind(pair))
        return false;
    copies->taken = !full;
    copies->same = !full && copies_are_same(&copies->mic, &copies->far);
    return true;
}

void copies_close(struct copies *copies)
{
    copy_close(&copies->mic);
    copy_close(&copies->far);
    *copies = (struct copies){0};
}
