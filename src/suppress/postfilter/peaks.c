#include "peaks.h"

#include "dsp/bounds.h"

#include <string.h>

enum { NEAREST = 2, FURTHEST = 5 };
static const float prominence = 10.0f;

/* tones [count]: x [count] where it holds a tone, 0 elsewhere. Reads FURTHEST more values at either
 * end of x. */
static void find(const float *restrict x, float *restrict tones, size_t count)
{
    float below[FFT_BINS], above[FFT_BINS];
    memcpy(below, x, count * sizeof *below);
    memcpy(above, x, count * sizeof *above);
    for (size_t k = NEAREST; k <= FURTHEST; k++)
        for (size_t i = 0; i < count; i++) {
            below[i] = smaller(below[i], (x - k)[i]);
            above[i] = smaller(above[i], x[i + k]);
        }
    for (size_t i = 0; i < count; i++)
        tones[i] = x[i] > prominence * larger(below[i], above[i]) ? x[i] : 0.0f;
}

void peaks_of_bins(const float *power, float *peaks)
{
    float padded[FURTHEST + PEAKS_SINGLE + FURTHEST];
    for (size_t k = 0; k < FURTHEST; k++)
        padded[k] = power[0];
    memcpy(padded + FURTHEST, power, (PEAKS_SINGLE + FURTHEST) * sizeof *padded);
    memset(peaks, 0, POSTFILTER_BANDS * sizeof *peaks);
    find(padded + FURTHEST + PEAKS_FIRST, peaks + PEAKS_FIRST, PEAKS_SINGLE - PEAKS_FIRST);
    for (size_t b = PEAKS_FIRST; b < PEAKS_SINGLE; b++)
        peaks[b] = peaks[b] > 0.0f ? 1.0f : 0.0f;
}

void peaks_of_bands(const bands *b, const float *power, float *shares)
{
    enum { FIRST = PEAKS_SINGLE - 1 };
    float tones[FFT_BINS];
    const size_t start = b->first[FIRST];
    find(power + start, tones, b->first[PEAKS_END] - start);
    memset(shares, 0, POSTFILTER_BANDS * sizeof *shares);
    /* Of the bins between this centre and the next, and between the last and this. */
    float before_of_tones = 0.0f, before_of_all = 1e-20f;
    for (size_t band = FIRST; band < PEAKS_END; band++) {
        float of_tones = 0.0f, of_all = 1e-20f;
        for (size_t k = b->first[band]; k < b->first[band + 1]; k++) {
            of_tones += tones[k - start];
            of_all += power[k];
        }
        if (band >= PEAKS_SINGLE)
            shares[band] = (before_of_tones + of_tones) / (before_of_all + of_all);
        before_of_tones = of_tones;
        before_of_all = of_all;
    }
}
