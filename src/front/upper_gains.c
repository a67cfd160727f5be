#include "upper_gains.h"

#include "dsp/bounds.h"

#include <math.h>
#include <string.h>

/* The smoothing of octaves: with less the gains flutter. */
static const float octave_memory = 0.5f;
/* Powers below -180 dB are silence. */
static const float least = 1e-18f;

/* ---- The echo's way ----------------------------------------------------------------------- */

/* A response starts as in a dry room and 10 dB down, falling by 1.25 dB a hop. */
static const float first_response = 0.1f, first_decay = 0.75f;
/* Reverberation falls by 60 dB in 0.3 and in 0.9 s. */
static const float decay_factors[ECHO_DECAYS] = {0.7f, 0.88f};
/* How far a hop moves the response: by 3 / hops so far, later by a tenth. */
static const float first_step = 3.0f, step_least = 0.1f, learnt_most = 60.0f;
/* What is louder than expected by more than this factor of it may be no echo. */
static const float surprise_most = 2.0f;
/* A hop teaches less the more of the octave below is left, nothing at -9 dB: a near end. */
static const float teaching = 8.0f;
/* A part falls to no less than this share in a hop: what is near 0 takes long to come back. */
static const float fall_most = 0.5f;
static const float response_least = 1e-9f, response_most = 1e4f;

/* ---- The gains ---------------------------------------------------------------------------- */

/* Over-subtraction of the echo where the octave below passes, and where nothing of it is left. */
static const float over_near = 1.5f, over_far = 4.0f;
/* With that much of the octave left, it passes. */
static const float near_share = 0.67f;
/* Over-subtraction of noise; its smoothed power fluctuates by less than this factor. */
static const float over_noise = 1.5f, fluctuation = 1.5f;
/* The lowest of many smoothed powers lies below their mean. */
static const float noise_bias = 1.15f;
/* Little echo is less than this share of the noise or of the power. Noise rises by 12 dB a second,
 * from -90 dB on. */
static const float clear_share = 0.25f, noise_rise = 1.022f, inaudible = 1e-9f;
/* -120 dB: a device that has not begun. */
static const float silence = 1e-12f;
/* What is left above 8 kHz is no more than 15 dB above what is left of the octave below: echo that
 * the far end does not explain, as distortion. */
static const float above_below = 30.0f;
/* A gain falls to no less than this share of it in a hop where no echo is expected: a voice does
 * not end so suddenly. */
static const float release = 0.3f;
/* Less of the microphone than this is left in peace. */
static const float audible = 1e-3f;

void upper_gains_start(upper_gains *h, size_t bands)
{
    h->bands = bands;
}

static void reset_band(upper_band *u)
{
    *u = (upper_band){.gain = 1.0f};
    noise_floor_reset(&u->noise);
    float response = first_response;
    for (size_t j = 0; j < ECHO_PARTS; j++) {
        u->response[j] = response;
        response *= first_decay;
    }
}

void upper_gains_reset(upper_gains *h)
{
    h->mic = h->out = (octave){0};
    for (size_t b = 0; b < UPPER_BANDS; b++)
        reset_band(&h->band[b]);
}

/* The fourth difference emphasises what is near 8 kHz: a voice that goes on above it, too. */
float octave_energy(octave *o, const float *x)
{
    float energy = 0.0f;
    float a = o->last[0], b = o->last[1], c = o->last[2], d = o->last[3];
    for (size_t i = 0; i < UNECHO_HOP; i++) {
        const float y = (x[i] + a) - 4.0f * (d + b) + 6.0f * c;
        energy += y * y;
        a = b;
        b = c;
        c = d;
        d = x[i];
    }
    o->last[0] = a;
    o->last[1] = b;
    o->last[2] = c;
    o->last[3] = d;
    o->energy = octave_memory * o->energy + energy;
    return o->energy;
}

/* How much of the octave below 8 kHz is left, a share of its energy. */
static float left_below(upper_gains *h, const upper_hop *hop)
{
    const float mic = octave_energy(&h->mic, hop->mic), out = octave_energy(&h->out, hop->out);
    return mic <= 1e-20f || out >= mic ? 1.0f : out / mic;
}

/* What each part of the response gives to the echo's power; returns their sum. */
static float expect_echo(upper_band *u, size_t b, const upper_hop *hop, float *parts)
{
    float sum = 0.0f;
    for (size_t j = 0; j < ECHO_PARTS; j++) {
        float far;
        if (j < ECHO_HOPS) {
            far = hop->far_power[j][b];
        } else {
            float *const decay = &u->decays[j - ECHO_HOPS];
            const float factor = decay_factors[j - ECHO_HOPS];
            *decay = factor * *decay + (1.0f - factor) * hop->far_power[ECHO_HOPS][b];
            *decay = *decay < least ? 0.0f : *decay;
            far = *decay;
        }
        parts[j] = u->response[j] * far;
        sum += parts[j];
    }
    return sum;
}

/*
 * Powers are distributed exponentially around what is expected, and the likelihood of a response
 * grows where each part is multiplied by the misfit to the power of its share (Fevotte, Bertin &
 * Durrieu, Neural Computation 21(3), 2009); here to first order.
 */
static void learn(upper_band *u, const float *parts, float echo, float mic, float below)
{
    const float alone = 1.0f - teaching * below;
    if (alone <= 0.0f || echo <= least)
        return;
    const float expected = echo + u->noise.level + least;
    u->learnt = smaller(u->learnt + alone * echo / expected, learnt_most);
    const float surprise = smaller(mic / expected - 1.0f, surprise_most);
    const float step = alone * surprise * larger(first_step / (1.0f + u->learnt), step_least);
    for (size_t j = 0; j < ECHO_PARTS; j++) {
        const float factor = larger(1.0f + step * parts[j] / expected, fall_most);
        const float response = factor * u->response[j];
        u->response[j] = smaller(larger(response, response_least), response_most);
    }
}

/*
 * From hops with sound but little echo. While both talk those have no pauses, for the voice is what
 * makes them: so the window is made of such hops, and after the first the level rises no faster
 * than noise does.
 */
static void follow_noise(upper_band *u, float mic, float echo)
{
    const float before = u->noise.level;
    if (mic <= silence || (echo > clear_share * larger(before, mic) && mic >= before))
        return;
    if (u->clear++ == NOISE_FLOOR_WINDOW) {
        noise_floor_renew(&u->noise);
        u->clear = 1;
        u->settled = 1;
    }
    noise_floor_smooth(&u->noise, mic);
    noise_floor_observe(&u->noise, 1, noise_bias);
    if (u->settled)
        u->noise.level = smaller(u->noise.level, larger(noise_rise * before, inaudible));
}

/* Of the microphone's amplitude, for what is no echo. */
static float wanted_gain(const upper_gains *h, const upper_band *u, float echo, float mic,
                         float below)
{
    const float away = smaller(below / near_share, 1.0f), nobody = (1.0f - away) * (1.0f - away);
    float unwanted = (over_near + (over_far - over_near) * nobody) * echo;
    if (h->noise.gain < 1.0f)
        unwanted += over_noise * u->noise.level;
    if (unwanted <= audible * mic)
        return 1.0f;
    const float share = smaller(unwanted / mic, 1.0f);
    return sqrtf(smaller(1.0f - share * share, above_below * below));
}

static void run_band(const upper_gains *h, upper_band *u, size_t b, const upper_hop *hop,
                     float below)
{
    const float mic = hop->mic_power[b] + least;
    float parts[ECHO_PARTS];
    const float echo = expect_echo(u, b, hop, parts);
    follow_noise(u, mic, echo);
    learn(u, parts, echo, mic, below);
    /* As much of the noise as is to be left, and as there is. */
    const float kept = h->noise.gain * smaller(fluctuation * u->noise.level / mic, 1.0f);
    const float gain = larger(wanted_gain(h, u, echo, mic, below), kept);
    u->gain = larger(gain, release * (1.0f - smaller(echo / mic, 1.0f)) * u->gain);
}

/* White noise in [-1, 1) has a third of the power of its amplitude. */
static float missing_noise(const upper_gains *h, const upper_band *u, float mic)
{
    const float wanted = h->noise.gain * h->noise.gain * u->noise.level;
    const float there = u->gain * u->gain * mic;
    return h->noise.fill && there < wanted ? sqrtf(3.0f * (wanted - there)) : 0.0f;
}

void upper_gains_run(upper_gains *h, const upper_hop *hop, float *gains, float *missing)
{
    const float below = left_below(h, hop);
    const int untouched =
        memcmp((const void *)hop->mic, (const void *)hop->out, UNECHO_HOP * sizeof *hop->mic) == 0;
    for (size_t b = 0; b < h->bands; b++) {
        upper_band *const u = &h->band[b];
        run_band(h, u, b, hop, below);
        if (untouched)
            u->gain = 1.0f;
        gains[b] = u->gain;
        missing[b] = untouched ? 0.0f : missing_noise(h, u, hop->mic_power[b]);
    }
}
