/*
 * Mono audio at 16 kHz from a sound file or from headerless samples, in chunks. It does not know
 * what the samples are for.
 */
#ifndef UNECHO_TOOL_AUDIO_READER_H
#define UNECHO_TOOL_AUDIO_READER_H

#include "raw_pcm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct audio_reader audio_reader;

/*
 * Open path, "-" for standard input; raw: what headerless samples look like, RAW_NONE if there are
 * none. NULL on failure, which has been reported.
 */
audio_reader *audio_reader_open(const char *path, raw_format raw);

/*
 * Read n samples. *got < n means that the input has ended, for good; an input that turns out to be
 * shorter than it says is reported as a warning. false: reading failed, reported.
 */
bool audio_reader_read(audio_reader *reader, float *samples, size_t n, size_t *got);

/*
 * Whether there is more to read; takes a sample away where that is the only way to find out, and
 * does not wait for a pipe.
 */
bool audio_reader_has_more(audio_reader *reader);

/* Samples in all, -1 if only time will tell. */
int64_t audio_reader_length(const audio_reader *reader);

/* libsndfile's format; for headerless samples that of format_like_raw. */
int audio_reader_format(const audio_reader *reader);

/* Name for messages. */
const char *audio_reader_name(const audio_reader *reader);

/* What fstat says, to tell files apart. */
const struct stat *audio_reader_identity(const audio_reader *reader);

/* A text such as title or comment (SF_STR_*), NULL if there is none. */
const char *audio_reader_text(const audio_reader *reader, int kind);

/* Close and set *reader to NULL; *reader may be NULL. */
void audio_reader_close(audio_reader **reader);

#endif
