#include "scene.h"

#include "check.h"
#include "transforms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

scene new_scene(size_t count)
{
    const size_t n = count / UNECHO_HOP * UNECHO_HOP;
    scene s = {.count = n};
    float **const all[] = {&s.far, &s.echo, &s.near, &s.noise, &s.mic, &s.error, &s.estimate};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        *all[i] = new_signal(n).samples;
    return s;
}

scene scene_of(signal_ mic, signal_ far, signal_ near)
{
    scene s = new_scene(mic.count);
    assert_true(far.count >= s.count && (near.count >= s.count || !near.samples));
    memcpy(s.mic, mic.samples, s.count * sizeof *s.mic);
    memcpy(s.far, far.samples, s.count * sizeof *s.far);
    if (near.samples)
        memcpy(s.near, near.samples, s.count * sizeof *s.near);
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    return s;
}

void free_scene(scene *s)
{
    float *const all[] = {s->far, s->echo, s->near, s->noise, s->mic, s->error, s->estimate};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

void mix(scene *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->mic[i] = s->echo[i] + s->near[i] + s->noise[i];
}

/* Where each talker speaks in the sample, in seconds: samples/meeting.json. */
static void speech(float *x, size_t count, const char *name, const double parts[2][2])
{
    signal_ s = read_sample(name);
    for (size_t done = 0, part = 0; done < count; part = 1 - part) {
        const size_t from = (size_t)(parts[part][0] * (double)RATE);
        size_t n = (size_t)(parts[part][1] * (double)RATE) - from;
        n = n < count - done ? n : count - done;
        memcpy(x + done, s.samples + from, n * sizeof *x);
        done += n;
    }
    free(s.samples);
}

void far_speech(float *x, size_t count)
{
    static const double parts[2][2] = {{0.6, 8.942}, {16.944, 24.204}};
    speech(x, count, "far", parts);
}

void near_speech(float *x, size_t count)
{
    static const double parts[2][2] = {{9.842, 16.044}, {17.3, 24.204}};
    speech(x, count, "near", parts);
}

void white_noise(float *x, size_t count, float amplitude, uint32_t seed)
{
    for (size_t i = 0; i < count; i++)
        x[i] = amplitude * random_float(&seed);
}

signal_ room(double t60, uint32_t seed)
{
    enum { DIRECT = 48 };
    signal_ h = new_signal((size_t)(t60 * (double)RATE));
    double energy = 0.0;
    for (size_t i = DIRECT + 1; i < h.count; i++) {
        h.samples[i] = random_float(&seed) * (float)pow(10.0, -3.0 * (double)i / (double)h.count);
        energy += (double)h.samples[i] * (double)h.samples[i];
    }
    h.samples[DIRECT] = (float)sqrt(2.0 * energy);
    const float scale = (float)(0.5 / sqrt(3.0 * energy));
    for (size_t i = 0; i < h.count; i++)
        h.samples[i] *= scale;
    return h;
}

void add_echo(scene *s, const signal_ *response, size_t from, size_t to)
{
    add_filtered(s->echo, s->far, response, from, to);
}

signal_ room_echo(const signal_ *x, double t60, float gain, size_t direct, uint32_t seed)
{
    signal_ h = new_signal(direct + (size_t)(t60 * (double)RATE * 0.7));
    double energy = 0.0;
    for (size_t i = direct; i < h.count; i++) {
        const size_t after = i - direct;
        const double decay = pow(10.0, -3.0 * (double)after / (t60 * (double)RATE));
        h.samples[i] = (float)(decay * (after == 0 ? 1.0 : 0.18 * (double)random_float(&seed)));
        energy += (double)h.samples[i] * (double)h.samples[i];
    }
    const float scale = gain / (float)sqrt(energy);
    for (size_t i = direct; i < h.count; i++)
        h.samples[i] *= scale;
    signal_ y = filtered(x, &h);
    free(h.samples);
    return y;
}

signal_ music(size_t count, float amplitude, uint32_t seed)
{
    enum { VOICES = 4, BEAT = RATE };
    signal_ y = new_signal(count);
    for (size_t start = 0; start < count; start += BEAT)
        for (int voice = 0; voice < VOICES; voice++) {
            const double note = 110.0 * pow(2.0, (double)(random_bits(&seed) % 36) / 12.0);
            for (size_t i = 0; i < 3 * BEAT && start + i < count; i++) {
                const double t = (double)i / (double)RATE;
                double tone = 0.0;
                for (int partial = 1; partial <= 6 && note * partial < 7000.0; partial++)
                    tone += sin(2.0 * 3.14159265358979323846 * note * partial * t) / partial;
                y.samples[start + i] += amplitude / (float)VOICES *
                                        (float)(tone * exp(-2.0 * t) * fmin(1.0, 200.0 * t));
            }
        }
    return y;
}

double energy_of(const float *x, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t i = from; i < to; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

void add_noise(scene *s, double snr_db, uint32_t seed)
{
    /* Uniform noise of amplitude 1 has the power 1/3. */
    const double power = energy_of(s->echo, 0, s->count) / (double)s->count;
    const float amplitude = (float)sqrt(3.0 * power * pow(10.0, -snr_db / 10.0));
    white_noise(s->noise, s->count, amplitude, seed);
}

void add_near(scene *s, double db, size_t from, size_t to)
{
    near_speech(s->near + from, to - from);
    const double ratio = energy_of(s->echo, from, to) / energy_of(s->near, from, to);
    const float scale = (float)sqrt(ratio * pow(10.0, db / 10.0));
    for (size_t i = from; i < to; i++)
        s->near[i] *= scale;
}

static scene new_call(size_t seconds, int with_speech, uint32_t seed)
{
    scene s = new_scene(seconds * RATE);
    if (with_speech)
        far_speech(s.far, s.count);
    else
        white_noise(s.far, s.count, 0.2f, seed);
    return s;
}

scene single_talk(const signal_ *response, int with_speech, uint32_t seed)
{
    scene s = new_call(4, with_speech, seed + 66);
    add_echo(&s, response, 0, s.count);
    add_noise(&s, 30.0, seed);
    mix(&s);
    return s;
}

scene double_talk_at_0_db(const signal_ *response, int with_speech, uint32_t seed)
{
    scene s = new_call(8, with_speech, seed + 66);
    add_echo(&s, response, 0, s.count);
    add_noise(&s, 30.0, seed);
    add_near(&s, 0.0, 5 * RATE, s.count);
    mix(&s);
    return s;
}

scene changed_room(const signal_ *first, const signal_ *second, uint32_t seed)
{
    scene s = new_call(7, 1, seed);
    add_echo(&s, first, 0, 4 * RATE);
    add_echo(&s, second, 4 * RATE, s.count);
    add_noise(&s, 30.0, seed);
    mix(&s);
    return s;
}

static double ratio_db(double a, double b)
{
    return 10.0 * log10(a / b);
}

double erle_db(const scene *s, double from, double to)
{
    const size_t a = (size_t)(from * (double)RATE), b = (size_t)(to * (double)RATE);
    assert_true(b <= s->count);
    return ratio_db(energy_of(s->mic, a, b), energy_of(s->error, a, b));
}

double echo_reduction_db(const scene *s, double from, double to)
{
    const size_t a = (size_t)(from * (double)RATE), b = (size_t)(to * (double)RATE);
    assert_true(b <= s->count);
    double left = 0.0;
    for (size_t i = a; i < b; i++) {
        const double d = (double)s->echo[i] - (double)s->estimate[i];
        left += d * d;
    }
    return ratio_db(energy_of(s->echo, a, b), left);
}

static double power(const float *x, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum / (double)n;
}

double active_erle_db(const float *mic, const float *far, const float *out, size_t from, size_t to)
{
    double before = 0.0, after = 0.0;
    for (size_t i = from; i + 128 <= to; i += 128)
        if (power(far + i, 128) > 1e-5) {
            before += power(mic + i, 128);
            after += power(out + i, 128);
        }
    return before > 0.0 ? fmin(40.0, 10.0 * log10(before / (after + 1e-20))) : 0.0;
}

double segmental_snr_db(const float *near, const float *out, size_t from, size_t to)
{
    double sum = 0.0;
    size_t frames = 0;
    for (size_t i = from; i + 512 <= to; i += 512) {
        float rest[512];
        const double speech = power(near + i, 512);
        if (speech < 1e-5)
            continue;
        for (size_t j = 0; j < 512; j++)
            rest[j] = out[i + j] - near[i + j];
        sum += fmax(-10.0, fmin(35.0, 10.0 * log10(speech / (power(rest, 512) + 1e-20))));
        frames++;
    }
    return frames > 0 ? sum / (double)frames : 0.0;
}
