/* Shared by the fuzz targets: libFuzzer's entry points, and small readers of their input. */
#ifndef UNECHO_FUZZ_H
#define UNECHO_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* The rest of an input; past its end it reads as zeros. */
typedef struct input {
    const unsigned char *at;
    size_t left;
} input;

static inline unsigned take_byte(input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static inline unsigned take_short(input *in)
{
    const unsigned low = take_byte(in);
    return low | take_byte(in) << 8;
}

#endif
