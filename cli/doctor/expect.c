#include "doctor/expect.h"

#include "alignment/coherence.h"
#include "dsp/converter.h"
#include "report.h"

#include "unecho.h"

#include <math.h>
#include <stdlib.h>

enum { RATE = UNECHO_SAMPLE_RATE, PART = 4096 };

/* One end at RATE. */
struct feed {
    struct doctor_end *end;
    converter *converter;
    uint64_t silence; /* samples before the first */
    float part[PART];
};

struct expectation {
    struct feed mic, far;
    struct coherence *coherence;
    float *x, *y; /* half a stretch of the far end and of the microphone */
};

static bool feed_read(struct feed *f, float *samples, size_t n)
{
    for (size_t done = 0; done < n;) {
        const size_t ready = converter_pull(f->converter, samples + done, n - done);
        size_t part = PART, got;
        done += ready;
        if (ready > 0)
            continue;
        if (f->silence > 0) {
            part = f->silence < PART ? (size_t)f->silence : PART;
            for (size_t i = 0; i < part; i++)
                f->part[i] = 0.0f;
            f->silence -= part;
        } else if (!doctor_end_read(f->end, f->part, PART, &got)) {
            return false;
        }
        converter_push(f->converter, f->part, part);
    }
    return true;
}

static bool skip(struct feed *f, uint64_t n)
{
    while (n > 0) {
        const size_t part = n < PART ? (size_t)n : PART;
        size_t got;
        if (!doctor_end_read(f->end, f->part, part, &got))
            return false;
        n -= part;
    }
    return true;
}

/* So that far end and echo coincide. */
static bool shift(struct feed *far, const struct delay_line *line, double rate)
{
    const long start = lround(-1e-3 * line->delay_ms * rate);
    if (start >= 0)
        return skip(far, (uint64_t)start);
    far->silence = (uint64_t)-start;
    return true;
}

static bool add_up(struct expectation *e, uint64_t n, double *db)
{
    const size_t half = coherence_half(e->coherence), halves = (size_t)(n / half);
    double before = 0.0, after = 0.0;
    for (size_t i = 0; i < halves; i++) {
        if (!feed_read(&e->mic, e->y, half) || !feed_read(&e->far, e->x, half))
            return false;
        coherence_take(e->coherence, e->x, e->y);
        if (i % 2 == 1)
            coherence_add(e->coherence, &before, &after);
    }
    if (after > 0.0)
        *db = 10.0 * log10(before / after);
    return true;
}

static bool open_feeds(struct expectation *e, struct doctor_input *input, double far_rate)
{
    e->mic.end = &input->mic;
    e->far.end = &input->far;
    e->coherence = coherence_new(RATE);
    e->mic.converter = converter_open(input->mic.rate, RATE, PART);
    e->far.converter = converter_open(far_rate, RATE, PART);
    if (e->coherence)
        e->x = malloc(2 * coherence_half(e->coherence) * sizeof(*e->x));
    if (e->mic.converter && e->far.converter && e->x) {
        e->y = e->x + coherence_half(e->coherence);
        return true;
    }
    return report_no_memory();
}

bool expect_erle(double *db, struct doctor_input *input, const struct delay_line *line,
                 double factor)
{
    struct expectation e = {0};
    const double far_rate = input->far.rate * factor;
    const uint64_t n = (uint64_t)((double)input->mic.n * (double)RATE / input->mic.rate);
    *db = (double)NAN;
    const bool done = open_feeds(&e, input, far_rate * (1.0 + 1e-6 * line->drift_ppm)) &&
                      shift(&e.far, line, far_rate) && add_up(&e, n, db) &&
                      doctor_input_rewind(input);
    coherence_free(e.coherence);
    converter_close(&e.mic.converter);
    converter_close(&e.far.converter);
    free(e.x);
    return done;
}
