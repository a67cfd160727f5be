/*
 * The two ends of a call, microphone and far end: from two files, or from two channels of one file.
 * It does not know what is done with them.
 */
#ifndef UNECHO_CLI_ENDS_H
#define UNECHO_CLI_ENDS_H

#include "files/audio_reader.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As end_choice.channel: all of them, or their mean. */
#define END_MEAN (-1)

/* Where one end comes from; zero: the default. */
typedef struct end_choice {
    const char *path; /* NULL: the far end is in the microphone's file */
    audio_layout layout;
    int channel;                      /* from 1, or END_MEAN */
    const struct loaded_file *loaded; /* NULL: not read before */
} end_choice;

typedef struct ends_choice {
    end_choice mic, far;
} ends_choice;

/* Fill an ends_choice. */
extern const struct option ends_options[];

/* Take the paths from the arguments, and check the options against them. false: reported. */
bool ends_choice_check(ends_choice *choice, const struct arguments *arguments);

typedef struct ends ends;

/*
 * By default the microphone is the first channel of its file, the far end all channels of its own,
 * or the second of two in the microphone's. NULL on failure, reported.
 */
ends *ends_open(const ends_choice *choice);

/*
 * Read n samples; as audio_reader_read. With one file, what comes with the samples of one end waits
 * in memory until it is read, too.
 */
bool ends_read_mic(ends *pair, float *samples, size_t n, size_t *got);
bool ends_read_far(ends *pair, float *samples, size_t n, size_t *got);
/* The same with all chosen channels, interleaved, where the other mixes them. */
bool ends_read_far_channels(ends *pair, float *samples, size_t n, size_t *got);
unsigned ends_far_channels(const ends *pair);

/* Whether both can be read again, and back to their start. false: failed, reported. */
bool ends_can_rewind(const ends *pair);
bool ends_rewind(ends *pair);

/* The files; both the same if there is only one. */
audio_reader *ends_mic_file(const ends *pair);
audio_reader *ends_far_file(const ends *pair);
bool ends_share_a_file(const ends *pair);

/* Hz. */
int ends_mic_rate(const ends *pair);
int ends_far_rate(const ends *pair);

/* Samples read at or beyond full scale, in the chosen channels. */
uint64_t ends_mic_clipped(const ends *pair);
uint64_t ends_far_clipped(const ends *pair);

/* Close and set *pair to NULL; *pair may be NULL. */
void ends_close(ends **pair);

#endif
