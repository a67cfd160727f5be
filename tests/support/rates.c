#include "rates.h"

#include "check.h"

#include <math.h>
#include <soxr.h>
#include <stdlib.h>
#include <string.h>

const part far_alone = {0.6, 8.942}, near_alone = {9.842, 16.044}, both_talk = {16.944, 24.204};

signal_ resampled(const signal_ *x, int from, int to)
{
    const size_t count = (x->count * (size_t)to + (size_t)from - 1) / (size_t)from;
    signal_ y = {calloc(count + 1, sizeof(float)), count};
    if (from == to) {
        memcpy(y.samples, x->samples, count * sizeof(float));
        return y;
    }
    const soxr_quality_spec_t best = soxr_quality_spec(SOXR_VHQ | SOXR_STEEP_FILTER, 0);
    size_t done = 0;
    assert_null(soxr_oneshot(from, to, 1, x->samples, x->count, NULL, y.samples, count, &done, NULL,
                             &best, NULL));
    assert_true(done + 1 >= count); /* rounds down */
    return y;
}

signal_ with_air(const signal_ *x, float air)
{
    /* The second difference is strongest below 8 kHz, and its first image just above. */
    const signal_ bright = {calloc(x->count, sizeof(float)), x->count};
    for (size_t i = 2; i < x->count; i++)
        bright.samples[i] = x->samples[i] - 2.0f * x->samples[i - 1] + x->samples[i - 2];
    const signal_ smooth = resampled(&bright, 16000, 48000);
    signal_ y = resampled(x, 16000, 48000);
    for (size_t i = 0; i < y.count; i++) {
        const float images = (i % 3 == 0 ? 3.0f * bright.samples[i / 3] : 0.0f) - smooth.samples[i];
        y.samples[i] += air * images;
    }
    free(bright.samples);
    free(smooth.samples);
    return y;
}

signal_ upper_band(const signal_ *x)
{
    const signal_ narrow = resampled(x, 48000, 16000);
    signal_ rest = resampled(&narrow, 16000, 48000);
    for (size_t i = 0; i < x->count; i++)
        rest.samples[i] = x->samples[i] - rest.samples[i];
    rest.count = x->count;
    free(narrow.samples);
    return rest;
}

double part_db(const signal_ *x, int rate, part p)
{
    const size_t from = (size_t)(p.from * rate), to = (size_t)(p.to * rate);
    assert_true(to <= x->count);
    return power_db(x->samples + from, to - from);
}

double part_erle_db(const signal_ *mic, const signal_ *out, int rate, part p)
{
    return fmin(part_db(mic, rate, p) - part_db(out, rate, p), 40.0);
}

/* Shared, so that opening a stream takes no time. */
static unecho_model *shared_model(void)
{
    static unecho_model *model;
    if (!model)
        assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    return model;
}

unecho *open_with(const unecho_config *config)
{
    char message[UNECHO_MESSAGE_SIZE] = "";
    unecho_config copy = *config;
    copy.message = message;
    copy.message_size = sizeof message;
    if (!copy.model)
        copy.model = shared_model();
    unecho *stream = NULL;
    if (unecho_open(&stream, &copy) < 0)
        fail_msg("no stream: %s", message);
    return stream;
}

unecho_stats stats_of(const unecho *stream)
{
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    return stats;
}

signal_ whole(const unecho_config *config, const signal_ *mic, const signal_ *far)
{
    signal_ out = {malloc((mic->count + 1) * sizeof(float)), mic->count};
    unecho *stream = open_with(config);
    assert_int_equal(unecho_process_whole(stream, mic->samples, mic->count, far->samples,
                                          far->count, out.samples, 0),
                     UNECHO_OK);
    unecho_close(&stream);
    return out;
}
