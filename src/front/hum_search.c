#include "hum_search.h"

#include "dsp/sine.h"
#include "unecho.h"

#include <math.h>
#include <string.h>

/* 0.2 s. */
enum { BLOCK_HOPS = 25, HOP_SAMPLES = UNECHO_HOP / HUM_DECIMATION };
static const double block_samples = BLOCK_HOPS * HOP_SAMPLES;
static const double block_seconds = 0.2;
/* Grids are this near their frequency: 0.3 Hz of 50. No note of the usual tunings is. */
static const double off_most = 0.006;
/* Of the amplitude: how far a block may be from what is expected of it; -9 dB. */
static const double off_least_square = 0.1225;
/* What a block takes away that is not as expected. */
enum { MISS = 2 };
/* Squares of amplitudes: how they may differ from one block to the next, and from the first one. */
static const double steps = 2.0, drifts = 1.6;
/* How far a block with its window may be from the same without, square. */
static const double window_most = 0.25;
/* A tone to be called hum: -72 dB of full scale. */
static const double least_square = 6e-8;
/* How fast a tone that is followed changes. */
static const double follow = 0.3, follow_turn = 0.1;

/* Which multiple of the grid's frequency, periods in a block, and for how many blocks it must have
 * been there: a note is held at 100 Hz, but not for ten seconds, and hardly at 50. */
static const struct {
    unsigned multiple, periods, enough;
} kinds[HUM_TONES] = {{1, 10, 8}, {1, 12, 8}, {2, 20, 50}, {2, 24, 50}};

static void restart_block(hum_search *s)
{
    s->hops = 0;
    s->turn_re = 1.0;
    s->turn_im = 0.0;
    for (int i = 0; i < HUM_TONES; i++)
        s->tones[i].all_re = s->tones[i].all_im = s->tones[i].sum_re = s->tones[i].sum_im = 0.0;
}

void hum_search_reset(hum_search *s)
{
    memset(s->past, 0, sizeof s->past);
    memset(s->tones, 0, sizeof s->tones);
    restart_block(s);
}

void hum_search_start(hum_search *s)
{
    /* Blackman's window: what would fold onto the tones comes 60 dB weaker. */
    double sum = 0.0, taps[HUM_TAPS];
    for (int i = 0; i < HUM_TAPS; i++) {
        const double t = 2.0 * (i + 0.5) / (double)HUM_TAPS;
        taps[i] = 0.42 - 0.5 * sine_of_pi(t + 0.5) + 0.08 * sine_of_pi(2.0 * t + 0.5);
        sum += taps[i];
    }
    for (int i = 0; i < HUM_TAPS; i++)
        s->taps[i] = (float)(taps[i] / sum);
    hum_search_reset(s);
}

/* ---- Blocks ------------------------------------------------------------------------------ */

static float filtered(const float *taps, const float *x)
{
    float lanes[4] = {0.0f};
    for (int i = 0; i < HUM_TAPS; i += 4)
        for (int j = 0; j < 4; j++)
            lanes[j] += taps[i + j] * x[i + j];
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

static void decimate(hum_search *s, const float *x, float *low)
{
    float all[HUM_PAST + UNECHO_HOP];
    memcpy(all, s->past, sizeof s->past);
    memcpy(all + HUM_PAST, x, UNECHO_HOP * sizeof *x);
    for (int i = 0; i < HOP_SAMPLES; i++)
        low[i] = filtered(s->taps, all + i * HUM_DECIMATION);
    memcpy(s->past, all + UNECHO_HOP, sizeof s->past);
}

typedef struct turn {
    double re, im;
} turn;

static turn times(turn a, turn b)
{
    return (turn){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static turn square_of(turn a)
{
    return times(a, a);
}

/* Correlate with the four tones, without a window and under Hann's: a constant, and each of the
 * other tones, are in the zeros of both. */
static void correlate(hum_search *s, const float *low)
{
    const turn step = {sine_of_pi(2.0 / block_samples + 0.5), sine_of_pi(2.0 / block_samples)};
    turn now = {s->turn_re, s->turn_im};
    for (int i = 0; i < HOP_SAMPLES; i++) {
        const turn two = square_of(now), four = square_of(two), eight = square_of(four);
        const turn ten = times(eight, two), twelve = times(eight, four);
        const turn at[HUM_TONES] = {ten, twelve, square_of(ten), square_of(twelve)};
        const double x = (double)low[i], windowed = x * (1.0 - now.re);
        for (int t = 0; t < HUM_TONES; t++) {
            hum_tone *const tone = &s->tones[t];
            tone->all_re += x * at[t].re;
            tone->all_im -= x * at[t].im;
            tone->sum_re += windowed * at[t].re;
            tone->sum_im -= windowed * at[t].im;
        }
        now = times(now, step);
    }
    s->turn_re = now.re;
    s->turn_im = now.im;
}

/* ---- Tones ------------------------------------------------------------------------------- */

static double square(double re, double im)
{
    return re * re + im * im;
}

/* cos of the angle by which a tone that is off by off_most turns in a block. */
static double turn_least(unsigned periods)
{
    return sine_of_pi(2.0 * periods * off_most + 0.5);
}

static void begin(hum_tone *t, double re, double im)
{
    t->re = re;
    t->im = im;
    t->turn_re = 1.0;
    t->turn_im = 0.0;
    t->first = square(re, im);
    t->blocks = t->first >= least_square;
}

/* The second block tells by how much it turns. */
static void find_turn(hum_tone *t, unsigned periods, double re, double im)
{
    const double now = square(re, im), length = sqrt(now * t->first);
    const double turn_re = (re * t->re + im * t->im) / length;
    const double turn_im = (im * t->re - re * t->im) / length;
    if (now > steps * t->first || t->first > steps * now || turn_re < turn_least(periods)) {
        begin(t, re, im);
        return;
    }
    t->turn_re = turn_re;
    t->turn_im = turn_im;
    t->re = re * turn_re - im * turn_im;
    t->im = re * turn_im + im * turn_re;
    t->blocks = 2;
}

/* The block as a multiple of what was expected of it. */
static void follow_tone(hum_tone *t, double re, double im)
{
    const double expected = square(t->re, t->im);
    const double off_re = (re * t->re + im * t->im) / expected - 1.0;
    const double off_im = (im * t->re - re * t->im) / expected;
    if (square(off_re, off_im) > off_least_square) {
        t->blocks -= t->blocks < MISS ? t->blocks : MISS;
    } else {
        const turn more = {1.0 + follow * off_re, follow * off_im};
        const turn at = times((turn){t->re, t->im}, more);
        const turn faster =
            times((turn){t->turn_re, t->turn_im}, (turn){1.0, follow_turn * off_im});
        const double length = sqrt(square(faster.re, faster.im));
        t->turn_re = faster.re / length;
        t->turn_im = faster.im / length;
        t->re = at.re;
        t->im = at.im;
        t->blocks++;
    }
    const turn next = times((turn){t->re, t->im}, (turn){t->turn_re, t->turn_im});
    t->re = next.re;
    t->im = next.im;
}

/* A tone 5 Hz away turns once from block to block, as if it did not, and shows through the window
 * alone. */
static int is_near(const hum_tone *t)
{
    return square(t->all_re - t->sum_re, t->all_im - t->sum_im) <
           window_most * square(t->sum_re, t->sum_im);
}

static void take_block(hum_tone *t, unsigned periods)
{
    if (!is_near(t))
        t->sum_re = t->sum_im = 0.0;
    /* Two for the amplitude; the window's mean is 1. */
    const double re = t->sum_re * 2.0 / block_samples, im = t->sum_im * 2.0 / block_samples;
    if (t->blocks >= 2)
        follow_tone(t, re, im);
    else if (t->blocks == 1)
        find_turn(t, periods, re, im);
    const double now = square(t->re, t->im);
    const int same =
        now <= drifts * t->first && t->first <= drifts * now && t->turn_re >= turn_least(periods);
    if (t->blocks == 0 || !same)
        begin(t, re, im);
}

/* The angle in periods of a turn of less than a quarter: by three halvings, then a series. */
static double angle_of(double re, double im)
{
    for (int i = 0; i < 3; i++) {
        const double half = sqrt(0.5 * (1.0 + re));
        im = im / (2.0 * half);
        re = half;
    }
    const double s = im * im;
    return 8.0 * im * (1.0 + s * (1.0 / 6.0 + s * (3.0 / 40.0 + s * 15.0 / 336.0))) /
           (2.0 * 3.14159265358979323846);
}

/* A tone 10 Hz away, off its own frequency, shows in another's place, 30 dB weaker. */
static int outweighs(const hum_tone *t, const hum_tone *other)
{
    return square(t->re, t->im) > 0.1 * square(other->re, other->im);
}

double hum_search_next(hum_search *s, const float *x)
{
    float low[HOP_SAMPLES];
    decimate(s, x, low);
    correlate(s, low);
    if (++s->hops < BLOCK_HOPS)
        return 0.0;
    double found = 0.0;
    for (int i = 0; i < HUM_TONES; i++) {
        hum_tone *const t = &s->tones[i];
        take_block(t, kinds[i].periods);
        if (found == 0.0 && t->blocks >= kinds[i].enough && outweighs(t, &s->tones[i ^ 1]))
            found = (kinds[i].periods + angle_of(t->turn_re, t->turn_im)) /
                    (block_seconds * kinds[i].multiple);
    }
    restart_block(s);
    return found;
}
