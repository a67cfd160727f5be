/*
 * What machine the figures are from. It does not know what was measured.
 */
#ifndef UNECHO_CLI_BENCH_MACHINE_H
#define UNECHO_CLI_BENCH_MACHINE_H

#include <stddef.h>

/* How many cores are online, at least 1. */
unsigned machine_cores(void);

/* The CPU's name, "" where the system does not tell. */
void machine_cpu(char *name, size_t size);

#endif
