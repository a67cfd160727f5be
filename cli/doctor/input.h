/*
 * The two ends of a call, to be read from start to end as often as needed; what cannot be read
 * twice is kept in temporary files.
 */
#ifndef UNECHO_CLI_DOCTOR_INPUT_H
#define UNECHO_CLI_DOCTOR_INPUT_H

#include "alignment/far_feed.h"
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
    uint64_t total;   /* frames, once it has been read to its end */
    uint64_t n;       /* of them, or of those after the changes, in the part that is examined */
    uint64_t invalid; /* samples in them that are not finite or beyond +-DOCTOR_LARGEST */
    ends *pair;
    bool (*read)(ends *pair, float *frames, size_t n, size_t *got);
    FILE *kept; /* NULL: can be read again */
    bool is_kept;
    struct far_feed feed; /* of the recording, with changes */
    uint64_t at, most;    /* frames of the part: passed, and allowed */
    struct lanes lanes;   /* of what was read mixed */
};

struct doctor_input {
    struct doctor_end mic, far;
    uint64_t from; /* seconds before the part that is examined */
    bool cut;      /* longer than the limit */
    bool shared;   /* both ends in one file */
    bool movable;  /* unecho process shifts the far end where that helps */
    ends *pair;
};

/* As in the library. */
#define DOCTOR_LARGEST 100.0f
/* Only so much of a longer recording is examined, and read of a pipe. */
#define DOCTOR_LONGEST_S 600

/* false: failed, reported. doctor_input_close in either case. */
bool doctor_input_open(struct doctor_input *input, const ends_choice *choice);
void doctor_input_close(struct doctor_input *input);

/*
 * From now on read only the part from these seconds on, of a far end that is changed by a plan,
 * which must outlive the input. Both have been read to their ends. false: failed, reported.
 */
bool doctor_input_examine(struct doctor_input *input, uint64_t from, const struct far_plan *plan);

/* Both back to their start, or that of the part; the first time, once both have been read to their
 * ends. false: failed, reported. */
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
