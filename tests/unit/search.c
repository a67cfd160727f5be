/* What the search through whole recordings rests on: decimator, correlator, coherence. */
#include "alignment/coherence.h"
#include "alignment/correlator.h"
#include "alignment/decimator.h"
#include "dsp/uniform.h"

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static float *noise(size_t n, uint32_t seed)
{
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = 0.3f * uniform_noise(&seed);
    return x;
}

/* The largest deviation of a tone from itself, or from silence, once it is lowered to 8 kHz. */
static double deviation(unsigned factor, double hertz, double gain)
{
    enum { PART = 997, SHORT = 4000 };
    const double rate = 8000.0 * factor;
    struct decimator *d = decimator_new(factor, PART);
    float x[PART], y[SHORT];
    double most = 0.0;
    size_t pulled = 0;
    assert_non_null(d);
    for (size_t pushed = 0; pulled < SHORT;) {
        /* At most so many at a time, and less than there are. */
        const size_t got = decimator_pull(d, y + pulled, SHORT - pulled < 50 ? SHORT - pulled : 50);
        pulled += got;
        if (got > 0)
            continue;
        const size_t part = 1 + pushed % PART;
        for (size_t i = 0; i < part; i++, pushed++)
            x[i] = (float)sin(2.0 * pi * hertz * (double)pushed / rate);
        decimator_push(d, x, part);
    }
    /* The tone begins in the first filter. */
    for (size_t i = 12; i < SHORT; i++)
        most = fmax(most, fabs((double)y[i] - gain * sin(2.0 * pi * hertz * (double)i / 8000.0)));
    decimator_free(d);
    return most;
}

static void tones_stay_where_they_were(void **state)
{
    (void)state;
    for (unsigned factor = 1; factor <= 6; factor++) {
        assert_true(deviation(factor, 200.0, 1.0) < 0.004);
        assert_true(deviation(factor, 3400.0, 1.0) < 0.004);
        /* -50 dB is 0.0032. */
        if (factor > 1)
            assert_true(deviation(factor, 4600.0, 0.0) < 0.004);
    }
}

/* Wherever it is, before lag 0, behind it or at the border between them. */
static void peaks_are_found_where_they_are(void **state)
{
    enum { SIZE = 4096, WINDOW = 2000 };
    static const long lags[] = {-900, -33, -1, 0, 1, 40, 950};
    struct correlator c;
    float *x = noise(2 * SIZE, 1);
    (void)state;
    assert_true(correlator_open(&c, SIZE));
    for (size_t i = 0; i < sizeof lags / sizeof *lags; i++) {
        memset(c.window, 0, SIZE * sizeof *x);
        memcpy(c.window, x + SIZE, WINDOW * sizeof *x);
        correlator_take_echo(&c);
        memset(c.window, 0, SIZE * sizeof *x);
        memcpy(c.window, x + SIZE + lags[i], WINDOW * sizeof *x);
        correlator_take_source(&c);
        assert_true(correlator_tells(&c));
        correlator_run(&c);
        const struct correlator_peak peak = correlator_find(&c, -1000, 1000);
        assert_true(fabs(peak.lag - (double)lags[i]) < 0.05);
        /* The same by its definition. */
        double squares = 0.0, most = 0.0;
        for (long lag = -1000; lag <= 1000; lag++) {
            const double value = (double)c.window[(lag + SIZE) % SIZE];
            squares += value * value;
            most = fmax(most, fabs(value));
        }
        assert_true(peak.size == most);
        assert_true(fabs(peak.height * sqrt(squares / 2001.0) / most - 1.0) < 1e-9);
    }
    memset(c.window, 0, SIZE * sizeof *x);
    for (size_t i = 0; i < WINDOW; i++)
        c.window[i] = (float)(sin(0.1 * pi * (double)i) + sin(0.31 * pi * (double)i));
    correlator_take_echo(&c);
    assert_false(correlator_tells(&c));
    correlator_close(&c);
    free(x);
}

/* Of what is made from x a filter leaves nothing, of noise beside it all of the noise. */
static void coherence_is_what_a_filter_can_remove(void **state)
{
    enum { RATE = 8000 };
    struct coherence *c = coherence_new(RATE);
    assert_non_null(c);
    const size_t half = coherence_half(c), n = 3 * half;
    float *x = noise(n + 1, 2), *other = noise(n, 3), *y = malloc(n * sizeof *y);
    (void)state;
    for (int noisy = 0; noisy < 2; noisy++) {
        double before = 0.0, after = 0.0, both = 0.0;
        for (size_t i = 0; i < n; i++)
            y[i] = 0.5f * x[i] + 0.25f * x[i + 1] + (noisy ? 0.5f * other[i] : 0.0f);
        coherence_take(c, x, y);
        coherence_take(c, x + half, y + half);
        assert_true(coherence_add(c, &before, &after));
        /* Powers 0.25 + 0.0625 and 0.25. 28 frames: the share is known to 1 / sqrt(28) at a bin and
         * far better over 513 of them. */
        const double left = noisy ? 0.25 / 0.5625 : 0.0;
        assert_true(fabs(after / before - left) < 0.02);
        /* The next half replaces the oldest. */
        coherence_take(c, x + 2 * half, y + 2 * half);
        both = before;
        assert_true(coherence_add(c, &before, &after));
        assert_true(fabs(before / both - 2.0) < 0.1);
    }
    memset(x, 0, n * sizeof *x);
    double before = 0.0, after = 0.0;
    coherence_take(c, x, y);
    coherence_take(c, x, y);
    assert_false(coherence_add(c, &before, &after));
    assert_true(before == 0.0 && after == 0.0);
    coherence_free(c);
    free(x);
    free(y);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tones_stay_where_they_were),
        cmocka_unit_test(peaks_are_found_where_they_are),
        cmocka_unit_test(coherence_is_what_a_filter_can_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
