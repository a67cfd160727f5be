/* The report about many pairs: one page that a browser shows without a server. */
#ifndef UNECHO_CLI_BATCH_PAGE_H
#define UNECHO_CLI_BATCH_PAGE_H

#include "batch/journal.h"
#include "files/output_file.h"

#include <stdbool.h>

/*
 * Write the page to output, which has been inspected: about the outputs of this run, or about all
 * in the journals. folder: that of the outputs. Recordings are linked, all else is in the page.
 * false: failed, reported.
 */
bool page_write(output_file *output, struct journal *journal, bool all, const char *folder);

#endif
