#include "kernels.h"

#include "unecho.h"

extern const kernels kernels_plain;
#ifdef HAVE_KERNELS_FMA
extern const kernels kernels_fma;
#endif

static const kernels *const sets[] = {
    &kernels_plain,
#ifdef HAVE_KERNELS_FMA
    &kernels_fma,
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

uint32_t kernels_cpu(void)
{
    uint32_t cpu = UNECHO_CPU_PLAIN;
#ifdef HAVE_KERNELS_FMA
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        cpu |= UNECHO_CPU_FMA;
#endif
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
