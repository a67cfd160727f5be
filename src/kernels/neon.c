/* NEON on 64-bit ARM; compiled a second time with the dot products of ARMv8.2 (DotProd). */
#include <arm_neon.h>

typedef uint32x4_t vector;
enum { LANES = 4, WIDE = 16, PAIR = 8, TALL = 4 };
#define HOPS       6
#define INPUT_FLIP 0u

#define vector_load(p)     vld1q_u32((const uint32_t *)(const void *)(p))
#define vector_store(p, v) vst1q_u32((uint32_t *)(void *)(p), v)
#define vector_zero()      vdupq_n_u32(0)
#define vector_add(a, b)   vaddq_u32(a, b)
#define vector_hide(v)     __asm__("" : "+w"(v))
#define AS_FLOAT(v)        vreinterpretq_f32_u32(v)
#define AS_WORDS(v)        vreinterpretq_u32_f32(v)

static inline vector vector_spread(const void *word)
{
    return vld1q_dup_u32(word);
}

static inline vector vector_f32(vector sums, vector weights, vector input)
{
    return AS_WORDS(vfmaq_f32(AS_FLOAT(sums), AS_FLOAT(weights), AS_FLOAT(input)));
}

static inline vector vector_bf16(vector sums, vector weights, vector input)
{
    const vector high = vdupq_n_u32(0xffff0000u);
    sums = vector_f32(sums, vandq_u32(weights, high), vandq_u32(input, high));
    return vector_f32(sums, vshlq_n_u32(weights, 16), vshlq_n_u32(input, 16));
}

static inline vector vector_int8(vector sums, vector weights, vector input)
{
    const int8x16_t w = vreinterpretq_s8_u32(weights), x = vreinterpretq_s8_u32(input);
    const int32x4_t before = vreinterpretq_s32_u32(sums);
#ifdef __ARM_FEATURE_DOTPROD
    return vreinterpretq_u32_s32(vdotq_s32(before, w, x));
#else
    /* A row's four products, two and two: a pair is at most 2 * 127 * 127, which int16 holds. */
    const int16x8_t low = vmull_s8(vget_low_s8(w), vget_low_s8(x));
    const int16x8_t high = vmull_s8(vget_high_s8(w), vget_high_s8(x));
    const int32x4_t products = vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
    return vreinterpretq_u32_s32(vaddq_s32(before, products));
#endif
}

static inline vector vector_scale(vector sums, const float *row_scales, float x_scale, vector base)
{
    const float32x4_t scale = vmulq_n_f32(vld1q_f32(row_scales), x_scale);
    return AS_WORDS(vfmaq_f32(AS_FLOAT(base), vcvtq_f32_s32(vreinterpretq_s32_u32(sums)), scale));
}

#include "panels.h"

const kernels KERNELS_NAME = {
    .name = KERNELS_LABEL,
    .cpu = KERNELS_CPU,
    .dense = panels_dense,
    .lstm_step = panels_lstm_step,
    PLAIN_KERNELS,
};
