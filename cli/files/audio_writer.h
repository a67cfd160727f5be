/*
 * Audio into a sound file or as headerless samples, in chunks. It does not know where the samples
 * come from.
 */
#ifndef UNECHO_CLI_AUDIO_WRITER_H
#define UNECHO_CLI_AUDIO_WRITER_H

#include "files/audio_reader.h"
#include "files/output_file.h"
#include "files/raw_pcm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct audio_writer audio_writer;

/*
 * Start a file in output, which has been inspected and outlives the writer. raw: headerless in that
 * format; RAW_NONE: a sound file in the libsndfile format, which for pipes is one of
 * format_for_pipe. Sample rate and texts (title, comment) are those of like. frames: how many are
 * expected, -1 if unknown. NULL on failure, reported.
 */
audio_writer *audio_writer_open(output_file *output, raw_format raw, int format, unsigned channels,
                                const audio_reader *like, int64_t frames);

/* The same for a sound file of its own rate and without texts. */
audio_writer *audio_writer_start(output_file *output, int format, int rate, unsigned channels);

/* Write n samples, counting all channels. Clips those that the format cannot hold, also in samples.
 * false: failed, reported. */
bool audio_writer_write(audio_writer *writer, float *samples, size_t n);

/* Complete the file and put it in its place. false: failed, reported; nothing was put there. */
bool audio_writer_finish(audio_writer *writer);

/* The number of clipped samples. */
uint64_t audio_writer_clipped(const audio_writer *writer);

/* libsndfile's format, that of format_like_raw for headerless samples. */
int audio_writer_format(const audio_writer *writer);

/* Free and set *writer to NULL; *writer may be NULL. Discards an unfinished file. */
void audio_writer_close(audio_writer **writer);

#endif
