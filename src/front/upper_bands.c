#include "upper_bands.h"

#include "dsp/sine.h"

#include <math.h>
#include <string.h>

const double upper_edges[UPPER_BANDS] = {8000.0, 10500.0, 13000.0, 16000.0};
/* Up to where the highest is measured at all rates that have it. */
static const double highest = 22000.0;

double upper_lowest(unsigned mic_rate)
{
    /* Where the resamplers pass half. */
    const unsigned lower = mic_rate < UNECHO_SAMPLE_RATE ? mic_rate : UNECHO_SAMPLE_RATE;
    return 0.46875 * lower;
}

static double lower_edge(double lowest, size_t band)
{
    return band == 0 ? lowest : upper_edges[band];
}

size_t upper_bands_count(unsigned rate, double lowest)
{
    size_t count = 0;
    while (count < UPPER_BANDS && 0.5 * rate > lower_edge(lowest, count))
        count++;
    return count;
}

void upper_meter_layout(upper_meter *m, arena *a, unsigned rate, double lowest)
{
    m->rate = rate;
    m->lowest = lowest;
    m->bands = upper_bands_count(rate, lowest);
    m->length = (size_t)((uint64_t)rate * FFT_SIZE / 48000);
    m->window = arena_floats(a, m->length);
    m->past = arena_floats(a, m->length);
}

static size_t bin_of(const upper_meter *m, double hz)
{
    const double most = 0.5 * m->rate;
    return (size_t)((hz < most ? hz : most) * (double)FFT_SIZE / m->rate);
}

void upper_meter_start(upper_meter *m, const kernels *k, const fft *transform)
{
    m->k = k;
    m->transform = transform;
    for (size_t b = 0; b < m->bands; b++) {
        m->first[b] = bin_of(m, lower_edge(m->lowest, b));
        m->last[b] = bin_of(m, b + 1 < UPPER_BANDS ? upper_edges[b + 1] : highest);
    }
    /* Hann's window, whose mean square is 3/8. */
    const double scale = 1.0 / (0.375 * (double)m->length);
    for (size_t i = 0; i < m->length; i++) {
        const double wave = sine_of_pi(((double)i + 0.5) / (double)m->length);
        m->window[i] = (float)(wave * wave * sqrt(scale));
    }
}

void upper_meter_reset(upper_meter *m)
{
    memset(m->past, 0, m->length * sizeof *m->past);
    m->at = 0;
    m->silent = m->length;
}

void upper_meter_push(upper_meter *m, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        m->silent = x[i] != 0.0f ? 0 : m->silent + 1;
    if (m->silent > m->length)
        m->silent = m->length;
    while (n > 0) {
        const size_t to_end = m->length - m->at, part = n < to_end ? n : to_end;
        memcpy(m->past + m->at, x, part * sizeof *x);
        m->at = m->at + part < m->length ? m->at + part : 0;
        x += part;
        n -= part;
    }
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t less = a < b ? a : b;
    return less < c ? less : c;
}

void upper_meter_add(const upper_meter *m, float *power)
{
    if (m->silent == m->length)
        return;
    /* Folded to the transform's size: every so many-th bin of a longer one. */
    float block[FFT_SIZE] = {0};
    for (size_t done = 0, part; done < m->length; done += part) {
        const size_t from = (m->at + done) % m->length, to = done % FFT_SIZE;
        part = smallest(m->length - done, m->length - from, FFT_SIZE - to);
        for (size_t i = 0; i < part; i++)
            block[to + i] += m->window[done + i] * m->past[from + i];
    }
    enum { ROW = KERNEL_PAD(FFT_BINS) };
    float re[ROW], im[ROW], smooth[ROW] = {0}, bins[ROW];
    m->k->fft_forward(m->transform, re, im, block);
    m->k->smooth_power(smooth, bins, re, im, 0.0f, FFT_BINS);
    for (size_t b = 0; b < m->bands; b++) {
        float sum = 0.0f;
        for (size_t i = m->first[b]; i <= m->last[b]; i++)
            sum += bins[i];
        power[b] += sum / (float)(m->last[b] - m->first[b] + 1);
    }
}
