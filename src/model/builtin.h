/* The ONNX files of the built-in models, which builtin.S embeds. */
#ifndef UNECHO_BUILTIN_H
#define UNECHO_BUILTIN_H

#include <stddef.h>

#define BUILTIN_NAME            "unecho-128"
#define BUILTIN_POSTFILTER_NAME "unecho-post"

extern const unsigned char builtin_stage1[], builtin_stage1_end[];
extern const unsigned char builtin_stage2[], builtin_stage2_end[];
extern const unsigned char builtin_postfilter[], builtin_postfilter_end[];

static inline size_t builtin_size(const unsigned char *first, const unsigned char *end)
{
    return (size_t)(end - first);
}

#endif
