/*
 * Which container and sample coding a file gets: by the ending of its name, and after the
 * microphone's file. It opens nothing.
 */
#ifndef UNECHO_CLI_FORMAT_H
#define UNECHO_CLI_FORMAT_H

#include "files/raw_pcm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Endings of names that stand for a container, for messages. */
const char *format_known_endings(void);

/* Whether the ending of path's name is one of them. */
bool format_ending_is_known(const char *path);

/* Whether path is headerless: it is "-" or has no known ending, and raw is given. */
bool format_is_raw(const char *path, raw_format raw);

/*
 * The libsndfile format for an output: the container that path's ending says, in the microphone
 * file's own variety where that is the same family, with its coding where the container takes it.
 * like: the libsndfile format of the microphone; rate in Hz. 0 if libsndfile cannot write such a
 * file.
 */
int format_for_output(const char *path, int like, int rate);

/* The libsndfile format that comes nearest to headerless samples. */
int format_like_raw(raw_format raw);

/* Bits of linear PCM that the coding rounds to, 0 for codings that take floats. */
int format_bits(int format);

/* The most samples that fit the container's 32-bit sizes, INT64_MAX where there is no such limit.
 */
int64_t format_most_samples(int format);

/* "flac, Signed 16 bit PCM" */
void format_describe(int format, char *text, size_t size);

#endif
