/*
 * malloc and its like, replaced by ones that count what is not given back and that fail when told
 * to. For programs of one thread.
 */
#ifndef UNECHO_TEST_FAILING_MALLOC_H
#define UNECHO_TEST_FAILING_MALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Count from here on. The `fail_at`-th allocation fails (1: the first; 0: none), and with
 * `for_good` all after it. */
void malloc_arm(unsigned fail_at, bool for_good);
/* Count no more. */
void malloc_disarm(void);

/* Since malloc_arm: allocations asked for, those that failed, and blocks taken but not freed, save
 * those that libsndfile or what it uses took: what these lose where memory is short is not ours. */
unsigned malloc_calls(void);
unsigned malloc_failures(void);
size_t malloc_live(void);

/* Whether code lies in libsndfile or what it uses. */
bool malloc_is_below(const void *code);

#endif
