/*
 * Memory for streams from huge pages, one stream behind the other. The pages of 4 KB of some
 * hundred streams are more than a CPU keeps the addresses of, so that it looks them up at every
 * hop; a huge page of 2 MB holds seven streams. Where the system has none, the memory comes in
 * ordinary pages.
 */
#ifndef EXAMPLE_HUGE_PAGES_H
#define EXAMPLE_HUGE_PAGES_H

#include <stddef.h>

/* All zero: nothing allocated. */
typedef struct huge_pages {
    struct huge_chunk *newest;
} huge_pages;

/* For unecho_config's allocate and release, with the address of a huge_pages as `user`. What is
 * released is not used again before huge_pages_close: streams are opened once. */
void *huge_pages_allocate(void *user, size_t size);
void huge_pages_release(void *user, void *memory);

/* Give everything back. */
void huge_pages_close(huge_pages *pages);

#endif
