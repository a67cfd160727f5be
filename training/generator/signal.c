#include "signal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

float from_db(float db)
{
    return powf(10.0f, db / 20.0f);
}

float rms(const float *x)
{
    double sum = 0.0;
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        sum += (double)x[i] * (double)x[i];
    return (float)sqrt(sum / SCENE_BLOCK) + 1e-9f;
}

static int louder(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

float active_rms(const float *x)
{
    enum { FRAME = 320, FRAMES = SCENE_BLOCK / FRAME };
    float energy[FRAMES];
    for (size_t f = 0; f < FRAMES; f++) {
        float sum = 0.0f;
        for (size_t i = 0; i < FRAME; i++)
            sum += x[f * FRAME + i] * x[f * FRAME + i];
        energy[f] = sum / FRAME;
    }
    qsort(energy, FRAMES, sizeof *energy, louder);
    double sum = 0.0;
    for (size_t f = 0; f < FRAMES / 2; f++)
        sum += (double)energy[f];
    return (float)sqrt(sum / (FRAMES / 2)) + 1e-6f;
}

void scale(float *x, float factor)
{
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        x[i] *= factor;
}

float peak(const float *x)
{
    float most = 0.0f;
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        most = fmaxf(most, fabsf(x[i]));
    return most;
}

void spectrum_of(real_fft *f, spectrum *s, const float *x, size_t n)
{
    static float block[SCENE_BLOCK];
    memcpy(block, x, n * sizeof *x);
    memset(block + n, 0, (SCENE_BLOCK - n) * sizeof *x);
    real_fft_forward(f, s->re, s->im, block);
}

void spectrum_signal(real_fft *f, const spectrum *s, float *x)
{
    real_fft_inverse(f, x, s->re, s->im);
    scale(x, 1.0f / SCENE_BLOCK);
}

void spectrum_filter(spectrum *s, const spectrum *by)
{
    for (size_t k = 0; k < SCENE_BINS; k++) {
        const float re = s->re[k] * by->re[k] - s->im[k] * by->im[k];
        s->im[k] = s->re[k] * by->im[k] + s->im[k] * by->re[k];
        s->re[k] = re;
    }
}

void spectrum_shape(spectrum *s, const float *magnitude)
{
    for (size_t k = 0; k < SCENE_BINS; k++) {
        s->re[k] *= magnitude[k];
        s->im[k] *= magnitude[k];
    }
}

static float hz_of(size_t bin)
{
    return (float)bin * (8000.0f / (SCENE_BINS - 1));
}

void shape_flat(float *m)
{
    for (size_t k = 0; k < SCENE_BINS; k++)
        m[k] = 1.0f;
}

void shape_high_pass(float *m, float hz)
{
    for (size_t k = 0; k < SCENE_BINS; k++) {
        const float x = hz_of(k) / hz, x2 = x * x;
        m[k] *= x2 / (1.0f + x2);
    }
}

void shape_low_pass(float *m, float hz)
{
    for (size_t k = 0; k < SCENE_BINS; k++)
        m[k] *= fminf(fmaxf((hz + 150.0f - hz_of(k)) / 300.0f, 0.001f), 1.0f);
}

void shape_fall(float *m, float hz, float slope)
{
    for (size_t k = 0; k < SCENE_BINS; k++) {
        const float x = hz_of(k) / hz;
        m[k] *= powf(1.0f + x * x, -0.5f * slope);
    }
}

void shape_random(float *m, chance *random, float deviation_db)
{
    enum { POINTS = 9 };
    float db[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        db[i] = fminf(fmaxf(chance_normal(random) * deviation_db, -15.0f), 10.0f);
    for (size_t k = 0; k < SCENE_BINS; k++) {
        const float at = hz_of(k) / 1000.0f;
        const size_t i = at >= POINTS - 1 ? POINTS - 2 : (size_t)at;
        m[k] *= exp2f((db[i] + (db[i + 1] - db[i]) * (at - (float)i)) * 0.16609640f);
    }
}
