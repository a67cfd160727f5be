#include "sinc.h"

#include <math.h>

/* As fractions of the lower rate: where the pass band ends, and where the stop band begins. */
static const double pass_edge = 0.4375, stop_edge = 0.5;
/* Attenuation in dB: 80, and what interpolation between rows takes of it. */
static const double attenuation = 88.0;

static const double pi = 3.14159265358979323846;

/* Own series, not the C library's sine: tables are to be the same bits everywhere. */
static double sine_of_pi(double x)
{
    x -= 2.0 * floor(0.5 * x + 0.5);
    /* -1 <= x < 1; fold into a quarter. */
    if (x > 0.5)
        x = 1.0 - x;
    else if (x < -0.5)
        x = -1.0 - x;
    const double y = pi * x, square = y * y;
    double term = y, sum = y;
    for (int n = 2; n <= 20; n += 2) {
        term *= -square / (double)(n * (n + 1));
        sum += term;
    }
    return sum;
}

/* The modified Bessel function of order 0. */
static double bessel(double x)
{
    double term = 1.0, sum = 1.0;
    for (int k = 1; k < 60; k++) {
        term *= 0.25 * x * x / (double)(k * k);
        sum += term;
    }
    return sum;
}

/* In input samples per unit of the lower rate's sample. */
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
    /* Straight lines between rows are at most (pi / phases)^2 / 8 off at half the input rate, -94
     * dB with 256 phases; where the filter ends lower, fewer do. */
    const double fewest = 256.0 / stretch(rate_in, rate_out);
    return (sinc){taps, exact_phases > 0 ? exact_phases : (size_t)fewest + 1};
}

static void fill_row(float *row, size_t taps, double fraction, double cutoff)
{
    const double beta = 0.1102 * (attenuation - 8.7);
    const double half = 0.5 * (double)taps;
    double sum = 0.0;
    /* Twice: the weights of a row are to add up to 1, so that no phase is louder than another. */
    for (int pass = 0; pass < 2; pass++) {
        const double scale = pass == 0 ? 1.0 : 1.0 / sum;
        for (size_t j = 0; j < taps; j++) {
            const double t = (double)j - half + 1.0 - fraction;
            const double x = t / half;
            const double window = x * x < 1.0 ? bessel(beta * sqrt(1.0 - x * x)) : 0.0;
            const double angle = 2.0 * cutoff * t;
            const double wave = t == 0.0 ? 1.0 : sine_of_pi(angle) / (pi * angle);
            const double weight = wave * window * scale;
            if (pass == 0)
                sum += weight;
            else
                row[j] = (float)weight;
        }
    }
}

void sinc_fill(const sinc *s, float *rows, unsigned rate_in, unsigned rate_out)
{
    const double cutoff = 0.5 * (pass_edge + stop_edge) / stretch(rate_in, rate_out);
    for (size_t p = 0; p <= s->phases; p++)
        fill_row(rows + p * s->taps, s->taps, (double)p / (double)s->phases, cutoff);
}
