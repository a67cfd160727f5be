/*
 * Audio from a sound file or from headerless samples, in chunks. It does not know what the samples
 * are for.
 */
#ifndef UNECHO_CLI_AUDIO_READER_H
#define UNECHO_CLI_AUDIO_READER_H

#include "files/loaded.h"
#include "files/raw_pcm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

typedef struct audio_reader audio_reader;

/*
 * What the options say about an input. raw: the format of headerless samples, RAW_NONE if there are
 * none. rate (Hz) and channels are those of headerless samples, 0: 16 kHz, mono; a sound file that
 * differs from them is refused.
 */
typedef struct audio_layout {
    raw_format raw;
    unsigned rate, channels;
} audio_layout;

/*
 * Open path, "-" for standard input. Sample rate and channels are within the library's limits.
 * loaded: the file of this path, if it has been read, else NULL; must stay valid. NULL on failure,
 * reported.
 */
audio_reader *audio_reader_open(const char *path, const audio_layout *layout,
                                const struct loaded_file *loaded);

/*
 * Read n frames, channels interleaved. *got < n: the input has ended. Warns of an input that is
 * shorter than it states. false: failed, reported.
 */
bool audio_reader_read(audio_reader *reader, float *frames, size_t n, size_t *got);

/*
 * Whether there is more to read. Consumes a frame if that is the only way to find out; does not
 * wait for a pipe.
 */
bool audio_reader_has_more(audio_reader *reader);

/* Whether audio_reader_rewind works: a regular file of known length. */
bool audio_reader_can_rewind(const audio_reader *reader);

/* Back to where it was opened; what was reported is not reported again. false: failed, reported. */
bool audio_reader_rewind(audio_reader *reader);

/* Hz, and how many. */
int audio_reader_rate(const audio_reader *reader);
unsigned audio_reader_channels(const audio_reader *reader);

/* Frames in total; -1: unknown. */
int64_t audio_reader_length(const audio_reader *reader);

/* libsndfile's format; for headerless samples that of format_like_raw. */
int audio_reader_format(const audio_reader *reader);

/* Name for messages. */
const char *audio_reader_name(const audio_reader *reader);

/* The result of fstat, to tell files apart. */
const struct stat *audio_reader_identity(const audio_reader *reader);

/* A text such as title or comment (SF_STR_*), NULL if there is none. */
const char *audio_reader_text(const audio_reader *reader, int kind);

/* Close and set *reader to NULL; *reader may be NULL. */
void audio_reader_close(audio_reader **reader);

#endif
