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

/* One element of each row; the last is 0. */
typedef float eight_rows __attribute__((vector_size(32)));

/* Processes all rows in parallel, as the sums of a single row depend on each other. */
void bands_mean(const bands *b, float *y, const float *x, size_t stride)
{
    eight_rows upper = {0.0f}; /* what the bins before the centre add to the band */
    for (size_t band = 0; band + 1 < POSTFILTER_BANDS; band++) {
        eight_rows sum = {0.0f}, part = {0.0f};
        for (size_t k = b->first[band]; k < b->first[band + 1]; k++) {
            const float *const v = x + k;
            const eight_rows values = {v[0],          v[stride],     v[2 * stride], v[3 * stride],
                                       v[4 * stride], v[5 * stride], v[6 * stride], 0.0f};
            sum += values;
            part += b->share[k] * values;
        }
        const eight_rows mean = b->scale[band] * (upper + (sum - part));
        for (size_t r = 0; r < BANDS_ROWS; r++)
            y[r * POSTFILTER_BANDS + band] = mean[r];
        upper = part;
    }
    for (size_t r = 0; r < BANDS_ROWS; r++)
        y[(r + 1) * POSTFILTER_BANDS - 1] = b->scale[POSTFILTER_BANDS - 1] * upper[r];
}

void bands_interpolate(const bands *b, float *y, const float *x)
{
    for (size_t band = 0; band + 1 < POSTFILTER_BANDS; band++)
        for (size_t k = b->first[band]; k < b->first[band + 1]; k++)
            y[k] = x[band] + b->share[k] * (x[band + 1] - x[band]);
}
