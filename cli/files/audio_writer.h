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
 * Start a mono file in output, which has been inspected and outlives the writer. raw: headerless in
 * that format; RAW_NONE: a sound file of the libsndfile format. rate in Hz and texts (title,
 * comment) are those of like. expected: samples that will come, -1 if unknown. NULL on failure,
 * reported.
 */
audio_writer *audio_writer_open(output_file *output, raw_format raw, int format,
                                const audio_reader *like, int64_t expected);

/* The same for a sound file with any number of channels, interleaved, and no texts. */
audio_writer *audio_writer_start(output_file *output, int format, int rate, unsigned channels);

/* Samples beyond what the format holds are clipped, in place too; n counts those of all channels.
 * false: failed, reported. */
bool audio_writer_write(audio_writer *writer, float *samples, size_t n);

/* Complete the file and put it in its place. false: failed, reported; nothing is in its place. */
bool audio_writer_finish(audio_writer *writer);

/* How many samples have been clipped. */
uint64_t audio_writer_clipped(const audio_writer *writer);

/* libsndfile's format, that of format_like_raw for headerless samples. */
int audio_writer_format(const audio_writer *writer);

/* Free and set *writer to NULL; *writer may be NULL. What is not finished is given up. */
void audio_writer_close(audio_writer **writer);

#endif
