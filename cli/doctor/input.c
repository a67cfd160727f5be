#include "doctor/input.h"

#include "interrupt.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Samples at a time; the two ends alternate. */
#define PART 65536

typedef bool read_function(ends *pair, float *samples, size_t n, size_t *got);

/* Append the next part of one end. *over: its end or the limit is reached. */
static bool append(struct doctor_end *end, ends *pair, read_function *read, bool *over, bool *cut)
{
    const size_t most = (size_t)DOCTOR_LONGEST_S * (size_t)end->rate;
    const size_t wanted = most - end->n < PART ? most - end->n : PART;
    size_t got = 0;
    float *more;
    if (wanted == 0) {
        *over = *cut = true;
        return true;
    }
    more = realloc(end->samples, (end->n + wanted) * sizeof(*more));
    if (!more) {
        report_error("out of memory");
        return false;
    }
    end->samples = more;
    if (!read(pair, more + end->n, wanted, &got))
        return false;
    for (size_t i = end->n; i < end->n + got; i++)
        if (!isfinite(more[i]))
            more[i] = 0.0f;
    end->n += got;
    *over = got < wanted;
    return true;
}

static void name_end(struct doctor_end *end, const audio_reader *file, const char *role,
                     bool shared)
{
    if (shared)
        snprintf(end->name, sizeof(end->name), "%.200s (%s)", audio_reader_name(file), role);
    else
        snprintf(end->name, sizeof(end->name), "%.250s", audio_reader_name(file));
}

bool doctor_input_read(struct doctor_input *input, const ends_choice *choice)
{
    ends *pair = ends_open(choice);
    bool mic_over = false, far_over = false, done = pair != NULL;
    *input = (struct doctor_input){0};
    if (!pair)
        return false;
    name_end(&input->mic, ends_mic_file(pair), "microphone", ends_share_a_file(pair));
    name_end(&input->far, ends_far_file(pair), "far end", ends_share_a_file(pair));
    input->mic.rate = ends_mic_rate(pair);
    input->far.rate = ends_far_rate(pair);
    while (done && !(mic_over && far_over)) {
        done = (mic_over || append(&input->mic, pair, ends_read_mic, &mic_over, &input->cut)) &&
               (far_over || append(&input->far, pair, ends_read_far, &far_over, &input->cut));
        if (done && interrupted()) {
            report_error("interrupted");
            done = false;
        }
    }
    ends_close(&pair);
    return done;
}

void doctor_input_free(struct doctor_input *input)
{
    free(input->mic.samples);
    free(input->far.samples);
    *input = (struct doctor_input){0};
}
