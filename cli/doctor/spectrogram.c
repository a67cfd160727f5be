#include "doctor/spectrogram.h"

#include "dsp/convert.h"
#include "dsp/fft.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

enum { RATE = 16000, SIZE = 512, BINS = SIZE / 2 };

struct work {
    real_fft *fft;
    float window[SIZE], frame[SIZE];
    float re[BINS + 1], im[BINS + 1];
    double bands[SPECTROGRAM_ROWS];
};

static void add_frame(struct work *w, const float *x)
{
    for (size_t i = 0; i < SIZE; i++)
        w->frame[i] = w->window[i] * x[i];
    real_fft_forward(w->fft, w->re, w->im, w->frame);
    for (size_t k = 1; k < BINS; k++) {
        const double re = (double)w->re[k], im = (double)w->im[k];
        w->bands[k * SPECTROGRAM_ROWS / BINS] += re * re + im * im;
    }
}

static unsigned char shade_of(double power)
{
    const double db = 10.0 * log10(power + 1e-20);
    const double step = floor((db - SPECTROGRAM_LOWEST_DB) / SPECTROGRAM_STEP_DB);
    return (unsigned char)fmin(fmax(step, 0.0), SPECTROGRAM_SHADES - 1);
}

static void fill_column(struct work *w, unsigned char *column, const float *x, size_t from,
                        size_t to)
{
    /* With this window, a sine of amplitude 1 has -3 dB in its band. */
    const double scale = 16.0 / 3.0 / SIZE / SIZE;
    size_t frames = 0;
    memset(w->bands, 0, sizeof(w->bands));
    for (size_t at = from; at < to; at += SIZE / 2, frames++)
        add_frame(w, x + at);
    for (size_t row = 0; row < SPECTROGRAM_ROWS; row++)
        column[row] = shade_of(frames ? scale * w->bands[row] / (double)frames : 0.0);
}

bool spectrogram_take(spectrogram cells, const float *samples, size_t n, int rate)
{
    const size_t length = (size_t)((double)n * RATE / rate);
    struct work *w = calloc(1, sizeof(*w));
    /* Followed by silence, as the last frames reach beyond the end. */
    float *x = convert_rate(samples, n, rate, RATE, 0, length + SIZE);
    const bool done = w && x && (w->fft = real_fft_new(SIZE)) != NULL;
    if (done) {
        for (size_t i = 0; i < SIZE; i++)
            w->window[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * (double)i / SIZE));
        for (size_t i = 0; i < SPECTROGRAM_COLUMNS; i++)
            fill_column(w, cells[i], x, i * length / SPECTROGRAM_COLUMNS,
                        (i + 1) * length / SPECTROGRAM_COLUMNS);
    } else {
        report_error("out of memory");
    }
    if (w)
        real_fft_free(w->fft);
    free(w);
    free(x);
    return done;
}
