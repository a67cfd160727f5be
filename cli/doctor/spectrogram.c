#include "doctor/spectrogram.h"

#include "dsp/convert.h"
#include "dsp/fft.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

enum { LOWEST_RATE = 16000, HIGHEST_RATE = 48000, LEAST = 512, MOST = 2048 };

struct work {
    real_fft *fft;
    size_t size; /* of a frame */
    float window[MOST], frame[MOST];
    float re[MOST / 2 + 1], im[MOST / 2 + 1];
    double bands[SPECTROGRAM_ROWS];
};

int spectrogram_highest_hz(int rate)
{
    return (rate < LOWEST_RATE ? LOWEST_RATE : rate > HIGHEST_RATE ? HIGHEST_RATE : rate) / 2;
}

static void add_frame(struct work *w, const float *x)
{
    const size_t bins = w->size / 2;
    for (size_t i = 0; i < w->size; i++)
        w->frame[i] = w->window[i] * x[i];
    real_fft_forward(w->fft, w->re, w->im, w->frame);
    for (size_t k = 1; k < bins; k++) {
        const double re = (double)w->re[k], im = (double)w->im[k];
        w->bands[k * SPECTROGRAM_ROWS / bins] += re * re + im * im;
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
    const double scale = 16.0 / 3.0 / (double)w->size / (double)w->size;
    size_t frames = 0;
    memset(w->bands, 0, sizeof(w->bands));
    for (size_t at = from; at < to; at += w->size / 2, frames++)
        add_frame(w, x + at);
    for (size_t row = 0; row < SPECTROGRAM_ROWS; row++)
        column[row] = shade_of(frames ? scale * w->bands[row] / (double)frames : 0.0);
}

/* The power of two from 32 to 64 ms. */
static size_t frame_size(int rate)
{
    size_t size = LEAST;
    while (size < MOST && 1000 * size < 32 * (size_t)rate)
        size *= 2;
    return size;
}

bool spectrogram_take(spectrogram cells, const float *samples, size_t n, int rate)
{
    const int at_rate = 2 * spectrogram_highest_hz(rate);
    const size_t length = (size_t)((double)n * at_rate / rate);
    const size_t size = frame_size(at_rate);
    struct work *w = calloc(1, sizeof(*w));
    /* Followed by silence, as the last frames reach beyond the end. */
    float *x = convert_rate(samples, n, rate, (unsigned)at_rate, 0, length + size);
    const bool done = w && x && (w->fft = real_fft_new(size)) != NULL;
    if (done) {
        w->size = size;
        for (size_t i = 0; i < size; i++)
            w->window[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * (double)i / (double)size));
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
