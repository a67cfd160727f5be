#include "scenes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

void free_scene(scene *s)
{
    free(s->mic.samples);
    free(s->far.samples);
    free(s->near.samples);
    *s = (scene){0};
}

static signal_ silence(size_t count)
{
    return (signal_){calloc(count + 1, sizeof(float)), count};
}

signal_ copy_of(const signal_ *x)
{
    return delayed(x, 0);
}

signal_ repeated(const signal_ *x, size_t count)
{
    signal_ y = silence(count);
    for (size_t i = 0; i < count; i++)
        y.samples[i] = x->samples[i % x->count];
    return y;
}

signal_ delayed(const signal_ *x, long delay)
{
    signal_ y = silence(x->count);
    for (long i = 0; i < (long)x->count; i++)
        if (i - delay >= 0 && i - delay < (long)x->count)
            y.samples[i] = x->samples[i - delay];
    return y;
}

/* x between its samples: 64 of them under a Hann window. */
static float between(const signal_ *x, double position)
{
    enum { HALF = 32 };
    const long whole = (long)floor(position);
    const double part = position - (double)whole;
    if (part == 0.0)
        return whole < (long)x->count ? x->samples[whole] : 0.0f;
    double sum = 0.0;
    const double sine = sin(pi * part);
    for (long i = -HALF + 1; i <= HALF; i++) {
        if (whole + i < 0 || whole + i >= (long)x->count)
            continue;
        const double t = (double)i - part;
        const double wave = (i % 2 ? 1.0 : -1.0) * sine / (pi * t);
        sum += wave * (0.5 + 0.5 * cos(pi * t / HALF)) * (double)x->samples[whole + i];
    }
    return (float)sum;
}

signal_ recorded_by(const signal_ *x, double ppm)
{
    signal_ y = silence(x->count);
    for (size_t i = 0; i < y.count; i++)
        y.samples[i] = between(x, (double)i / (1.0 + 1e-6 * ppm));
    return y;
}

void add_to(signal_ *x, const signal_ *y, float gain)
{
    for (size_t i = 0; i < x->count && i < y->count; i++)
        x->samples[i] += gain * y->samples[i];
}

void add_noise(signal_ *x, float amplitude, uint32_t seed)
{
    for (size_t i = 0; i < x->count; i++)
        x->samples[i] += amplitude * random_float(&seed);
}

signal_ room_echo(const signal_ *x, double t60, float gain, size_t direct, uint32_t seed)
{
    const size_t length = (size_t)(t60 * 16000.0 * 0.7);
    float *const response = calloc(direct + length, sizeof *response);
    double energy = 0.0;
    for (size_t i = 0; i < length; i++) {
        const double decay = pow(10.0, -3.0 * (double)i / (t60 * 16000.0));
        response[direct + i] = (float)(decay * (i == 0 ? 1.0 : 0.18 * (double)random_float(&seed)));
        energy += (double)response[direct + i] * (double)response[direct + i];
    }
    const float scale = gain / (float)sqrt(energy);
    signal_ y = silence(x->count);
    for (size_t k = direct; k < direct + length; k++) {
        const float weight = scale * response[k];
        for (size_t i = k; i < y.count; i++)
            y.samples[i] += weight * x->samples[i - k];
    }
    free(response);
    return y;
}

signal_ music(size_t count, float amplitude, uint32_t seed)
{
    enum { VOICES = 4, BEAT = 16000 };
    signal_ y = silence(count);
    for (size_t start = 0; start < count; start += BEAT)
        for (int voice = 0; voice < VOICES; voice++) {
            const double note = 110.0 * pow(2.0, (double)(random_bits(&seed) % 36) / 12.0);
            for (size_t i = 0; i < 3 * BEAT && start + i < count; i++) {
                const double t = (double)i / 16000.0;
                double tone = 0.0;
                for (int partial = 1; partial <= 6 && note * partial < 7000.0; partial++)
                    tone += sin(2.0 * pi * note * partial * t) / partial;
                y.samples[start + i] +=
                    amplitude / VOICES * (float)(tone * exp(-2.0 * t) * fmin(1.0, 200.0 * t));
            }
        }
    return y;
}

static double power(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)n;
}

double erle_between(const signal_ *mic, const signal_ *far, const float *out, size_t from,
                    size_t to)
{
    double before = 0.0, after = 0.0;
    for (size_t i = from; i + 128 <= to; i += 128)
        if (power(far->samples + i, 128) > 1e-5) {
            before += power(mic->samples + i, 128);
            after += power(out + i, 128);
        }
    return before > 0.0 ? fmin(40.0, 10.0 * log10(before / (after + 1e-20))) : 0.0;
}

double segmental_snr(const signal_ *near, const float *out, size_t from, size_t to)
{
    double sum = 0.0;
    size_t frames = 0;
    for (size_t i = from; i + 512 <= to; i += 512) {
        float rest[512];
        const double speech = power(near->samples + i, 512);
        if (speech < 1e-5)
            continue;
        for (size_t j = 0; j < 512; j++)
            rest[j] = out[i + j] - near->samples[i + j];
        sum += fmax(-10.0, fmin(35.0, 10.0 * log10(speech / (power(rest, 512) + 1e-20))));
        frames++;
    }
    return frames > 0 ? sum / (double)frames : 0.0;
}
