#include "tune.h"

#include <math.h>
#include <string.h>

static const float rate = 16000.0f, turn = 6.2831853f;

void tune_sing(float *x, chance song, chance *r)
{
    enum { HARMONICS = 16 };
    chance *const notes = &song;
    const float lowest = chance_between(notes, 90, 400), pauses = chance_between(notes, 0, 0.3f);
    const int slow = chance_is(notes, 0.2f), holds = slow && chance_is(notes, 0.25f);
    const size_t harmonics = chance_is(r, 0.2f) ? 1 + chance_below(r, 3) : HARMONICS;
    const float rate_hz = chance_between(r, 4.5f, 6.5f);
    const float depth = chance_is(r, 0.7f) ? chance_between(r, 0.004f, 0.02f) : 0.0f;
    const float falls = chance_between(r, 0.55f, 0.95f);
    float levels[HARMONICS], at[HARMONICS] = {0.0f};
    for (size_t h = 0; h < HARMONICS; h++)
        levels[h] = powf(falls, (float)h) * from_db(chance_between(r, -12, 0));
    for (size_t i = 0; i < SCENE_BLOCK;) {
        const float seconds =
            slow ? chance_between(notes, 1, 8) : chance_between(notes, 0.15f, 1.2f);
        const size_t n = holds ? SCENE_BLOCK : (size_t)(seconds * rate);
        const float hz = lowest * exp2f((float)chance_below(notes, 20) / 12.0f);
        const float level =
            !holds && chance_is(notes, pauses) ? 0.0f : from_db(chance_between(r, -6, 0));
        const float attack = chance_between(r, 0.005f, 0.1f) * rate;
        const float begins = chance_between(r, 0, 6);
        for (size_t k = 0; k < n && i < SCENE_BLOCK; k++, i++) {
            const float at_vibrato = turn * rate_hz / rate * (float)k + begins;
            const float step = turn * hz / rate * (1.0f + depth * sinf(at_vibrato));
            const float envelope = fminf(1.0f, fminf((float)k, (float)(n - k)) / attack);
            float sum = 0.0f;
            for (size_t h = 0; h < harmonics && hz * (float)(h + 1) < 7800.0f; h++) {
                at[h] += step * (float)(h + 1);
                at[h] -= at[h] > turn ? turn : 0.0f;
                sum += levels[h] * sinf(at[h]);
            }
            x[i] = level * envelope * sum;
        }
    }
}

/* One sound of up to two tones that glide from hz to to_hz. */
typedef struct beep {
    float hz[2], to_hz[2];
    float seconds, pause, level;
} beep;

/* What is the same for all sounds of a scene. */
typedef struct beeper {
    enum { WHISTLE, DEVICE, KEYS, BIRDS, BEEPERS } kind;
    float hz, second, seconds, pause;
} beeper;

static beeper draw_beeper(chance *r)
{
    return (beeper){
        .kind = chance_below(r, BEEPERS),
        .hz = 400.0f * exp2f(chance_between(r, 0, 3.3f)),
        .second = chance_is(r, 0.5f) ? 0.0f : chance_between(r, 1.1f, 3.1f),
        .seconds = 0.05f * exp2f(chance_between(r, 0, 4)),
        .pause = 0.05f * exp2f(chance_between(r, 0, 5)),
    };
}

static beep draw_beep(const beeper *b, chance *r)
{
    static const float lows[] = {697, 770, 852, 941}, highs[] = {1209, 1336, 1477, 1633};
    beep one = {.level = from_db(chance_between(r, -6, 0))};
    switch (b->kind) {
    case WHISTLE:
        one.hz[0] = one.to_hz[0] = fminf(b->hz, 2000.0f) * exp2f(chance_between(r, -0.5f, 0.8f));
        if (chance_is(r, 0.4f))
            one.to_hz[0] *= exp2f(chance_between(r, -0.6f, 0.6f));
        one.seconds = chance_between(r, 0.1f, 1.0f);
        one.pause = chance_is(r, 0.6f) ? 0.0f : chance_between(r, 0.02f, 0.8f);
        break;
    case BIRDS:
        one.hz[0] = chance_between(r, 1800, 6500);
        one.to_hz[0] = one.hz[0] * exp2f(chance_between(r, -0.6f, 0.6f));
        one.seconds = chance_between(r, 0.03f, 0.25f);
        one.pause =
            chance_is(r, 0.8f) ? chance_between(r, 0.01f, 0.1f) : chance_between(r, 0.3f, 2);
        break;
    case KEYS:
        one.hz[0] = one.to_hz[0] = lows[chance_below(r, 4)];
        one.hz[1] = one.to_hz[1] = highs[chance_below(r, 4)];
        one.seconds = b->seconds + 0.02f;
        one.pause = b->pause;
        break;
    default:
        one.hz[0] = one.to_hz[0] = b->hz;
        one.hz[1] = one.to_hz[1] = b->hz * b->second;
        one.seconds = b->seconds;
        one.pause = chance_is(r, 0.8f) ? b->pause : chance_between(r, 0.2f, 2);
    }
    return one;
}

void tune_beep(float *x, chance *r)
{
    const float fade = 0.003f * rate;
    const beeper b = draw_beeper(r);
    memset(x, 0, SCENE_BLOCK * sizeof *x);
    for (size_t i = 0; i < SCENE_BLOCK;) {
        const beep one = draw_beep(&b, r);
        const size_t n = (size_t)(one.seconds * rate);
        float at[2] = {0.0f};
        for (size_t k = 0; k < n && i < SCENE_BLOCK; k++, i++) {
            const float gone = (float)k / (float)n;
            const float envelope = fminf(1.0f, fminf((float)k, (float)(n - k)) / fade);
            for (size_t h = 0; h < 2; h++) {
                const float hz = one.hz[h] + gone * (one.to_hz[h] - one.hz[h]);
                at[h] = fmodf(at[h] + turn * hz / rate, turn);
                if (hz < 7800.0f)
                    x[i] += one.level * envelope * sinf(at[h]);
            }
        }
        i += (size_t)(one.pause * rate);
    }
}
