/*
 * Sound in the containers of video and phones, which libsndfile does not read: decoded by the
 * programs ffmpeg and ffprobe, where the machine has them.
 */
#ifndef UNECHO_CLI_MEDIA_H
#define UNECHO_CLI_MEDIA_H

#include <stdbool.h>

/* Whether the name has an ending of such a container. */
bool media_is_known(const char *path);

/*
 * Decode path into a temporary file without a name: AU, in floats. A file with several audio tracks
 * becomes one channel per track, each mixed to mono; of a single track the channels stay. Returns
 * the descriptor; -1: failed, reported.
 */
int media_decode(const char *path);

/* The length of path in seconds; 0: unknown. */
double media_seconds(const char *path);

#endif
