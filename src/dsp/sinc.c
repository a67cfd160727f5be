#include "dsp/sinc.h"

#include "dsp/sine.h"

/* Band edges as fractions of the lower rate. */
static const double pass_edge = 0.4375, stop_edge = 0.5;
/* In dB: 80, and a margin for the error of interpolating between rows. */
static const double attenuation = 88.0;

static const double pi = 3.14159265358979323846;

/* The modified Bessel function of order 0 of 2 sqrt(q), 0 <= q < 20: sum of q^k / k!^2. */
static double bessel(double q)
{
    double sum = 1.0;
    for (int k = 24; k > 0; k--)
        sum = 1.0 + q * (1.0 / (double)(k * k)) * sum;
    return sum;
}

/* Input samples per sample at the lower rate. */
static double stretch(unsigned rate_in, unsigned rate_out)
{
    return rate_in > rate_out ? (double)rate_in / (double)rate_out : 1.0;
}

sinc sinc_design(unsigned rate_in, unsigned rate_out, size_t exact_phases)
{
    /* Kaiser's estimate of the length. */
    const double width = 2.0 * pi * (stop_edge - pass_edge);
    const double length = (attenuation - 7.95) / (2.285 * width) * stretch(rate_in, rate_out);
    const size_t taps = ((size_t)length / SINC_LANES + 1) * SINC_LANES;
    /* The error of linear interpolation between rows is at most (pi / phases)^2 / 8 at half the
     * input rate, -94 dB with 256 phases; with a lower cutoff fewer phases suffice. */
    const double fewest = 256.0 / stretch(rate_in, rate_out);
    return (sinc){taps, exact_phases > 0 ? exact_phases : (size_t)fewest + 1};
}

/* A rotation. */
typedef struct turn {
    double cosine, sine;
} turn;

/* The rotation by x * pi. */
static turn turn_by(double x)
{
    return (turn){sine_of_pi(x + 0.5), sine_of_pi(x)};
}

static turn turn_on(turn a, turn b)
{
    return (turn){a.cosine * b.cosine - a.sine * b.sine, a.sine * b.cosine + a.cosine * b.sine};
}

static void fill_row(float *row, size_t taps, double fraction, double cutoff)
{
    const double beta = 0.1102 * (attenuation - 8.7);
    const double half = 0.5 * (double)taps;
    const double first = 1.0 - half - fraction;
    const turn step = turn_by(2.0 * cutoff);
    turn phase = turn_by(2.0 * cutoff * first);
    double sum = 0.0;
    for (size_t j = 0; j < taps; j++) {
        const double t = (double)j + first;
        const double x = t / half;
        const double window = x * x < 1.0 ? bessel(0.25 * beta * beta * (1.0 - x * x)) : 0.0;
        const double wave = t == 0.0 ? 1.0 : phase.sine / (pi * 2.0 * cutoff * t);
        const double weight = wave * window;
        row[j] = (float)weight;
        sum += weight;
        phase = turn_on(phase, step);
    }
    /* Normalise each row to a sum of 1, so that all phases have the same gain. */
    for (size_t j = 0; j < taps; j++)
        row[j] = (float)((double)row[j] / sum);
}

void sinc_fill(const sinc *s, float *rows, unsigned rate_in, unsigned rate_out)
{
    const double cutoff = 0.5 * (pass_edge + stop_edge) / stretch(rate_in, rate_out);
    const size_t taps = s->taps;
    /* The filter is symmetric: row phases - p is row p reversed. */
    for (size_t p = 0; 2 * p <= s->phases; p++) {
        float *const row = rows + p * taps, *const other = rows + (s->phases - p) * taps;
        fill_row(row, taps, (double)p / (double)s->phases, cutoff);
        if (other != row)
            for (size_t j = 0; j < taps; j++)
                other[taps - 1 - j] = row[j];
    }
}
