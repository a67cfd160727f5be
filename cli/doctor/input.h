/*
 * The two ends of a call, to be read from start to end as often as needed; what cannot be read
 * twice is kept in temporary files.
 */
#ifndef UNECHO_CLI_DOCTOR_INPUT_H
#define UNECHO_CLI_DOCTOR_INPUT_H

#include "files/ends.h"
#include "files/lanes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct doctor_end {
    char name[256]; /* for people */
    int rate;       /* Hz */
    unsigned channels;
    uint64_t n;       /* frames, once it has been read to its end */
    uint64_t invalid; /* samples in them that are not finite or beyond +-DOCTOR_LARGEST */
    ends *pair;
    bool (*read)(ends *pair, float *frames, size_t n, size_t *got);
    FILE *kept; /* NULL: can be read again */
    bool is_kept;
    uint64_t at;
    struct lanes lanes; /* of what was read mixed */
};

struct doctor_input {
    struct doctor_end mic, far;
    bool cut; /* longer than the limit */
    ends *pair;
};

/* As in the library. */
#define DOCTOR_LARGEST 100.0f
/* Only so much of a longer recording is examined. */
#define DOCTOR_LONGEST_S 600

/* false: failed, reported. doctor_input_close in either case. */
bool doctor_input_open(struct doctor_input *input, const ends_choice *choice);
void doctor_input_close(struct doctor_input *input);

/* Both back to their start; the first time, once both have been read to their ends. false: failed,
 * reported. */
bool doctor_input_rewind(struct doctor_input *input);

/*
 * Read n frames, with 0 for samples that are not finite, +-DOCTOR_LARGEST for those beyond it, and
 * silence after the end. *got: those
 * before the end. false: failed or interrupted, reported.
 */
bool doctor_end_read_frames(struct doctor_end *end, float *frames, size_t n, size_t *got);
/* The same as one signal, by lanes_mix. */
bool doctor_end_read(struct doctor_end *end, float *samples, size_t n, size_t *got);

#endif
