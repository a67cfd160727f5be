/*
 * Functions whose loops pay in wider vectors are compiled for AVX2 as well, where the toolchain and
 * the C library choose between the two at start. The bits are the same: nothing is fused.
 */
#ifndef UNECHO_CLONES_H
#define UNECHO_CLONES_H

#include <stdint.h> /* __GLIBC__ */

/* The choice is made before a sanitizer's run time is ready. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__AVX2__)
#define CLONED __attribute__((target_clones("avx2", "default")))
#else
#define CLONED
#endif

#endif
