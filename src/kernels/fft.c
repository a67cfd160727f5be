#include "fft_tables.h"
#include "kernels.h"

const fft *fft_of(size_t size)
{
    return size == FFT_SIZE ? &fft_512 : &fft_256;
}
