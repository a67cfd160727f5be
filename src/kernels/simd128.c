/* WebAssembly with 128-bit vectors. */
#include <wasm_simd128.h>

typedef v128_t vector;
enum { LANES = 4, WIDE = 16, PAIR = 4, TALL = 2 };
#define HOPS       4
#define INPUT_FLIP 0u

#define vector_load(p)     wasm_v128_load(p)
#define vector_store(p, v) wasm_v128_store(p, v)
#define vector_zero()      wasm_i32x4_const(0, 0, 0, 0)
#define vector_add(a, b)   wasm_i32x4_add(a, b)
#define vector_hide(v)     (void)(v)

static inline vector vector_spread(const void *word)
{
    return wasm_v128_load32_splat(word);
}

/* Not fused: see scalar.h. */
static inline vector vector_f32(vector sums, vector weights, vector input)
{
    return wasm_f32x4_add(wasm_f32x4_mul(weights, input), sums);
}

static inline vector vector_bf16(vector sums, vector weights, vector input)
{
    const vector high = wasm_i32x4_const_splat((int32_t)0xffff0000u);
    sums = vector_f32(sums, wasm_v128_and(weights, high), wasm_v128_and(input, high));
    return vector_f32(sums, wasm_i32x4_shl(weights, 16), wasm_i32x4_shl(input, 16));
}

static inline vector vector_int8(vector sums, vector weights, vector input)
{
    /* A row's four products, two and two: a pair is at most 2 * 127 * 127, which int16 holds. */
    const vector low =
        wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_extmul_low_i8x16(weights, input));
    const vector high =
        wasm_i32x4_extadd_pairwise_i16x8(wasm_i16x8_extmul_high_i8x16(weights, input));
    const vector even = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
    const vector odd = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
    return wasm_i32x4_add(sums, wasm_i32x4_add(even, odd));
}

static inline vector vector_scale(vector sums, const float *row_scales, float x_scale, vector base)
{
    const vector scale = wasm_f32x4_mul(wasm_v128_load(row_scales), wasm_f32x4_splat(x_scale));
    return vector_f32(base, wasm_f32x4_convert_i32x4(sums), scale);
}

#include "panels.h"

const kernels KERNELS_NAME = {
    .name = KERNELS_LABEL,
    .cpu = KERNELS_CPU,
    .dense = panels_dense,
    .lstm_step = panels_lstm_step,
    PLAIN_KERNELS,
};
