/* The machine that the figures are from. */
#ifndef UNECHO_CLI_BENCH_MACHINE_H
#define UNECHO_CLI_BENCH_MACHINE_H

#include <stddef.h>

/* How many cores are online, at least 1. */
unsigned machine_cores(void);

/* The CPU's name; "": unknown. */
void machine_cpu(char *name, size_t size);

#endif
