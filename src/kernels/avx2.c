/* AVX2 with FMA (Haswell, Zen and later); compiled a second time with AVX-VNNI (Alder Lake, Zen 5).
 */
#include <immintrin.h>

typedef __m256i vector;
enum { LANES = 8, WIDE = 8, PAIR = 4, TALL = 2 };
#define HOPS 5

#define vector_load(p)     _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vector_store(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define vector_zero()      _mm256_setzero_si256()
#define vector_add(a, b)   _mm256_add_epi32(a, b)
#define vector_hide(v)     __asm__("" : "+x"(v))
#define AS_FLOAT(v)        _mm256_castsi256_ps(v)
#define AS_WORDS(v)        _mm256_castps_si256(v)

static inline vector vector_spread(const void *word)
{
    return AS_WORDS(_mm256_broadcast_ss(word));
}

static inline vector vector_f32(vector sums, vector weights, vector input)
{
    return AS_WORDS(_mm256_fmadd_ps(AS_FLOAT(weights), AS_FLOAT(input), AS_FLOAT(sums)));
}

static inline vector vector_bf16(vector sums, vector weights, vector input)
{
    const vector high = _mm256_set1_epi32((int)0xffff0000u);
    sums = vector_f32(sums, _mm256_and_si256(weights, high), _mm256_and_si256(input, high));
    return vector_f32(sums, _mm256_slli_epi32(weights, 16), _mm256_slli_epi32(input, 16));
}

#ifdef __AVXVNNI__
#define INPUT_FLIP 0x80808080u

static inline vector vector_int8(vector sums, vector weights, vector input)
{
    return _mm256_dpbusd_avx_epi32(sums, input, weights);
}
#else
#define INPUT_FLIP 0u

/* |x| * (w with the sign of x): a pair of products is at most 2 * 127 * 127, which int16 holds. */
static inline vector vector_int8(vector sums, vector weights, vector input)
{
    const vector pairs =
        _mm256_maddubs_epi16(_mm256_abs_epi8(input), _mm256_sign_epi8(weights, input));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
#endif

static inline vector vector_scale(vector sums, const float *row_scales, float x_scale, vector base)
{
    const __m256 scale = _mm256_mul_ps(_mm256_loadu_ps(row_scales), _mm256_set1_ps(x_scale));
    return AS_WORDS(_mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scale, AS_FLOAT(base)));
}

#include "panels.h"

const kernels KERNELS_NAME = {
    .name = KERNELS_LABEL,
    .cpu = KERNELS_CPU,
    .dense = panels_dense,
    .lstm_step = panels_lstm_step,
    PLAIN_KERNELS,
};
