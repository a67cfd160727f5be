#include "bands.h"

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
    const double stretch = (LAST_BIN - SINGLE) / (centres[POSTFILTER_BANDS - 1] - (double)SINGLE);
    for (size_t b = SINGLE + 1; b < POSTFILTER_BANDS; b++)
        centres[b] = (double)SINGLE + (centres[b] - (double)SINGLE) * stretch;
    centres[POSTFILTER_BANDS - 1] = LAST_BIN;
}

void bands_init(bands *b)
{
    double centres[POSTFILTER_BANDS], counts[POSTFILTER_BANDS] = {0.0};
    place_centres(centres);
    b->first[0] = 0;
    for (size_t k = 0, at = 0; k < FFT_BINS; k++) {
        while (at + 2 < POSTFILTER_BANDS && centres[at + 1] <= (double)k)
            b->first[++at] = k;
        const double share = ((double)k - centres[at]) / (centres[at + 1] - centres[at]);
        counts[at] += 1.0 - share;
        counts[at + 1] += share;
        b->share[k] = (float)share;
    }
    b->first[POSTFILTER_BANDS - 1] = FFT_BINS;
    for (size_t band = 0; band < POSTFILTER_BANDS; band++)
        b->scale[band] = (float)(1.0 / counts[band]);
}

void bands_mean(const bands *b, const kernels *k, float *y, const float *x, size_t stride)
{
    const triangles t = {POSTFILTER_BANDS, b->first, b->share, b->scale};
    k->triangle_means(&t, y, x, stride, BANDS_ROWS);
}

void bands_interpolate(const bands *b, float *y, const float *x)
{
    for (size_t band = 0; band + 1 < POSTFILTER_BANDS; band++)
        for (size_t k = b->first[band]; k < b->first[band + 1]; k++)
            y[k] = x[band] + b->share[k] * (x[band + 1] - x[band]);
}
