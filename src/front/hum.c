#include "hum.h"

#include "dsp/sine.h"
#include "unecho.h"

#include <math.h>

static const double turn = 2.0 * 3.14159265358979323846;

/* 0.2 s. */
enum { BLOCK_HOPS = 25 };
/* A block as expected, one that is not, one that is so loud that it tells nothing: a voice. Lines
 * are cut from 12 of the first on until nothing is left of that; the grid is forgotten after 5 s
 * without. */
enum { EXPECTED = 4, OFF = -4, MASKED = -1, TRUST_ENOUGH = 48, TRUST_MOST = 80, IDLE_MOST = 25 };
/* Squares, of an amplitude: what is as expected (-10 dB), and what masks. */
static const double expected_most = 0.1, masked_least = 4.0;
/* Amplitudes follow within 1 s, their noise within 0.2 s; hops that are wrong by more than the
 * amplitude count for less and less. */
static const double amplitude_step = 0.008, noise_memory = 0.96;
/* All lines' phase follows within 0.15 s; critically damped. */
static const double phase_step = 0.06, base_step = 0.0009;
/* Fades a line in or out within 0.25 s. */
static const float share_step = 1.0f / 32.0f;
/* Smoothing of what is there of the hum; where half of it is missing it is on its way out. */
static const double presence_memory = 0.8;

void hum_reset(hum *h)
{
    const hum_search search = h->search;
    *h = (hum){.search = search};
    hum_search_reset(&h->search);
}

void hum_start(hum *h)
{
    hum_search_start(&h->search);
    hum_reset(h);
}

static void begin(hum *h, double frequency)
{
    hum_reset(h);
    h->found = 1;
    h->base = frequency / UNECHO_SAMPLE_RATE;
}

/* ---- A hop of hum ------------------------------------------------------------------------ */

typedef struct spectrum {
    float re[HUM_LINES], im[HUM_LINES];
} spectrum;

/* Powers 1 to HUM_LINES of the turn by so many cycles. */
static void powers(double cycles, spectrum *to)
{
    const double re = sine_of_pi(2.0 * cycles + 0.5), im = sine_of_pi(2.0 * cycles);
    double now_re = 1.0, now_im = 0.0;
    for (int k = 0; k < HUM_LINES; k++) {
        const double next = now_re * re - now_im * im;
        now_im = now_re * im + now_im * re;
        now_re = next;
        to->re[k] = (float)now_re;
        to->im[k] = (float)now_im;
    }
}

static float sum_of(const float *x)
{
    float lanes[4];
    for (int i = 0; i < 4; i++)
        lanes[i] = x[i] + x[4 + i] + x[8 + i];
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

/* What is to be subtracted, and by how much the amplitudes are wrong, times half a hop. */
static void trace(const hum *h, const float *x, float *cut, spectrum *off)
{
    spectrum at, step;
    powers(h->phase, &at);
    powers(h->base, &step);
    *off = (spectrum){{0.0f}, {0.0f}};
    for (int i = 0; i < UNECHO_HOP; i++) {
        float all[HUM_LINES], some[HUM_LINES];
        for (int k = 0; k < HUM_LINES; k++) {
            all[k] = h->re[k] * at.re[k] - h->im[k] * at.im[k];
            some[k] = h->share[k] * all[k];
        }
        const float rest = x[i] - sum_of(all);
        cut[i] = sum_of(some);
        for (int k = 0; k < HUM_LINES; k++) {
            off->re[k] += rest * at.re[k];
            off->im[k] -= rest * at.im[k];
            const float next = at.re[k] * step.re[k] - at.im[k] * step.im[k];
            at.im[k] = at.re[k] * step.im[k] + at.im[k] * step.re[k];
            at.re[k] = next;
        }
    }
}

/* Hum that goes away while it is subtracted would be put in. */
static void subtract(hum *h, float *x, const float *cut)
{
    double cross = 0.0, power = 0.0;
    for (int i = 0; i < UNECHO_HOP; i++) {
        cross += (double)x[i] * (double)cut[i];
        power += (double)cut[i] * (double)cut[i];
    }
    if (power == 0.0 && h->power == 0.0)
        return;
    h->cross = presence_memory * h->cross + cross;
    h->power = presence_memory * h->power + power;
    const float from = h->present;
    const double to = fmin(fmax(2.0 * h->cross / (h->power + 1e-20), 0.0), 1.0);
    h->present = (float)to;
    const float step = (h->present - from) / UNECHO_HOP;
    for (int i = 0; i < UNECHO_HOP; i++)
        x[i] -= (from + step * ((float)i + 0.5f)) * cut[i];
}

/* ---- Following it ------------------------------------------------------------------------ */

/* A line's amplitude goes a part of the way to what the hop says. Where all lines lag behind, the
 * grid does; of that, each says as much as its noise lets it. */
static void follow(hum *h, const spectrum *off)
{
    double lag = 0.0, weight = 0.0;
    for (int k = 0; k < HUM_LINES; k++) {
        hum_line *const l = &h->lines[k];
        double off_re = 2.0 / UNECHO_HOP * (double)off->re[k];
        double off_im = 2.0 / UNECHO_HOP * (double)off->im[k];
        const double re = (double)h->re[k], im = (double)h->im[k], square = re * re + im * im;
        const double wrong = off_re * off_re + off_im * off_im;
        l->off_re += off_re;
        l->off_im += off_im;
        l->noise = noise_memory * l->noise + (1.0 - noise_memory) * wrong;
        if (l->trust == 0)
            continue;
        const double believed = square / (square + wrong);
        off_re *= believed;
        off_im *= believed;
        h->re[k] = (float)(re + amplitude_step * off_re);
        h->im[k] = (float)(im + amplitude_step * off_im);
        const double order = k + 1, clear = 1.0 / (l->noise + 1e-3 * square);
        lag += clear * order * (off_im * re - off_re * im);
        weight += clear * order * order * square;
    }
    if (weight > 0.0) {
        h->phase += phase_step / turn * lag / weight;
        h->base += base_step / turn * lag / weight / UNECHO_HOP;
    }
}

/* What the whole block says. A line that is not trusted at all is taken anew. */
static void judge(hum_line *l, float *re, float *im)
{
    const double off_re = l->off_re / (double)BLOCK_HOPS, off_im = l->off_im / (double)BLOCK_HOPS;
    const double square = (double)*re * (double)*re + (double)*im * (double)*im;
    const double wrong = off_re * off_re + off_im * off_im;
    const int more = wrong <= expected_most * square  ? EXPECTED
                     : wrong >= masked_least * square ? MASKED
                                                      : OFF;
    const int trust = l->trust + more;
    l->trust = trust < 0 ? 0 : trust > TRUST_MOST ? TRUST_MOST : trust;
    l->cut = l->trust >= TRUST_ENOUGH || (l->cut && l->trust > 0);
    l->off_re = l->off_im = 0.0;
    if (l->trust > 0)
        return;
    *re += (float)off_re;
    *im += (float)off_im;
}

static void judge_block(hum *h)
{
    int cuts = 0;
    for (int k = 0; k < HUM_LINES; k++) {
        judge(&h->lines[k], &h->re[k], &h->im[k]);
        cuts |= h->lines[k].cut;
    }
    h->hops = 0;
    h->idle = cuts ? 0 : h->idle + 1;
}

static void cut_found(hum *h, float *x)
{
    float cut[UNECHO_HOP];
    spectrum off;
    trace(h, x, cut, &off);
    subtract(h, x, cut);
    follow(h, &off);
    for (int k = 0; k < HUM_LINES; k++) {
        const float to = h->share[k] + (h->lines[k].cut ? share_step : -share_step);
        h->share[k] = fminf(fmaxf(to, 0.0f), 1.0f);
    }
    if (++h->hops == BLOCK_HOPS)
        judge_block(h);
}

static int is_muted(const float *x)
{
    for (int i = 0; i < UNECHO_HOP; i++)
        if (x[i] != 0.0f)
            return 0;
    return 1;
}

void hum_cut(hum *h, float *x)
{
    if (!h->found) {
        const double frequency = hum_search_next(&h->search, x);
        if (frequency > 0.0)
            begin(h, frequency);
        return;
    }
    if (!is_muted(x))
        cut_found(h, x);
    h->phase += h->base * UNECHO_HOP;
    h->phase -= floor(h->phase);
    if (h->idle >= IDLE_MOST)
        hum_reset(h);
}
