#include "doctor/spectrogram.h"

#include "dsp/converter.h"
#include "dsp/fft.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

enum { LOWEST_RATE = 16000, HIGHEST_RATE = 48000, LEAST = 512, MOST = 2048, PART = 4096 };

struct spectrograph {
    spectrogram *cells;
    converter *converter;
    real_fft *fft;
    size_t size;     /* of a frame */
    uint64_t length; /* of the signal, in samples at the rate of the picture */
    size_t column;   /* the next one to be complete */
    uint64_t at;     /* where its next frame begins */
    size_t frames;   /* in it so far */
    double bands[SPECTROGRAM_ROWS];
    float window[MOST], frame[MOST];
    float re[MOST / 2 + 1], im[MOST / 2 + 1];
    float line[MOST + PART]; /* of the signal, count samples from `first` on */
    uint64_t first;
    size_t count;
};

int spectrogram_highest_hz(int rate)
{
    return (rate < LOWEST_RATE ? LOWEST_RATE : rate > HIGHEST_RATE ? HIGHEST_RATE : rate) / 2;
}

static void add_frame(struct spectrograph *s, const float *x)
{
    const size_t bins = s->size / 2;
    for (size_t i = 0; i < s->size; i++)
        s->frame[i] = s->window[i] * x[i];
    real_fft_forward(s->fft, s->re, s->im, s->frame);
    for (size_t k = 1; k < bins; k++) {
        const double re = (double)s->re[k], im = (double)s->im[k];
        s->bands[k * SPECTROGRAM_ROWS / bins] += re * re + im * im;
    }
    s->frames++;
}

static unsigned char shade_of(double power)
{
    const double db = 10.0 * log10(power + 1e-20);
    const double step = floor((db - SPECTROGRAM_LOWEST_DB) / SPECTROGRAM_STEP_DB);
    return (unsigned char)fmin(fmax(step, 0.0), SPECTROGRAM_SHADES - 1);
}

/* The first sample of a column. */
static uint64_t begin_of(const struct spectrograph *s, size_t column)
{
    return column * s->length / SPECTROGRAM_COLUMNS;
}

static void fill_column(struct spectrograph *s)
{
    /* With this window, a sine of amplitude 1 has -3 dB in its band. */
    const double scale = 16.0 / 3.0 / (double)s->size / (double)s->size;
    for (size_t row = 0; row < SPECTROGRAM_ROWS; row++)
        (*s->cells)[s->column][row] =
            shade_of(s->frames ? scale * s->bands[row] / (double)s->frames : 0.0);
    memset(s->bands, 0, sizeof(s->bands));
    s->frames = 0;
    s->at = begin_of(s, ++s->column);
}

/* Whatever lies in the line; what no frame needs any more is dropped. */
static void take_frames(struct spectrograph *s)
{
    while (s->column < SPECTROGRAM_COLUMNS) {
        if (s->at >= begin_of(s, s->column + 1)) {
            fill_column(s);
            continue;
        }
        if (s->at + s->size > s->first + s->count)
            break;
        add_frame(s, s->line + (s->at - s->first));
        s->at += s->size / 2;
    }
    const bool over = s->column == SPECTROGRAM_COLUMNS;
    const size_t gone = over ? s->count : (size_t)(s->at - s->first);
    s->first += gone;
    s->count -= gone;
    memmove(s->line, s->line + gone, s->count * sizeof(*s->line));
}

/* The power of two from 32 to 64 ms. */
static size_t frame_size(int rate)
{
    size_t size = LEAST;
    while (size < MOST && 1000 * size < 32 * (size_t)rate)
        size *= 2;
    return size;
}

struct spectrograph *spectrograph_open(spectrogram *cells, uint64_t n, int rate)
{
    const int at_rate = 2 * spectrogram_highest_hz(rate);
    struct spectrograph *s = calloc(1, sizeof(*s));
    if (s) {
        s->cells = cells;
        s->length = (uint64_t)((double)n * at_rate / rate);
        s->size = frame_size(at_rate);
        s->converter = converter_open(rate, (unsigned)at_rate, PART);
        s->fft = real_fft_new(s->size);
    }
    if (!s || !s->converter || !s->fft) {
        spectrograph_close(s);
        report_no_memory();
        return NULL;
    }
    for (size_t i = 0; i < s->size; i++)
        s->window[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * (double)i / (double)s->size));
    return s;
}

void spectrograph_close(struct spectrograph *s)
{
    if (s) {
        converter_close(&s->converter);
        real_fft_free(s->fft);
    }
    free(s);
}

void spectrograph_hear(struct spectrograph *s, const float *samples, size_t n)
{
    for (size_t at = 0; at < n; at += PART) {
        size_t got;
        converter_push(s->converter, samples + at, n - at < PART ? n - at : PART);
        while ((got = converter_pull(s->converter, s->line + s->count, PART)) > 0) {
            s->count += got;
            take_frames(s);
        }
    }
}

void spectrograph_end(struct spectrograph *s)
{
    static const float silence[PART];
    while (s->column < SPECTROGRAM_COLUMNS)
        spectrograph_hear(s, silence, PART);
}
