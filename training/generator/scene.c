#include "scene.h"

#include "device.h"
#include "tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float rate = 16000.0f;
/* How much of the noise the target keeps: -20 dB. */
static const float noise_kept = 0.1f;

struct studio {
    const material *m;
    real_fft *fft;
    device *device;
    chance random;
    scene scene;
    float *echo, *noise, *hum, *drive, *other; /* [SCENE_BLOCK] */
    float *mic_shape, *shape;                  /* [SCENE_BINS] */
    spectrum *a, *b, *response;
    float taps[ROOM_TAPS];
    int near_on, far_on, hard;
    int at_once; /* both talk from the first sample on, the near end louder than the echo */
    int plays;   /* the near end is music */
    int sings;   /* one voice or instrument does */
    chance song; /* its notes */
    int quiet;   /* the room is: a close microphone, or a clean recording */
    float level; /* of the near end while it talks, or what it would be */
    size_t near_at;
};

studio *studio_new(const material *m)
{
    studio *const s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->m = m;
    s->fft = real_fft_new(SCENE_BLOCK);
    float **const signals[] = {&s->scene.mic, &s->scene.far, &s->scene.target, &s->scene.near,
                               &s->echo,      &s->noise,     &s->hum,          &s->drive,
                               &s->other,     &s->mic_shape, &s->shape};
    spectrum **const spectra[] = {&s->a, &s->b, &s->response};
    s->device = device_new();
    int complete = s->fft && s->device;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        complete &= (*signals[i] = calloc(SCENE_BLOCK, sizeof(float))) != NULL;
    for (size_t i = 0; i < sizeof spectra / sizeof *spectra; i++)
        complete &= (*spectra[i] = calloc(1, sizeof(spectrum))) != NULL;
    return complete ? s : NULL;
}

static void clear(float *x)
{
    memset(x, 0, SCENE_BLOCK * sizeof *x);
}

static void draw_kind(studio *s, enum scene_kind kind)
{
    const float at = chance_between(&s->random, 0.0f, 1.0f);
    s->near_on = kind == SCENE_ANY ? at > 0.2f : kind != SCENE_FAR;
    s->far_on = kind == SCENE_ANY ? at < 0.83f : kind != SCENE_NEAR;
    s->hard = chance_is(&s->random, s->near_on ? 0.5f : 0.7f);
    s->quiet = chance_is(&s->random, s->far_on ? 0.2f : 0.35f);
    s->at_once = s->near_on && s->far_on && chance_is(&s->random, 0.25f);
    s->plays = s->near_on && (kind == SCENE_MUSIC || chance_is(&s->random, 0.2f));
    const int extreme = chance_is(&s->random, 0.2f);
    s->level = from_db(extreme ? chance_between(&s->random, -60, -8)
                               : chance_between(&s->random, -38, -14));
}

/* The microphone's own filter, for everything that it hears. */
static void draw_microphone(studio *s)
{
    chance *const r = &s->random;
    shape_flat(s->mic_shape);
    shape_random(s->mic_shape, r, 2.0f);
    if (chance_is(r, 0.5f))
        shape_high_pass(s->mic_shape, chance_between(r, 40, 160));
    if (chance_is(r, 0.06f))
        shape_low_pass(s->mic_shape, 3500);
    else if (chance_is(r, 0.06f))
        shape_low_pass(s->mic_shape, 7000);
}

/* Into a room with the microphone. near is filtered in place; s->a and s->response are lost. */
static void near_in_room(studio *s, float *near)
{
    chance *const r = &s->random;
    spectrum_of(s->fft, s->a, near, SCENE_BLOCK);
    if (!chance_is(r, 0.3f)) {
        const float t60 = chance_between(r, 0.1f, 0.5f);
        room_draw(s->taps, s->m, r, t60, chance_between(r, 0, 18));
        spectrum_of(s->fft, s->response, s->taps, ROOM_TAPS);
        spectrum_filter(s->a, s->response);
    }
    spectrum_shape(s->a, s->mic_shape);
    spectrum_signal(s->fft, s->a, near);
}

/* Someone else in the room, or something that beeps, at another place. */
static void add_talker(studio *s)
{
    chance *const r = &s->random;
    float *const other = s->other, *const near = s->scene.near;
    if (chance_is(r, 0.25f))
        tune_beep(other, r);
    else
        corpus_cut(&s->m->near, r, other, SCENE_BLOCK);
    gate_speech(other, r, 0.2f, 0.5f);
    near_in_room(s, other);
    const float level = s->level * from_db(chance_between(r, -9, 3));
    const float gain = fminf(level / active_rms(other), 100.0f);
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        near[i] += gain * other[i];
}

/* Seconds of far end before the first word. */
static void let_wait(float *near, chance *r)
{
    const float fade = 0.02f * rate;
    const float until = chance_between(r, 3.0f, 12.0f) * rate;
    for (size_t i = 0; i < SCENE_BLOCK && (float)i < until; i++)
        near[i] *= fmaxf(1.0f - (until - (float)i) / fade, 0.0f);
}

static void draw_near(studio *s)
{
    chance *const r = &s->random;
    float *const near = s->scene.near;
    const float at = chance_between(r, 0.0f, 1.0f);
    s->sings = s->plays && at < 0.35f;
    s->song = chance_seeded(chance_next(r));
    if (s->sings)
        tune_sing(near, s->song, r);
    else if (s->plays && at < 0.55f)
        tune_beep(near, r);
    else
        s->near_at = corpus_cut(s->plays ? &s->m->music : &s->m->near, r, near, SCENE_BLOCK);
    if (!s->near_on) {
        clear(near);
        return;
    }
    if (!s->at_once && !(s->plays && chance_is(r, 0.5f)))
        gate_speech(near, r, 0.35f, 0.55f);
    if (s->far_on && !s->at_once && chance_is(r, 0.12f))
        let_wait(near, r);
    near_in_room(s, near);
    scale(near, fminf(s->level / active_rms(near), 100.0f));
    if (!s->plays && chance_is(r, 0.13f))
        add_talker(s);
}

/* What the far end sends. */
static void draw_far(studio *s)
{
    chance *const r = &s->random;
    float *const far = s->scene.far;
    if (s->sings && chance_is(r, 0.3f))
        tune_sing(far, s->song, r); /* what the near end sings along with */
    else if (chance_is(r, 0.02f))
        tune_beep(far, r);
    else if (chance_is(r, s->plays ? 0.3f : 0.2f))
        corpus_cut(&s->m->music, r, far, SCENE_BLOCK);
    else if (chance_is(r, 0.2f) && !s->plays) /* the near end's talker, on both sides */
        corpus_read(&s->m->near, s->near_at + SCENE_BLOCK, far, SCENE_BLOCK);
    else
        corpus_cut(&s->m->far, r, far, SCENE_BLOCK);
    if (!s->at_once)
        gate_speech(far, r, 0.5f, 0.65f);
    const int quiet = chance_is(r, 0.1f);
    const float level = from_db(quiet ? chance_between(r, -60, -36) : chance_between(r, -36, -10));
    scale(far, level / active_rms(far));
    if (chance_is(r, 0.16f)) {
        shape_flat(s->shape);
        shape_low_pass(s->shape, chance_is(r, 0.5f) ? 3500 : 7000);
        spectrum_of(s->fft, s->a, far, SCENE_BLOCK);
        spectrum_shape(s->a, s->shape);
        spectrum_signal(s->fft, s->a, far);
    }
    const float constant = chance_is(r, 0.03f) ? chance_between(r, -0.03f, 0.03f) : 0.0f;
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        far[i] = fminf(fmaxf(far[i] + constant, -1.0f), 1.0f);
}

/* echo := the sound in s->a in a room; s->a is lost. */
static void echo_in_room(studio *s, float *echo, float t60)
{
    room_draw(s->taps, s->m, &s->random, t60, chance_between(&s->random, -2, 18));
    spectrum_of(s->fft, s->response, s->taps, ROOM_TAPS);
    spectrum_filter(s->a, s->response);
    spectrum_signal(s->fft, s->a, echo);
}

static void loudspeaker_to_spectrum(studio *s)
{
    chance *const r = &s->random;
    memcpy(s->drive, s->scene.far, SCENE_BLOCK * sizeof(float));
    if (s->hard && chance_is(r, 0.75f))
        loudspeaker_hard(s->drive, s->m, r);
    else if (chance_is(r, 0.6f))
        loudspeaker_plain(s->drive, r);
    shape_flat(s->shape);
    shape_random(s->shape, r, 4.0f);
    if (chance_is(r, 0.8f))
        shape_high_pass(s->shape, chance_between(r, 60, 500));
    spectrum_of(s->fft, s->a, s->drive, SCENE_BLOCK);
    spectrum_shape(s->a, s->shape);
    spectrum_shape(s->a, s->mic_shape);
    if (chance_is(r, 0.5f)) {
        const response *const d = &s->m->devices.all[chance_below(r, s->m->devices.count)];
        spectrum_of(s->fft, s->response, d->x, d->n);
        spectrum_filter(s->a, s->response);
    }
}

/* From one room to the other, at once or slowly, wholly or in part; or to and fro. */
static void change_path(studio *s)
{
    chance *const r = &s->random;
    const int moves = chance_is(r, 0.25f);
    const float amount = chance_is(r, 0.5f) ? 1.0f : chance_between(r, 0.1f, 0.6f);
    const float fade = chance_is(r, 0.6f) ? 800.0f : chance_between(r, 0.3f, 3.0f) * rate;
    const float turn = 6.2831853f / (chance_between(r, 1.0f, 8.0f) * rate);
    const size_t at = (size_t)(chance_between(r, 0.1f, 0.95f) * SCENE_BLOCK);
    for (size_t i = moves ? 0 : at; i < SCENE_BLOCK; i++) {
        const float gone = (float)(i - (moves ? 0 : at));
        const float share = moves ? 0.5f - 0.5f * cosf(turn * gone) : fminf(gone / fade, 1.0f);
        s->echo[i] += share * amount * (s->other[i] - s->echo[i]);
    }
}

/* Another volume; or a loudspeaker that comes on, or goes off. */
static void change_volume(studio *s)
{
    chance *const r = &s->random;
    const int by_switch = chance_is(r, 0.4f), on = chance_is(r, 0.75f);
    const size_t at = (size_t)(chance_between(r, 0.1f, 0.9f) * SCENE_BLOCK);
    const float gain = from_db(chance_between(r, -14, 14));
    const float before = by_switch && on ? 0.0f : 1.0f, after = by_switch ? (float)on : gain;
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        s->echo[i] *= i < at ? before : after;
}

/* Samples from the far end to its echo, most of what devices have. */
static float draw_delay(chance *r)
{
    const float at = chance_between(r, 0.0f, 1.0f);
    const float ms = at < 0.6f    ? chance_between(r, 0, 20)
                     : at < 0.8f  ? chance_between(r, 20, 60)
                     : at < 0.95f ? chance_between(r, 60, 200)
                                  : chance_between(r, 200, 450);
    return floorf(ms * rate / 1000.0f);
}

static void delay_echo(studio *s)
{
    chance *const r = &s->random;
    const float delay = draw_delay(r);
    float ppm = chance_is(r, 0.3f)   ? 0.0f
                : chance_is(r, 0.1f) ? chance_between(r, -40, 40)
                                     : chance_between(r, -2, 2);
    if (s->hard && chance_is(r, 0.08f))
        ppm = chance_between(r, 30, 250) * (chance_is(r, 0.5f) ? 1.0f : -1.0f);
    delay_by(s->other, s->echo, (double)delay, (double)ppm);
    if (s->hard && chance_is(r, 0.06f)) {
        delay_hop(s->echo, s->other, r, 0.04f * rate);
        memcpy(s->other, s->echo, SCENE_BLOCK * sizeof(float));
    } else if (chance_is(r, 0.08f)) {
        const size_t at = (size_t)(chance_between(r, 0.2f, 0.8f) * SCENE_BLOCK);
        delay_by(s->drive, s->echo, (double)draw_delay(r), (double)ppm);
        memcpy(s->other + at, s->drive + at, (SCENE_BLOCK - at) * sizeof(float));
    }
    memcpy(s->echo, s->other, SCENE_BLOCK * sizeof(float));
}

static void draw_echo(studio *s)
{
    chance *const r = &s->random;
    const int faint = s->near_on && chance_is(r, 0.15f);
    const int loud = !s->near_on && chance_is(r, 0.5f);
    const float near_to_echo = s->at_once ? chance_between(r, 0, 15)
                               : faint    ? chance_between(r, 15, 60) /* a headset */
                               : loud     ? chance_between(r, -20, 0)
                                          : fminf(fmaxf(chance_normal(r) * 8.0f - 1.0f, -20), 25);
    clear(s->echo);
    if (!s->far_on)
        return;
    const float t60 = chance_between(r, 0.08f, 0.7f);
    const int changes = chance_is(r, 0.25f);
    loudspeaker_to_spectrum(s);
    if (changes)
        *s->b = *s->a;
    echo_in_room(s, s->echo, t60);
    if (changes) {
        *s->a = *s->b;
        echo_in_room(s, s->other, t60);
        change_path(s);
    }
    if (chance_is(r, 0.1f))
        change_volume(s);
    delay_echo(s);
    scale(s->echo, s->level / active_rms(s->echo) * from_db(-near_to_echo));
}

/* A far end that is silent, or all but. */
static void silence_far(studio *s)
{
    chance *const r = &s->random;
    if (s->far_on || !chance_is(r, 0.6f))
        return;
    clear(s->scene.far);
    if (!chance_is(r, 0.5f))
        return;
    const float *const white = white_cut(s->m, r, SCENE_BLOCK);
    const float level = from_db(chance_between(r, -95, -60));
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        s->scene.far[i] = level * white[i];
}

static void draw_noise(studio *s)
{
    chance *const r = &s->random;
    const float snr = s->quiet ? chance_between(r, 35, 70) : chance_between(r, 0, 40);
    clear(s->noise);
    if (chance_is(r, s->far_on ? 0.65f : 0.8f)) {
        const int synthetic = chance_is(r, 0.2f);
        if (synthetic)
            memcpy(s->noise, white_cut(s->m, r, SCENE_BLOCK), SCENE_BLOCK * sizeof(float));
        else
            corpus_cut(&s->m->noise, r, s->noise, SCENE_BLOCK);
        spectrum_of(s->fft, s->a, s->noise, SCENE_BLOCK);
        shape_flat(s->shape);
        if (chance_is(r, 0.5f))
            shape_random(s->shape, r, 3.0f);
        /* Roads, engines and fans are low, and as steady as white noise. */
        if (synthetic && chance_is(r, 0.5f))
            shape_fall(s->shape, exp2f(chance_between(r, 6, 11)), chance_between(r, 0.5f, 2));
        spectrum_shape(s->a, s->shape);
        spectrum_shape(s->a, s->mic_shape);
        spectrum_signal(s->fft, s->a, s->noise);
        scale(s->noise, s->level / rms(s->noise) * from_db(-snr));
    }
    if (chance_is(r, 0.6f)) {
        const float *const white = white_cut(s->m, r, SCENE_BLOCK);
        const float level = from_db(chance_between(r, s->quiet ? -110 : -90, s->quiet ? -80 : -58));
        for (size_t i = 0; i < SCENE_BLOCK; i++)
            s->noise[i] += level * white[i];
    }
}

/* A constant, mains hum, or rumble below the voice. */
static void add_hum(studio *s)
{
    chance *const r = &s->random;
    if (chance_is(r, 0.06f)) {
        const float constant = chance_between(r, -0.05f, 0.05f);
        for (size_t i = 0; i < SCENE_BLOCK; i++)
            s->noise[i] += constant;
    }
    if (chance_is(r, 0.08f)) {
        const float turn = 6.2831853f * (chance_is(r, 0.5f) ? 50.0f : 60.0f) / rate;
        const float level = from_db(chance_between(r, -70, -25));
        const float falls = chance_between(r, 0.1f, 0.8f), begins = chance_between(r, 0, 6);
        for (size_t i = 0; i < SCENE_BLOCK; i++) {
            const float at = fmodf(turn * (float)i + begins, 6.2831853f);
            s->noise[i] += level * (sinf(at) + falls * sinf(2.0f * at + begins) +
                                    falls * falls * sinf(3.0f * at));
        }
    }
    if (chance_is(r, 0.05f)) {
        const float *const white = white_cut(s->m, r, SCENE_BLOCK);
        const float keep = expf(-6.2831853f * chance_between(r, 5, 60) / rate);
        const float level = from_db(chance_between(r, -60, -20)) / sqrtf(1.0f - keep);
        float low = 0.0f, lower = 0.0f;
        for (size_t i = 0; i < SCENE_BLOCK; i++) {
            low += (1.0f - keep) * (white[i] - low);
            lower += (1.0f - keep) * (low - lower);
            s->noise[i] += level * lower;
        }
    }
}

/* Knocks on the table, keys, the microphone when it is touched. */
static void add_bursts(studio *s)
{
    chance *const r = &s->random;
    if (!chance_is(r, 0.15f))
        return;
    for (size_t left = 1 + chance_below(r, 6); left > 0; left--) {
        const float *const white = white_cut(s->m, r, SCENE_BLOCK);
        const float decay = expf(-1.0f / (chance_between(r, 0.0005f, 0.03f) * rate));
        const float dull = chance_between(r, 0.03f, 1.0f);
        const size_t at = SCENE_LEAD + chance_below(r, SCENE_SAMPLES);
        float level = fminf(s->level * from_db(chance_between(r, -10, 30)), 0.9f), low = 0.0f;
        level /= sqrtf(dull);
        for (size_t i = at; i < SCENE_BLOCK && level > 1e-6f; i++, level *= decay) {
            low += dull * (white[i] - low);
            s->noise[i] += 0.5f * level * low;
        }
    }
}

/* Noise that sets in, ends, or becomes another during the call: a fan, a street, a door. */
static void change_noise(studio *s)
{
    chance *const r = &s->random;
    if (!chance_is(r, 0.25f))
        return;
    const size_t changes = 1 + chance_below(r, 3);
    const float least_db = chance_is(r, 0.3f) ? -100.0f : -40.0f;
    float db = chance_is(r, 0.6f) ? least_db : chance_between(r, least_db, 0);
    for (size_t k = 0, i = 0; k <= changes; k++) {
        const float to_db = chance_is(r, 0.5f) ? 0.0f : chance_between(r, least_db, 0);
        const float fade = chance_is(r, 0.6f) ? 160.0f : chance_between(r, 0.1f, 4.0f) * rate;
        const size_t left = SCENE_BLOCK - i;
        const size_t until = k == changes ? SCENE_BLOCK : i + chance_below(r, left);
        for (size_t n = 0; i < until; i++, n++) {
            const float share = k == 0 ? 0.0f : fminf((float)n / fade, 1.0f);
            s->noise[i] *= from_db(db + share * (to_db - db));
        }
        db = k == 0 ? db : to_db;
    }
}

static void mix(studio *s)
{
    chance *const r = &s->random;
    scene *const to = &s->scene;
    float *const parts[] = {to->near, s->noise, s->echo};
    device_draw(s->device, r, s->hard, s->level);
    device_process(s->device, r, parts, sizeof parts / sizeof *parts);
    for (size_t i = 0; i < SCENE_BLOCK; i++) {
        to->mic[i] = to->near[i] + s->noise[i] + s->echo[i];
        to->target[i] = to->near[i] + noise_kept * s->noise[i];
    }
    const float most = peak(to->mic) + 1e-6f;
    const float gain = most > 0.99f ? 0.99f / most * chance_between(r, 0.6f, 1.1f) : 1.0f;
    const float clip =
        chance_is(r, 0.05f) ? fminf(most * gain * chance_between(r, 0.3f, 0.9f), 1.0f) : 1.0f;
    scale(to->mic, gain);
    scale(to->near, gain);
    scale(to->target, gain);
    for (size_t i = 0; i < SCENE_BLOCK; i++)
        to->mic[i] = fminf(fmaxf(to->mic[i], -clip), clip);
    const float half = fmaxf(0.5f * rms(to->mic), s->level * gain);
    to->audible = fmaxf(s->near_on ? half : rms(to->mic), 1e-4f);
}

const scene *studio_draw(studio *s, uint64_t seed, enum scene_kind kind)
{
    s->random = chance_seeded(seed);
    draw_kind(s, kind);
    draw_microphone(s);
    draw_near(s);
    draw_far(s);
    draw_echo(s);
    silence_far(s);
    draw_noise(s);
    add_hum(s);
    change_noise(s);
    add_bursts(s);
    mix(s);
    return &s->scene;
}
