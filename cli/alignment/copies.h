/*
 * Both ends of a recording at 8 kHz in temporary files, for a search that goes back and forth in
 * hours of sound with little memory; and how loud they are.
 */
#ifndef UNECHO_CLI_COPIES_H
#define UNECHO_CLI_COPIES_H

#include "alignment/levels.h"
#include "files/ends.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct copy {
    FILE *file;
    uint64_t n;           /* samples at CORRELATOR_RATE */
    double peak;          /* of the recording */
    struct levels levels; /* of the copy */
    double active_db, active_seconds;
};

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

double copy_seconds(const struct copy *copy);

/* n samples from `from` on, with silence around the signal. */
void copy_read(const struct copy *copy, float *samples, int64_t from, size_t n);

#endif
