/*
 * AVX-512 with VNNI (Ice Lake, Zen 4 and later); compiled a second time with BF16 (Zen 4, Sapphire
 * Rapids and later).
 */
#include <immintrin.h>

typedef __m512i vector;
enum { LANES = 16, WIDE = 4, PAIR = 4, TALL = 4 };
#define HOPS       6
#define INPUT_FLIP 0x80808080u

#define vector_load(p)     _mm512_loadu_si512(p)
#define vector_store(p, v) _mm512_storeu_si512(p, v)
#define vector_zero()      _mm512_setzero_si512()
#define vector_add(a, b)   _mm512_add_epi32(a, b)
#define vector_hide(v)     __asm__("" : "+v"(v))
#define AS_FLOAT(v)        _mm512_castsi512_ps(v)
#define AS_WORDS(v)        _mm512_castps_si512(v)

static inline vector vector_spread(const void *word)
{
    return AS_WORDS(_mm512_broadcastss_ps(_mm_load_ss(word)));
}

static inline vector vector_f32(vector sums, vector weights, vector input)
{
    return AS_WORDS(_mm512_fmadd_ps(AS_FLOAT(weights), AS_FLOAT(input), AS_FLOAT(sums)));
}

static inline vector vector_bf16(vector sums, vector weights, vector input)
{
#ifdef __AVX512BF16__
    return AS_WORDS(_mm512_dpbf16_ps(AS_FLOAT(sums), (__m512bh)weights, (__m512bh)input));
#else
    const vector high = _mm512_set1_epi32((int)0xffff0000u);
    sums = vector_f32(sums, _mm512_and_si512(weights, high), _mm512_and_si512(input, high));
    return vector_f32(sums, _mm512_slli_epi32(weights, 16), _mm512_slli_epi32(input, 16));
#endif
}

static inline vector vector_int8(vector sums, vector weights, vector input)
{
    return _mm512_dpbusd_epi32(sums, input, weights);
}

static inline vector vector_scale(vector sums, const float *row_scales, float x_scale, vector base)
{
    const __m512 scale = _mm512_mul_ps(_mm512_loadu_ps(row_scales), _mm512_set1_ps(x_scale));
    return AS_WORDS(_mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scale, AS_FLOAT(base)));
}

#include "panels.h"

const kernels KERNELS_NAME = {
    .name = KERNELS_LABEL,
    .cpu = KERNELS_CPU,
    .dense = panels_dense,
    .lstm_step = panels_lstm_step,
    PLAIN_KERNELS,
};
