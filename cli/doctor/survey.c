#include "doctor/survey.h"

#include "report.h"

#include <errno.h>
#include <string.h>

enum { PART = 16384 };

/* What an end is heard by; NULL: not. */
struct listener {
    struct doctor_end *end;
    struct measurement *measurement;
    struct copier *copier;
    bool over;
};

static bool hear_end(struct listener *l)
{
    if (l->measurement && !measurement_end(l->measurement))
        return false;
    if (l->copier && !copier_finish(l->copier))
        return false;
    if (l->end->total == 0)
        l->end->total = l->end->n = l->end->at;
    /* Of a pipe that is known at its end. */
    if (l->end->total == 0) {
        report_error("%s: holds no samples", l->end->name);
        return false;
    }
    l->over = true;
    return true;
}

/* The next part of an end. */
static bool hear_part(struct listener *l, bool *cut)
{
    float samples[PART];
    size_t got;
    if (!doctor_end_read(l->end, samples, PART, &got))
        return false;
    if ((l->measurement && !measurement_hear(l->measurement, samples, got)) ||
        (l->copier && !copier_push(l->copier, samples, got)))
        return false;
    if (l->copier && copier_is_full(l->copier)) {
        report_error("no room for temporary files: %s (TMPDIR names another folder for them)",
                     strerror(errno));
        return false;
    }
    *cut = *cut || (l->end->kept && l->end->at == l->end->most);
    return got == PART || hear_end(l);
}

static bool hear_all(struct listener *mic, struct listener *far, struct doctor_input *input)
{
    while (!(mic->over && far->over))
        if (!(mic->over || hear_part(mic, &input->cut)) ||
            !(far->over || hear_part(far, &input->cut)))
            return false;
    return doctor_input_rewind(input);
}

bool survey_take(struct surveyed *mic, struct surveyed *far, struct doctor_input *input)
{
    struct listener m = {&input->mic, measurement_open(&mic->measures, input->mic.rate),
                         copier_open(&mic->copy, input->mic.rate, 0), false};
    struct listener f = {&input->far, measurement_open(&far->measures, input->far.rate),
                         copier_open(&far->copy, input->far.rate, 0), false};
    const bool done =
        m.measurement && m.copier && f.measurement && f.copier && hear_all(&m, &f, input);
    measurement_close(m.measurement);
    measurement_close(f.measurement);
    copier_close(m.copier);
    copier_close(f.copier);
    return done;
}

void surveyed_close(struct surveyed *surveyed)
{
    measures_free(&surveyed->measures);
    copy_close(&surveyed->copy);
}

bool survey_copy(struct copy *mic, struct copy *far, struct doctor_input *input, double factor)
{
    /* The microphone in any case: both may lie in one file, and be read in step. */
    struct listener m = {.end = &input->mic,
                         .copier = mic ? copier_open(mic, input->mic.rate, 0) : NULL};
    struct listener f = {.end = &input->far,
                         .copier = copier_open(far, input->far.rate * factor, 0)};
    const bool done = f.copier && (m.copier || !mic) && hear_all(&m, &f, input);
    copier_close(m.copier);
    copier_close(f.copier);
    return done;
}
