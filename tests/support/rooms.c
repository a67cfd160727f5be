#include "rooms.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *zeros(size_t count)
{
    float *const x = calloc(count, sizeof *x);
    assert_non_null(x);
    return x;
}

scene new_scene(size_t count)
{
    const size_t n = count / KALMAN_HOP * KALMAN_HOP;
    return (scene){n, zeros(n), zeros(n), zeros(n), zeros(n), zeros(n), zeros(n), zeros(n)};
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

/* Where in the sample someone talks, in seconds: samples/meeting.json. */
static void speech(float *x, size_t count, const char *name, const double parts[2][2])
{
    signal_ s = read_sample(name);
    for (size_t done = 0, part = 0; done < count; part = 1 - part) {
        const size_t from = (size_t)(parts[part][0] * RATE);
        size_t n = (size_t)(parts[part][1] * RATE) - from;
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
    signal_ h = {zeros((size_t)(t60 * RATE)), (size_t)(t60 * RATE)};
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

/* Ten thousand million steps in all: the sanitizers would take a minute over them. */
__attribute__((no_sanitize("address", "undefined"))) void
add_echo(scene *s, const signal_ *response, size_t from, size_t to)
{
    for (size_t k = 0; k < response->count; k++) {
        const float tap = response->samples[k];
        for (size_t i = from > k ? from : k; i < to; i++)
            s->echo[i] += tap * s->far[i - k];
    }
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
    const size_t a = (size_t)(from * RATE), b = (size_t)(to * RATE);
    assert_true(b <= s->count);
    return ratio_db(energy_of(s->mic, a, b), energy_of(s->error, a, b));
}

double echo_reduction_db(const scene *s, double from, double to)
{
    const size_t a = (size_t)(from * RATE), b = (size_t)(to * RATE);
    assert_true(b <= s->count);
    double left = 0.0;
    for (size_t i = a; i < b; i++) {
        const double d = (double)s->echo[i] - (double)s->estimate[i];
        left += d * d;
    }
    return ratio_db(energy_of(s->echo, a, b), left);
}

linear_run open_linear(const kernels *k, size_t count)
{
    linear_run r = {0};
    arena a = {0};
    kalman_layout(&r.c, &a, count);
    a.memory = r.memory = aligned_alloc(ARENA_ALIGNMENT, a.used);
    assert_non_null(r.memory);
    a.used = 0;
    kalman_layout(&r.c, &a, count);
    kalman_start(&r.c, k);
    kalman_reset(&r.c);
    return r;
}

void close_linear(linear_run *r)
{
    free(r->memory);
}

const kernels *fastest(void)
{
    return kernels_at(kernels_choose(UINT32_MAX));
}

void cancel(linear_run *r, scene *s, size_t from, size_t to)
{
    assert_true(from % KALMAN_HOP == 0 && to % KALMAN_HOP == 0 && to <= s->count);
    for (size_t i = from; i < to; i += KALMAN_HOP)
        kalman_run(&r->c, s->mic + i, s->far + i, s->error + i, s->estimate + i);
}

double misalignment_db(const linear_run *r, const signal_ *response)
{
    const partitions *const f = &r->c.filter;
    double wrong = 0.0, all = 0.0;
    for (size_t p = 0; p < f->count; p++) {
        float w[KALMAN_BLOCK];
        r->c.k->fft_inverse(&r->c.fft, w, f->w_re + p * PARTITION_ROW, f->w_im + p * PARTITION_ROW);
        for (size_t i = 0; i < KALMAN_HOP; i++) {
            const size_t tap = p * KALMAN_HOP + i;
            const double h = tap < response->count ? (double)response->samples[tap] : 0.0;
            wrong += (h - (double)w[i]) * (h - (double)w[i]);
            all += h * h;
        }
    }
    return ratio_db(wrong, all);
}

double worst_misalignment_db(linear_run *r, scene *s, const signal_ *response, size_t from)
{
    enum { STEP = RATE / 5 }; /* 25 hops */
    double worst = misalignment_db(r, response);
    for (size_t at = from; at < s->count; at += STEP) {
        cancel(r, s, at, at + STEP);
        worst = fmax(worst, misalignment_db(r, response));
    }
    return worst;
}
