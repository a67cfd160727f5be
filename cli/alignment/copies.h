/* Copies of both ends of a recording. */
#ifndef UNECHO_CLI_COPIES_H
#define UNECHO_CLI_COPIES_H

#include "alignment/copy.h"
#include "files/ends.h"

#include <stdbool.h>

struct copies {
    struct copy mic, far;
    bool taken; /* false: there was no room for them */
    bool same;  /* both hold the same signal */
};

/*
 * Read both ends, and go back to their start. Where there is no room for temporary files, a note
 * says so and there are no copies. false: failed or interrupted, reported. copies_close in either
 * case.
 */
bool copies_take(struct copies *copies, ends *pair);
void copies_close(struct copies *copies);

#endif
