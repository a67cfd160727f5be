#include "limiter.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

enum { LANES = 4, FALL = 32 /* samples */ };
/* Largest rise in a hop. */
static const float rise = 0.25f;
/* Energy of the output per energy of the microphone: 0.4 dB. */
static const double most = 1.0965;
/* A hop of -90 dB, a step of 16 bits: what does not matter even if the microphone is silent. */
static const double floor_energy = 1e-9 * UNECHO_HOP;

void limiter_reset(limiter *l)
{
    *l = (limiter){.gain = 1.0f};
}

static double energy(const float *x, int n)
{
    double sum[LANES] = {0.0};
    for (int i = 0; i < n; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sum[lane] += (double)x[i + lane] * (double)x[i + lane];
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

/* ---- The budget ------------------------------------------------------------------------- */

static void push(double *ring, int count, double value)
{
    memmove(ring, ring + 1, (size_t)(count - 1) * sizeof *ring);
    ring[count - 1] = value;
}

/* The most energy of the newest hop with which each stretch of hops that ends there keeps to the
 * limit. */
static double budget(const limiter *l)
{
    const double *const mic = l->mic + LIMITER_HOPS;       /* the newest hop; one follows */
    const double *const out = l->out + (LIMITER_HOPS - 1); /* just after the last hop */
    double heard = mic[1] + mic[0] + mic[-1], given = 0.0;
    double least = most * heard;
    for (int age = 1; age < LIMITER_HOPS; age++) {
        heard += mic[-age - 1];
        given += out[-age];
        const double left = most * heard - given;
        least = left < least ? left : least;
    }
    return least > 0.0 ? least : 0.0;
}

/* ---- The gain --------------------------------------------------------------------------- */

/* A hop whose gain goes linearly from `from` to `to` in `length` samples, and stays there. */
static float gain_at(float from, float to, int length, int i)
{
    return i < length ? from + (to - from) * (((float)i + 0.5f) / (float)length) : to;
}

/* The largest `to`, up to `highest`, that keeps the hop's energy within the budget; below 0: none
 * does. The energy is a quadratic in `to`: falling^2 from^2 + 2 falling rising from to + rising^2
 * to^2, with the two ramps as factors of the samples. */
static double largest_gain(const float *x, float from, double highest, int length, double within)
{
    double falling = 0.0, both = 0.0, rising = 0.0;
    for (int i = 0; i < UNECHO_HOP; i++) {
        const double up = (double)gain_at(0.0f, 1.0f, length, i), down = 1.0 - up;
        const double square = (double)x[i] * (double)x[i];
        falling += down * down * square;
        both += down * up * square;
        rising += up * up * square;
    }
    falling *= (double)from * (double)from;
    both *= (double)from;
    if (falling + 2.0 * both * highest + rising * highest * highest <= within)
        return highest;
    const double root = both * both - rising * (falling - within);
    return root >= 0.0 && rising > 0.0 ? (sqrt(root) - both) / rising : -1.0;
}

static void apply(float *x, float from, float to, int length)
{
    for (int i = 0; i < UNECHO_HOP; i++)
        x[i] *= gain_at(from, to, length, i);
}

/* Turn the hop down to `within`, or back up as far as that allows. */
static void turn(limiter *l, float *x, double within)
{
    const float from = l->gain;
    int length = UNECHO_HOP;
    double to = largest_gain(x, from, fmin((double)(from + rise), 1.0), length, within);
    if (to < (double)from) {
        length = FALL;
        to = largest_gain(x, from, (double)from, length, within);
    }
    l->gain = to > 0.0 ? (float)to : 0.0f;
    apply(x, from, l->gain, length);
    /* Even a gain of 0 may come too late. */
    const double still = energy(x, UNECHO_HOP);
    if (still > within)
        for (int i = 0; i < UNECHO_HOP; i++)
            x[i] *= (float)sqrt(within / still);
    l->hops++;
}

void limiter_run(limiter *l, float *out, const float *next)
{
    push(l->mic, LIMITER_HOPS + 2, energy(next, UNECHO_HOP) + floor_energy);
    const double within = budget(l);
    double given = energy(out, UNECHO_HOP);
    if (given > within || l->gain < 1.0f) {
        turn(l, out, within);
        given = energy(out, UNECHO_HOP);
    }
    push(l->out, LIMITER_HOPS - 1, given);
}
