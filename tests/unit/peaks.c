/*
 * Tones in the spectrum are found in the post-filter's bands, be they as wide as a bin or wider,
 * and neither hiss nor an edge is one.
 */
#include "suppress/postfilter/peaks.h"
#include "check.h"

enum { BANDS = POSTFILTER_BANDS, NOTE = 14, WHISTLE = 64 }; /* 440 Hz; bin 64 is 2 kHz, band 52 */

static bands all;

static void fill(float *x, size_t from, size_t to, float value)
{
    for (size_t i = from; i < to; i++)
        x[i] = value;
}

static void a_tone_in_a_band_of_one_bin(void **state)
{
    (void)state;
    float power[BANDS], peaks[BANDS];
    fill(power, 0, BANDS, 1.0f);
    power[NOTE] = 20.0f;
    peaks_of_bins(power, peaks);
    for (size_t b = 0; b < BANDS; b++)
        assert_float_equal(peaks[b], (b == NOTE ? 1.0f : 0.0f), 0.0f);
    power[NOTE] = 8.0f;
    peaks_of_bins(power, peaks);
    assert_float_equal(peaks[NOTE], 0.0f, 0.0f);
}

static void a_tone_in_a_wider_band(void **state)
{
    (void)state;
    float power[FFT_BINS], shares[BANDS];
    fill(power, 0, FFT_BINS, 1.0f);
    power[WHISTLE - 1] = power[WHISTLE + 1] = 100.0f;
    power[WHISTLE] = 1000.0f;
    peaks_of_bands(&all, power, shares);
    for (size_t b = 0; b < BANDS; b++)
        if (b >= 51 && b <= 53)
            assert_true(shares[b] > 0.9f && shares[b] <= 1.0f);
        else
            assert_float_equal(shares[b], 0.0f, 0.0f);
    /* As loud as the rest of its band. */
    power[WHISTLE - 1] = power[WHISTLE + 1] = 1.0f;
    power[WHISTLE] = 11.0f;
    peaks_of_bands(&all, power, shares);
    assert_true(shares[52] > 0.4f && shares[52] < 0.8f);
}

static void what_is_no_tone(void **state)
{
    (void)state;
    float power[FFT_BINS], shares[BANDS];
    const size_t edges[] = {FFT_BINS, 0, WHISTLE};
    for (size_t i = 0; i < 3; i++) {
        fill(power, 0, FFT_BINS, 1e-6f);
        fill(power, edges[i], FFT_BINS, 1.0f);
        peaks_of_bands(&all, power, shares);
        for (size_t b = 0; b < BANDS; b++)
            assert_float_equal(shares[b], 0.0f, 0.0f);
    }
    /* Nor silence. */
    fill(power, 0, FFT_BINS, 0.0f);
    peaks_of_bands(&all, power, shares);
    for (size_t b = 0; b < BANDS; b++)
        assert_float_equal(shares[b], 0.0f, 0.0f);
}

int main(void)
{
    bands_init(&all);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_in_a_band_of_one_bin),
        cmocka_unit_test(a_tone_in_a_wider_band),
        cmocka_unit_test(what_is_no_tone),
    };
    return cmocka_run_group_tests_name("peaks", tests, NULL, NULL);
}
