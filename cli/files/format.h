/*
 * The container and sample format of a file, by the ending of its name and after the microphone's
 * file. It opens nothing.
 */
#ifndef UNECHO_CLI_FORMAT_H
#define UNECHO_CLI_FORMAT_H

#include "files/raw_pcm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The known endings, for messages. */
const char *format_known_endings(void);

/* Whether path has one of them. */
bool format_ending_is_known(const char *path);

/* Whether path is headerless: raw is given, and path is "-" or has no known ending. */
bool format_is_raw(const char *path, raw_format raw);

/*
 * The libsndfile format for an output: the container of path's ending, in the same variant as the
 * microphone's file if it is of that family, with its sample format if the container has it.
 * like: the libsndfile format of the microphone; rate in Hz. 0: libsndfile cannot write such a
 * file.
 */
int format_for_output(const char *path, int like, int rate, int channels);

/* The same for what is written without going back: WAV with 16-bit integers or floats. */
int format_for_pipe(int like);

/* Whether path has WAV's ending or no known one. */
bool format_fits_pipe(const char *path);

/* The libsndfile format nearest to headerless samples. */
int format_like_raw(raw_format raw);

/* Bits of linear PCM that the format rounds to; 0: it takes floats. */
int format_bits(int format);

/* The most samples for the container's 32-bit sizes; INT64_MAX: no such limit. */
int64_t format_most_samples(int format);

/* "flac, Signed 16 bit PCM" */
void format_describe(int format, char *text, size_t size);

#endif
