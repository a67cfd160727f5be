/* Gives damaged records of streams right checksums, so that readers look beyond those. */
#ifndef UNECHO_TEST_SEAL_H
#define UNECHO_TEST_SEAL_H

#include "record/format.h"

#include <stddef.h>

/* Correct the checksum of each entry from offset 8 on, up to one whose size is impossible. */
void seal_entries(unsigned char *file, size_t size);

/* Append an entry to a file of *size bytes with room for it; its content is head->words long,
 * checksum and head included, and zero. */
void append_entry(unsigned char *file, size_t *size, const record_head *head);

#endif
