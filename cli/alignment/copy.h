/*
 * A recording at 8 kHz, for a search that goes back and forth in it: in memory, or hours of it with
 * little memory in a temporary file; and how loud it is.
 */
#ifndef UNECHO_CLI_COPY_H
#define UNECHO_CLI_COPY_H

#include "alignment/levels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct copy {
    float *samples;       /* NULL: they are in the file */
    FILE *file;           /* NULL: they are in memory */
    uint64_t n;           /* samples at CORRELATOR_RATE */
    double peak;          /* of the recording */
    struct levels levels; /* of the copy */
    double active_db, active_seconds;
};

void copy_close(struct copy *copy);

double copy_seconds(const struct copy *copy);

/* n samples from `from` on, with silence around the signal. */
void copy_read(const struct copy *copy, float *samples, int64_t from, size_t n);

/* The same where it lies, if it is all in memory, or read into `samples`. */
const float *copy_look(const struct copy *copy, float *samples, int64_t from, size_t n);

/* Whether both hold the same signal, or nearly, at whatever levels. */
bool copies_are_same(const struct copy *a, const struct copy *b);

/* ---- Making one ------------------------------------------------------------------------- */

struct copier;

/*
 * Of a signal at this rate, not necessarily an integer. The copy stays in memory if it has at most
 * so many samples; where there is no room for a temporary file otherwise, the copier is full. NULL:
 * out of memory, reported. copy_close in either case.
 */
struct copier *copier_open(struct copy *copy, double rate, size_t in_memory);
void copier_close(struct copier *c);

/* Take the next n samples; those that are not finite become 0. false: out of memory, reported. */
bool copier_push(struct copier *c, float *samples, size_t n);
/* The signal has ended. false: out of memory, reported. */
bool copier_finish(struct copier *c);

/* There is no room for the copy, for the reason in errno; it is incomplete. */
bool copier_is_full(const struct copier *c);

#endif
