#include "fft_table.h"
#include "kernels.h"

/* cos and -sin of 2 pi k / 512, k taken modulo 512. */
static float cosine(size_t k)
{
    k %= FFT_SIZE;
    if (k > FFT_SIZE / 2)
        k = FFT_SIZE - k;
    return k <= FFT_SIZE / 4 ? quarter_wave[k] : -quarter_wave[FFT_SIZE / 2 - k];
}

static float minus_sine(size_t k)
{
    return cosine(k + FFT_SIZE / 4);
}

/* The three factors of each butterfly of a pass over n points: e^(-2 pi i p m / n), m = 1, 2, 3. */
static void fill_pass(float *twiddle, size_t n)
{
    const size_t factors = n / 4;
    for (size_t p = 0; p < factors; p++)
        for (size_t m = 1; m <= 3; m++) {
            const size_t k = FFT_SIZE / n * p * m;
            twiddle[(2 * m - 2) * factors + p] = cosine(k);
            twiddle[(2 * m - 1) * factors + p] = minus_sine(k);
        }
}

void fft_init_size(fft *f, size_t size)
{
    f->size = size;
    fill_pass(f->first, size / 2);
    fill_pass(f->second, size / 8);
    fill_pass(f->third, size / 32);
    for (size_t k = 0; k <= size / 4; k++) {
        f->split[0][k] = cosine(FFT_SIZE / size * k);
        f->split[1][k] = minus_sine(FFT_SIZE / size * k);
    }
}

void fft_init(fft *f)
{
    fft_init_size(f, FFT_SIZE);
}
