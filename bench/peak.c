/*
 * The loops of peak.h, compiled once for each kernel set. PEAK_SOURCE is the set's source, which
 * provides its vector type and its steps.
 */
#include PEAK_SOURCE // NOLINT(bugprone-suspicious-include)

#include "peak.h"

/*
 * Hides from the compiler that the value does not change: otherwise it would hoist work out of the
 * loop that a kernel does for every word. Costs no instruction.
 */
#if defined(__aarch64__)
#define RENEW(v) __asm__ volatile("" : "+w"(v))
#elif defined(__AVX512F__)
#define RENEW(v) __asm__ volatile("" : "+v"(v))
#else
#define RENEW(v) __asm__ volatile("" : "+x"(v))
#endif

/*
 * Independent sums: enough to hide the latency of a step, while registers are left for the
 * operands. UNROLL handles up to 16.
 */
enum { SUMS = TALL * HOPS < 16 ? TALL * HOPS : 16 };

static volatile float sink;

/* Takes a vector, as an array of vectors would be kept in memory. */
INLINE void keep(vector sums)
{
    float lanes[LANES];
    vector_store(lanes, sums);
    sink = lanes[0];
}

#define PEAK_OF(name, step, macs)                                                                  \
    static double name(size_t steps)                                                               \
    {                                                                                              \
        static const float small[LANES] = {0};                                                     \
        vector sums[SUMS];                                                                         \
        vector weights = vector_load(small);                                                       \
        vector input = vector_spread(small);                                                       \
        UNROLL                                                                                     \
        for (size_t i = 0; i < SUMS; i++) {                                                        \
            sums[i] = vector_zero();                                                               \
            RENEW(sums[i]);                                                                        \
        }                                                                                          \
        for (size_t k = 0; k < steps; k++) {                                                       \
            RENEW(input);                                                                          \
            UNROLL                                                                                 \
            for (size_t i = 0; i < SUMS; i++) {                                                    \
                RENEW(weights);                                                                    \
                sums[i] = step(sums[i], weights, input);                                           \
            }                                                                                      \
        }                                                                                          \
        UNROLL                                                                                     \
        for (size_t i = 0; i < SUMS; i++)                                                          \
            keep(sums[i]);                                                                         \
        return (double)(steps * SUMS * LANES * (macs));                                            \
    }
PEAK_OF(peak_f32, vector_f32, 1)
PEAK_OF(peak_bf16, vector_bf16, 2)
PEAK_OF(peak_int8, vector_int8, 4)

/* Prefetches like the kernels, or it would be slower than they are. */
static float peak_read(const float *x, size_t n)
{
    enum { LOADS = 8 };
    static const float one = 1.0f;
    const vector input = vector_spread(&one);
    vector sums[LOADS];
    UNROLL
    for (size_t i = 0; i < LOADS; i++) {
        sums[i] = vector_zero();
        RENEW(sums[i]);
    }
    for (size_t k = 0; k < n; k += LOADS * LANES) {
        UNROLL
        for (size_t line = 0; line < LOADS * LANES; line += 16)
            __builtin_prefetch((const char *)(x + k + line) + AHEAD_BYTES);
        UNROLL
        for (size_t i = 0; i < LOADS; i++)
            sums[i] = vector_f32(sums[i], vector_load(x + k + i * LANES), input);
    }
    UNROLL
    for (size_t i = 0; i < LOADS; i++)
        keep(sums[i]);
    return sink;
}

extern const peak PEAK_NAME;
const peak PEAK_NAME = {KERNELS_LABEL, peak_f32, peak_bf16, peak_int8, peak_read};
