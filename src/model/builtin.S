/*
 * The built-in model's file as it is, byte for byte, in read-only data. The assembler takes it in at
 * once where a C array of a million numbers would take a compiler long.
 */
#ifdef __APPLE__
#define SYMBOL(name) _##name
        .const
#else
#define SYMBOL(name) name
        .section .rodata
#endif

#ifdef __ELF__
#define VISIBILITY(name) .hidden name
#else
#define VISIBILITY(name)
#endif

#define EMBED(name, file)                                                                          \
        .globl SYMBOL(name);                                                                       \
        VISIBILITY(SYMBOL(name));                                                                  \
        .globl SYMBOL(name##_end);                                                                 \
        VISIBILITY(SYMBOL(name##_end));                                                            \
        .balign 64;                                                                                \
SYMBOL(name):;                                                                                     \
        .incbin file;                                                                              \
SYMBOL(name##_end):;                                                                               \
        .byte 0

EMBED(builtin_postfilter, BUILTIN_POSTFILTER)

#if defined(__ELF__)
        .section .note.GNU-stack, "", %progbits
#endif
