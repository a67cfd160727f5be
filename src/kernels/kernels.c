#include "kernels.h"

#include "unecho.h"

#include <stdatomic.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

extern const kernels kernels_plain, kernels_avx2, kernels_avxvnni, kernels_avx512,
    kernels_avx512bf16, kernels_neon, kernels_dotprod, kernels_simd128;

static const kernels *const sets[] = {
#ifdef HAVE_KERNELS_PLAIN
    &kernels_plain,
#endif
#ifdef HAVE_KERNELS_AVX2
    &kernels_avx2,
#endif
#ifdef HAVE_KERNELS_AVXVNNI
    &kernels_avxvnni,
#endif
#ifdef HAVE_KERNELS_AVX512
    &kernels_avx512,
#endif
#ifdef HAVE_KERNELS_AVX512BF16
    &kernels_avx512bf16,
#endif
#ifdef HAVE_KERNELS_NEON
    &kernels_neon,
#endif
#ifdef HAVE_KERNELS_DOTPROD
    &kernels_dotprod,
#endif
#ifdef HAVE_KERNELS_SIMD128
    &kernels_simd128,
#endif
};

size_t kernels_count(void)
{
    return sizeof sets / sizeof *sets;
}

const kernels *kernels_at(size_t index)
{
    return sets[index];
}

#if defined(__x86_64__)
/* cpuid by hand for AVX-VNNI, which GCC 12's builtin does not know by name. */
#include <cpuid.h>

static int has_avxvnni(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 4));
}

static uint32_t detect(void)
{
    uint32_t cpu = 0;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        cpu |= UNECHO_CPU_AVX2;
    if (cpu && has_avxvnni())
        cpu |= UNECHO_CPU_AVXVNNI;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
        cpu |= UNECHO_CPU_AVX512;
    if ((cpu & UNECHO_CPU_AVX512) && __builtin_cpu_supports("avx512bf16"))
        cpu |= UNECHO_CPU_BF16;
    return cpu;
}
#elif defined(__aarch64__)
static uint32_t detect(void)
{
    uint32_t cpu = UNECHO_CPU_NEON;
#if defined(__linux__)
    const unsigned long dotprod = 1ul << 20; /* HWCAP_ASIMDDP */
    if (getauxval(AT_HWCAP) & dotprod)
        cpu |= UNECHO_CPU_DOTPROD;
#elif defined(__APPLE__)
    cpu |= UNECHO_CPU_DOTPROD; /* every 64-bit Mac has it */
#endif
    return cpu;
}
#else
static uint32_t detect(void)
{
    return UNECHO_CPU_PLAIN;
}
#endif

/* What this build has kernels for, of what the CPU has. Kept, as a virtual machine takes as long to
 * answer what its CPU has as opening a stream takes else. */
uint32_t kernels_cpu(void)
{
    static _Atomic uint32_t kept;
    const uint32_t known = atomic_load_explicit(&kept, memory_order_relaxed);
    if (known != 0)
        return known;
    uint32_t built = 0;
    for (size_t i = 0; i < kernels_count(); i++)
        built |= sets[i]->cpu;
    const uint32_t cpu = detect() & built;
    atomic_store_explicit(&kept, cpu, memory_order_relaxed);
    return cpu;
}

size_t kernels_choose(uint32_t allowed)
{
    const uint32_t cpu = kernels_cpu() & allowed;
    size_t best = 0;
    for (size_t i = 1; i < kernels_count(); i++)
        if ((sets[i]->cpu & ~cpu) == 0)
            best = i;
    return best;
}
