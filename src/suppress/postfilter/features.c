#include "features.h"

#include <string.h>

/* Smoothing factor per hop; a time constant of about 50 ms. */
static const float memory = 0.85f;

/* Range and normalisation of decibels, normalisation of coherences, as in training. */
static const float db_least = -115.0f, db_most = 12.5f, db_centre = -60.0f, db_width = 20.0f;
static const float coherence_centre = 0.3f, coherence_factor = 3.0f;

/* The two signals of each pair. */
static const struct {
    size_t a, b;
} pairs[PAIRS] = {
    {SIGNAL_ERROR, SIGNAL_ECHO}, {SIGNAL_MIC, SIGNAL_ECHO}, {SIGNAL_ERROR, SIGNAL_FAR}};

_Static_assert((int)SIGNALS + (int)PAIRS == (int)BANDS_ROWS, "a row for each");
_Static_assert((int)BANDS_ROWS *(int)POSTFILTER_BANDS == (int)POSTFILTER_FEATURES, "no other rows");

void features_memory_layout(features_memory *m, arena *a)
{
    enum { ROW = TRANSFORM_ROW };
    m->all_count = (SIGNALS + 2 * PAIRS) * ROW;
    m->all = arena_floats(a, m->all_count);
    float *at = m->all;
    for (size_t i = 0; at && i < SIGNALS; i++, at += ROW)
        m->power[i] = at;
    for (size_t i = 0; at && i < PAIRS; i++, at += 2 * ROW)
        m->cross[i] = (bins){at, at + ROW};
}

void features_run(features_memory *m, const kernels *k, const bands *b, float *y, float *power,
                  const bins spectra[SIGNALS], float *rows)
{
    for (size_t i = 0; i < SIGNALS; i++)
        k->smooth_power(m->power[i], rows + i * TRANSFORM_ROW, spectra[i].re, spectra[i].im, memory,
                        FFT_BINS);
    for (size_t i = 0; i < PAIRS; i++) {
        const size_t first = pairs[i].a, second = pairs[i].b;
        const spectrum_pair pair = {
            .a_re = spectra[first].re,
            .a_im = spectra[first].im,
            .b_re = spectra[second].re,
            .b_im = spectra[second].im,
            .a_power = m->power[first],
            .b_power = m->power[second],
            .cross_re = m->cross[i].re,
            .cross_im = m->cross[i].im,
        };
        k->coherence(rows + (SIGNALS + i) * TRANSFORM_ROW, &pair, memory, FFT_BINS);
    }
    bands_mean(b, k, y, rows, TRANSFORM_ROW);
    enum { LEVELS = SIGNALS * POSTFILTER_BANDS };
    memcpy(power, y, LEVELS * sizeof *power);
    k->decibels(y, y, LEVELS);
    for (size_t i = 0; i < LEVELS; i++) {
        const float at_least = y[i] > db_least ? y[i] : db_least;
        y[i] = ((at_least < db_most ? at_least : db_most) - db_centre) / db_width;
    }
    for (size_t i = LEVELS; i < POSTFILTER_FEATURES; i++)
        y[i] = coherence_factor * (y[i] - coherence_centre);
}
