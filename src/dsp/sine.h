/* A series instead of the C library's sine, so that tables have the same bits everywhere. */
#ifndef UNECHO_SINE_H
#define UNECHO_SINE_H

#include <math.h>

/* sin(pi x) */
static inline double sine_of_pi(double x)
{
    x -= 2.0 * floor(0.5 * x + 0.5);
    /* -1 <= x < 1; fold into a quarter. */
    if (x > 0.5)
        x = 1.0 - x;
    else if (x < -0.5)
        x = -1.0 - x;
    const double y = 3.14159265358979323846 * x, square = y * y;
    double term = y, sum = y;
    for (int n = 2; n <= 20; n += 2) {
        term *= -square / (double)(n * (n + 1));
        sum += term;
    }
    return sum;
}

#endif
