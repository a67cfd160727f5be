#include "bands.h"

#include <string.h>

enum { LAST_BIN = FFT_BINS - 1 };

/* The centres of the bands, in bins. */
static void place_centres(double *centres)
{
    enum { SINGLE = 40 }; /* up to this bin every bin is a centre */
    for (size_t b = 0; b <= SINGLE; b++)
        centres[b] = (double)b;
    for (size_t b = SINGLE + 1; b < POSTFILTER_BANDS; b++) {
        const double step = 0.12 * centres[b - 1] - 3.8;
        centres[b] = centres[b - 1] + (step > 1.0 ? step : 1.0);
    }
    const double stretch = (LAST_BIN - SINGLE) / (centres[POSTFILTER_BANDS - 1] - SINGLE);
    for (size_t b = SINGLE + 1; b < POSTFILTER_BANDS; b++)
        centres[b] = SINGLE + (centres[b] - SINGLE) * stretch;
    centres[POSTFILTER_BANDS - 1] = LAST_BIN;
}

void bands_init(bands *b)
{
    double centres[POSTFILTER_BANDS], counts[POSTFILTER_BANDS] = {0.0}, share[FFT_BINS];
    size_t band_of[FFT_BINS];
    place_centres(centres);
    for (size_t k = 0, at = 0; k < FFT_BINS; k++) {
        while (at + 2 < POSTFILTER_BANDS && centres[at + 1] <= (double)k)
            b->first[++at] = k;
        band_of[k] = at;
        share[k] = ((double)k - centres[at]) / (centres[at + 1] - centres[at]);
        counts[at] += 1.0 - share[k];
        counts[at + 1] += share[k];
    }
    b->first[0] = 0;
    b->first[POSTFILTER_BANDS - 1] = FFT_BINS;
    for (size_t k = 0; k < FFT_BINS; k++) {
        b->share[k] = (float)share[k];
        b->weight[k] = (float)((1.0 - share[k]) / counts[band_of[k]]);
        b->next_weight[k] = (float)(share[k] / counts[band_of[k] + 1]);
    }
}

/* Processes all rows in parallel, as the sums of a single row depend on each other. */
void bands_mean(const bands *b, float *y, const float *x, size_t stride)
{
    float sums[BANDS_ROWS] = {0.0f};
    for (size_t band = 0; band + 1 < POSTFILTER_BANDS; band++) {
        float next[BANDS_ROWS] = {0.0f};
        for (size_t k = b->first[band]; k < b->first[band + 1]; k++)
            for (size_t r = 0; r < BANDS_ROWS; r++) {
                sums[r] += b->weight[k] * x[r * stride + k];
                next[r] += b->next_weight[k] * x[r * stride + k];
            }
        for (size_t r = 0; r < BANDS_ROWS; r++)
            y[r * POSTFILTER_BANDS + band] = sums[r];
        memcpy(sums, next, sizeof sums);
    }
    for (size_t r = 0; r < BANDS_ROWS; r++)
        y[r * POSTFILTER_BANDS + POSTFILTER_BANDS - 1] = sums[r];
}

void bands_interpolate(const bands *b, float *y, const float *x)
{
    for (size_t band = 0; band + 1 < POSTFILTER_BANDS; band++)
        for (size_t k = b->first[band]; k < b->first[band + 1]; k++)
            y[k] = x[band] + b->share[k] * (x[band + 1] - x[band]);
}
