#include "examples.h"

#include "stream/stream.h"
#include "suppress/postfilter/features.h"
#include "suppress/postfilter/postfilter_suppressor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ERROR, TARGET, LINES };

struct examples {
    unecho *stream;
    const kernels *k;
    bands bands;
    transform transform;
    float lines[LINES][TRANSFORM_BLOCK]; /* the last samples of each */
    float spectra[LINES][2][TRANSFORM_ROW];
    float rows[BANDS_ROWS][TRANSFORM_ROW];
    float block[TRANSFORM_BLOCK];
    float heard[POSTFILTER_FEATURES];
};

examples *examples_new(void)
{
    examples *const e = calloc(1, sizeof *e);
    unecho_config config;
    unecho_config_init(&config);
    config.whole_hops = 1;
    config.hops_at_once = 1;
    config.precision = UNECHO_PRECISION_INT8; /* the stream's own output is not used */
    if (!e || unecho_open(&e->stream, &config) < 0)
        return NULL;
    e->k = kernels_at(kernels_choose(UNECHO_CPU_ALL));
    bands_init(&e->bands);
    transform_init(&e->transform);
    postfilter_listen(e->stream->canceller.suppressor, e->heard);
    return e;
}

static bins spectrum_at(examples *e, size_t i)
{
    return (bins){e->spectra[i][0], e->spectra[i][1]};
}

static void take(examples *e, size_t i, const float *hop)
{
    float *const line = e->lines[i];
    memmove(line, line + TRANSFORM_HOP, (TRANSFORM_BLOCK - TRANSFORM_HOP) * sizeof *line);
    memcpy(line + TRANSFORM_BLOCK - TRANSFORM_HOP, hop, TRANSFORM_HOP * sizeof *line);
    transform_forward(&e->transform, e->k, fft_of(FFT_SIZE), spectrum_at(e, i), line, e->block);
}

static unsigned char byte(float v)
{
    const float rounded = floorf(v + 0.5f);
    return rounded < 0.0f ? 0 : rounded > 255.0f ? 255 : (unsigned char)rounded;
}

/* Steps of 0.5 dB from -115 dB; coherences in 255 steps. */
static void write_features(const float *y, unsigned char *to)
{
    enum { LEVELS = SIGNALS * POSTFILTER_BANDS };
    for (size_t i = 0; i < LEVELS; i++)
        to[i] = byte((y[i] * 20.0f - 60.0f + 115.0f) * 2.0f);
    for (size_t i = LEVELS; i < POSTFILTER_FEATURES; i++)
        to[i] = byte((y[i] / 3.0f + 0.3f) * 255.0f);
}

static float power_at(bins s, size_t k)
{
    return s.re[k] * s.re[k] + s.im[k] * s.im[k] + 1e-14f;
}

/*
 * With E the error and S the target, both to the power 0.3, the loss of a gain g^0.3 in a band is
 * A ((g^0.3 - r)^2 + ...): A = mean |E|^.6, r = mean |E|^.3 |S|^.3 (0.7 + 0.3 cos) / A, and
 * s^2 = mean |S|^.6 / A. Written as A in steps of 0.2 dB from -35 dB, and 200 r and 200 s.
 */
static void write_loss(examples *e, float factor, unsigned char *to)
{
    const bins error = spectrum_at(e, ERROR), target = spectrum_at(e, TARGET);
    float means[BANDS_ROWS][POSTFILTER_BANDS];
    for (size_t k = 0; k < FFT_BINS; k++) {
        const float e2 = power_at(error, k), s2 = power_at(target, k);
        const float cross = error.re[k] * target.re[k] + error.im[k] * target.im[k];
        const float cosine = cross / sqrtf(e2 * s2);
        const float e3 = powf(e2 * factor * factor, 0.15f), s3 = powf(s2 * factor * factor, 0.15f);
        e->rows[0][k] = e3 * e3;
        e->rows[1][k] = e3 * s3 * (0.7f + 0.3f * cosine);
        e->rows[2][k] = s3 * s3;
    }
    bands_mean(&e->bands, e->k, means[0], e->rows[0], TRANSFORM_ROW);
    for (size_t b = 0; b < POSTFILTER_BANDS; b++) {
        const float weight = means[0][b] + 1e-9f;
        to[b] = byte((10.0f * log10f(weight) + 35.0f) * 5.0f);
        to[POSTFILTER_BANDS + b] = byte(means[1][b] / weight * 200.0f);
        to[2 * POSTFILTER_BANDS + b] = byte(sqrtf(means[2][b] / weight) * 200.0f);
    }
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* A hop is speech down to 25 dB below the mean of the louder half; short gaps are speech, too. */
static void mark_talk(const float *near, unsigned char *to)
{
    enum { HANGOVER = 12 };
    float energy[EXAMPLE_HOPS], sorted[EXAMPLE_HOPS], active = 0.0f;
    for (size_t t = 0; t < EXAMPLE_HOPS; t++) {
        energy[t] = 0.0f;
        for (size_t i = 0; i < UNECHO_HOP; i++)
            energy[t] += near[t * UNECHO_HOP + i] * near[t * UNECHO_HOP + i] / UNECHO_HOP;
    }
    memcpy(sorted, energy, sizeof sorted);
    qsort(sorted, EXAMPLE_HOPS, sizeof *sorted, compare);
    for (size_t t = EXAMPLE_HOPS / 2; t < EXAMPLE_HOPS; t++)
        active += sorted[t] / (EXAMPLE_HOPS - EXAMPLE_HOPS / 2);
    const float least = fmaxf(active * from_db(-50), 1e-8f);
    for (size_t t = 0, left = 0; t < EXAMPLE_HOPS; t++) {
        left = energy[t] > least ? HANGOVER + 1 : left - (left > 0);
        to[t * EXAMPLE_BYTES + EXAMPLE_TALK] = left > 0;
    }
}

void examples_make(examples *e, const scene *from, unsigned char *to)
{
    const canceller *const c = &e->stream->canceller;
    const float factor = 0.1f / from->audible;
    unecho_reset(e->stream);
    memset(e->lines, 0, sizeof e->lines);
    memset(e->heard, 0, sizeof e->heard);
    mark_talk(from->near + SCENE_LEAD, to);
    for (size_t t = 0; t < EXAMPLE_HOPS; t++, to += EXAMPLE_BYTES) {
        const size_t at = SCENE_LEAD + t * UNECHO_HOP;
        float out[UNECHO_HOP];
        unecho_process(e->stream, from->mic + at, from->far + at, out, UNECHO_HOP);
        take(e, ERROR, c->error + c->past - UNECHO_HOP); /* its last hop */
        take(e, TARGET, from->target + at);
        write_features(e->heard, to);
        write_loss(e, factor, to + BANDS_ROWS * POSTFILTER_BANDS);
    }
}
