/* The two ONNX files of the built-in model, which builtin.S embeds. */
#ifndef UNECHO_BUILTIN_H
#define UNECHO_BUILTIN_H

#include <stddef.h>

#define BUILTIN_NAME "unecho-128"

extern const unsigned char builtin_stage1[], builtin_stage1_end[];
extern const unsigned char builtin_stage2[], builtin_stage2_end[];

static inline size_t builtin_stage1_size(void)
{
    return (size_t)(builtin_stage1_end - builtin_stage1);
}

static inline size_t builtin_stage2_size(void)
{
    return (size_t)(builtin_stage2_end - builtin_stage2);
}

#endif
