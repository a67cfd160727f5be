#include "acoustics.h"

#include <math.h>
#include <string.h>

static const float rate = 16000.0f, pi = 3.14159265f;

/* Sparse early reflections and an exponential tail whose highs decay faster. */
static void draw_synthetic(float taps[ROOM_TAPS], const material *m, chance *random, float t60_s,
                           float direct_db)
{
    const float *const white = white_cut(m, random, ROOM_TAPS);
    const float decay = expf(-6.908f / (t60_s * rate)), mix = chance_between(random, 0.2f, 0.6f);
    float level = 1.0f, low = 0.0f;
    double energy = 0.0;
    for (size_t i = 0; i < ROOM_TAPS; i++, level *= decay) {
        const float late = fminf((float)i / (0.5f * t60_s * rate), 1.0f);
        low += mix * (white[i] - low);
        float v = i < 32 ? 0.0f : 0.5f * level * (white[i] * (1.0f - late) + 1.6f * low * late);
        if (i >= 8 && i < 640 && chance_is(random, 0.02f))
            v += chance_normal(random) * 3.0f * level;
        taps[i] = v;
        energy += (double)(v * v);
    }
    const float whole = 1.0f / sqrtf(1.0f + from_db(-2.0f * direct_db));
    const float tail = whole * from_db(-direct_db) / (float)sqrt(energy + 1e-12);
    for (size_t i = 0; i < ROOM_TAPS; i++)
        taps[i] *= tail;
    taps[0] += whole;
}

void room_draw(float taps[ROOM_TAPS], const material *m, chance *random, float t60_s,
               float direct_db)
{
    if (!chance_is(random, 0.3f)) {
        draw_synthetic(taps, m, random, t60_s, direct_db);
        return;
    }
    const response *const measured = &m->rooms.all[chance_below(random, m->rooms.count)];
    const size_t n = measured->n < ROOM_TAPS ? measured->n : ROOM_TAPS;
    memset(taps, 0, ROOM_TAPS * sizeof *taps);
    memcpy(taps, measured->x, n * sizeof *taps);
}

void loudspeaker_plain(float *x, chance *random)
{
    enum { LINEAR, CLIP, SATURATE, ONE_SIDED, KINDS };
    const float most = peak(x) + 1e-6f;
    const size_t kind = chance_below(random, KINDS);
    const float clip = chance_between(random, 0.25f, 0.9f), drive = chance_between(random, 1, 6);
    for (size_t i = 0; kind != LINEAR && i < SCENE_BLOCK; i++) {
        const float u = x[i] / most, b = 1.5f * u - 0.3f * u * u;
        const float one_sided = 2.0f / (1.0f + expf(-(b > 0.0f ? 4.0f : 0.5f) * b)) - 1.0f;
        const float y = kind == CLIP       ? fminf(fmaxf(u, -clip), clip)
                        : kind == SATURATE ? tanhf(drive * u) / drive
                                           : one_sided;
        x[i] = y * most;
    }
}

/* A two-pole resonance. */
typedef struct resonance {
    float a1, a2, gain, y1, y2;
} resonance;

static resonance resonance_at(float hz, float radius)
{
    return (resonance){2.0f * radius * cosf(2.0f * pi * hz / rate), -radius * radius, 1.0f - radius,
                       0.0f, 0.0f};
}

static float resonate(resonance *r, float x)
{
    const float y = r->gain * x + r->a1 * r->y1 + r->a2 * r->y2;
    r->y2 = r->y1;
    r->y1 = y;
    return y;
}

static float smoothing(chance *random, float from_s, float to_s)
{
    return expf(-1.0f / (rate * chance_between(random, from_s, to_s)));
}

void loudspeaker_hard(float *x, const material *m, chance *random)
{
    const float most = peak(x) + 1e-6f;
    const int compresses = chance_is(random, 0.5f), rattles = chance_is(random, 0.35f);
    const int saturates = chance_is(random, 0.6f), travels = chance_is(random, 0.4f);
    const int distorts = chance_is(random, 0.4f);
    const float attack = smoothing(random, 0.001f, 0.01f), release = smoothing(random, 0.02f, 0.3f);
    const float ratio = chance_between(random, 0.3f, 0.85f);
    const float threshold = chance_between(random, 0.02f, 0.2f);
    const float drive = expf(chance_between(random, 0.7f, 2.7f));
    const float bias = chance_between(random, -0.3f, 0.3f);
    const float loose = chance_between(random, 0.12f, 1.5f);
    const float travel = chance_between(random, 0.2f, 0.8f);
    const float second = chance_between(random, 0.0f, 0.5f);
    const float third = chance_between(random, 0.0f, 0.5f);
    resonance rattle =
        resonance_at(chance_between(random, 500, 3500), chance_between(random, 0.9f, 0.985f));
    resonance cone =
        resonance_at(chance_between(random, 100, 500), chance_between(random, 0.95f, 0.99f));
    resonance body =
        resonance_at(chance_between(random, 300, 3000), chance_between(random, 0.8f, 0.98f));
    const float *const white = white_cut(m, random, SCENE_BLOCK);
    float envelope = 0.0f, fast = 0.0f;
    for (size_t i = 0; i < SCENE_BLOCK; i++) {
        float u = x[i] / most;
        const float a = fabsf(u);
        if (compresses) {
            const float keep = a > envelope ? attack : release;
            envelope = keep * envelope + (1.0f - keep) * a;
            if (envelope > threshold)
                u *= powf(envelope / threshold, -ratio);
        }
        if (travels) {
            const float p = 2.0f * resonate(&cone, u);
            u *= 1.0f - travel * fminf(p * p, 1.0f);
        }
        if (distorts)
            u += 6.0f * resonate(&body, second * u * u + third * u * u * u);
        if (saturates)
            u = (tanhf(drive * u + bias) - tanhf(bias)) / drive;
        if (rattles) {
            fast = 0.97f * fast + 0.03f * a;
            u += resonate(&rattle, white[i] * fast * loose);
        }
        x[i] = u * most;
    }
}

void delay_by(float *y, const float *x, double delay, double ppm)
{
    for (size_t i = 0; i < SCENE_BLOCK; i++) {
        const double at = (double)i - delay - ppm * 1e-6 * (double)i, whole = floor(at);
        if (whole < 1.0 || whole + 3.0 > SCENE_BLOCK) {
            y[i] = 0.0f;
            continue;
        }
        const float *const p = x + (size_t)whole;
        const float t = (float)(at - whole), a = p[-1], b = p[0], c = p[1], d = p[2];
        const float cubic = 3.0f * (b - c) + d - a;
        y[i] = b + 0.5f * t * (c - a + t * (2.0f * a - 5.0f * b + 4.0f * c - d + t * cubic));
    }
}

void delay_hop(float *y, const float *x, chance *random, float most)
{
    for (size_t at = 0; at < SCENE_BLOCK;) {
        const size_t delay = (size_t)chance_between(random, 0.0f, most);
        size_t end = at + (size_t)chance_between(random, 0.3f * rate, 5.0f * rate);
        end = end < SCENE_BLOCK ? end : SCENE_BLOCK;
        for (; at < end; at++)
            y[at] = at >= delay ? x[at - delay] : 0.0f;
    }
}

void gate_speech(float *x, chance *random, float always, float on)
{
    const float step = 1.0f / 320.0f;
    if (chance_is(random, always))
        return;
    float gain = (float)chance_is(random, on);
    for (size_t at = 0; at < SCENE_BLOCK;) {
        const float to = (float)chance_is(random, on);
        size_t end = at + (size_t)chance_between(random, 0.3f * rate, 2.5f * rate);
        end = end < SCENE_BLOCK ? end : SCENE_BLOCK;
        for (; at < end; at++) {
            x[at] *= gain;
            gain += fminf(fmaxf(to - gain, -step), step);
        }
    }
}
