/*
 * Replaces malloc and its relatives: counts the blocks in use and fails on request. For
 * single-threaded programs.
 */
#ifndef UNECHO_TEST_FAILING_MALLOC_H
#define UNECHO_TEST_FAILING_MALLOC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Start counting. The `fail_at`-th allocation fails (1: the first; 0: none), and with `for_good`
 * all later ones.
 */
void malloc_arm(unsigned fail_at, bool for_good);
/* Stop counting. */
void malloc_disarm(void);

/*
 * Since malloc_arm: allocations requested, those that failed, and blocks not freed. Blocks of
 * libsndfile and its libraries do not count: what they leak when memory is short is not our bug.
 */
unsigned malloc_calls(void);
unsigned malloc_failures(void);
size_t malloc_live(void);

/* Whether code belongs to libsndfile or one of its libraries. */
bool malloc_is_below(const void *code);

#endif
